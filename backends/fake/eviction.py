"""Eviction: a DELETE of a pod that asks the PodDisruptionBudgets first.

Called by `subresources`. From pkg/registry/core/pod/storage/eviction.go, function for function, with what surprises in
it: the budget is asked before the preconditions, and an eviction that fails afterwards has spent its share. The options
of the deletion are looked at last, by the deletion itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backends.fake import metadata, options, selectors, statuses
from backends.fake.admission.attributes import CREATE, Attributes
from backends.fake.bodies import read_eviction
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.messages import Response
from backends.fake.reading import json_response
from backends.fake.registry import DeleteOptions, Registry
from backends.fake.store import Entry, Key
from backends.fake.writing import check_namespace
from backends.kubelet.pods import with_condition

Obj = dict[str, Any]

MAX_DISRUPTED_PODS = 2000
VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
STILL_PROCESSING_RETRY_S = 10
EVICTED = b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}'


def evict(registry: Registry, call: Call) -> Response:
    """POST of an Eviction. Raises `ApiError` 400, 404, 409, 422, 429, 500."""
    route, pods = call.route, call.served
    options.check_write(call, "CreateOptions")
    body = read_eviction(call)
    check_namespace(pods, body, route.namespace)
    if (body["metadata"].get("name") or "") != route.name:
        raise statuses.bad_request("name in URL does not match name in Eviction object")
    dry_run = call.dry_run
    how = body.get("deleteOptions") or {}
    asked = options.delete_options(call, how)
    asked.dry_run = call.dry_run = asked.dry_run or dry_run
    write = Attributes(CREATE, pods, route.namespace, body, None, call, subresource="eviction", dry_run=asked.dry_run)
    registry.admission.mutate(write)
    registry.admission.validate(write)
    entry = registry.find(pods, route.namespace, route.name)
    pod = entry.load()
    if not _needs_no_budget(pod):
        _ask_budgets(registry, pod, dry_run=asked.dry_run)
    registry.check_preconditions(pods, route.name, entry, asked)
    if not asked.dry_run:
        _announce(registry, pods, entry)
    options.check_delete(how)
    deleted = registry.delete(pods, route.namespace, route.name, _without_version(asked))
    call.uid = deleted.entry.uid
    return json_response(201, EVICTED)


def _without_version(asked: DeleteOptions) -> DeleteOptions:
    """The announcement was an update of ours: the version has been checked before it."""
    asked.resource_version = None
    return asked


def _needs_no_budget(pod: Obj) -> bool:
    """A pod that is finished, never ran or is already going away serves nobody (canIgnorePDB)."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _ask_budgets(registry: Registry, pod: Obj, *, dry_run: bool) -> None:
    budgets = _budgets_of(registry, pod)
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise statuses.ApiError(500, "", text)
    if not budgets:
        return
    entry, budget = budgets[0]
    if not _is_ready(pod) and _unready_may_go(budget):
        return
    spend(budget, pod["metadata"]["name"], registry.clock.wall())
    if not dry_run:
        registry.update(entry.resource, entry.key.namespace, entry.key.name, lambda _: budget, subresource="status")


def _budgets_of(registry: Registry, pod: Obj) -> list[tuple[Entry, Obj]]:
    found = []
    labels = pod["metadata"].get("labels") or {}
    for entry in registry.store.list("policy", "poddisruptionbudgets", pod["metadata"]["namespace"]):
        budget = entry.load()
        selector = selectors.labels_of((budget.get("spec") or {}).get("selector"))
        if selector is not None and selector(labels):
            found.append((entry, budget))
    return found


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _unready_may_go(budget: Obj) -> bool:
    """An unready pod may go if the policy says always, or if enough others are healthy."""
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(0 < status.get("desiredHealthy", 0) <= status.get("currentHealthy", 0))


def spend(budget: Obj, pod: str, now: datetime) -> None:
    """Take one disruption from a budget, in place (checkAndDecrement). Raises `ApiError` 403, 429."""
    status, name = budget.setdefault("status", {}), budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _too_many(
            f"The disruption budget {name} is still being processed by the server.", STILL_PROCESSING_RETRY_S
        )
    allowed, disrupted = status.get("disruptionsAllowed", 0), status.get("disruptedPods") or {}
    if allowed < 0:
        raise statuses.forbidden("poddisruptionbudget", name, "", "pdb disruptions allowed is negative")
    if len(disrupted) > MAX_DISRUPTED_PODS:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise statuses.forbidden("poddisruptionbudget", name, "", why)
    if allowed == 0:
        healthy, needed = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        raise _too_many(f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently", 0)
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**disrupted, pod: metadata.timestamp(now)}
    if allowed == 1:  # UpdateDisruptionAllowedCondition
        condition = {
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": "InsufficientPods",
            "message": "",
            "observedGeneration": status.get("observedGeneration", 0),
        }
        status["conditions"] = with_condition(status.get("conditions"), condition, now)


def _too_many(why: str, retry_after_s: int) -> statuses.ApiError:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    headers = {}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
        headers["Retry-After"] = str(retry_after_s)
    error = statuses.too_many_requests(VIOLATES, details)
    error.headers = headers
    return error


def _announce(registry: Registry, pods: Resource, entry: Entry) -> None:
    """The condition that tells why the pod goes (DisruptionTarget)."""
    at = metadata.timestamp(registry.clock.wall())

    def mark(pod: Obj) -> Obj:
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": at,
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        }
        status = pod.get("status") or {}
        held = status.get("conditions") or []
        if any(one.get("type") == "DisruptionTarget" and one.get("status") == "True" for one in held):
            return {**pod, "metadata": {**pod["metadata"]}}
        conditions = [*(one for one in held if one.get("type") != "DisruptionTarget"), condition]
        return {**pod, "metadata": {**pod["metadata"]}, "status": {**status, "conditions": conditions}}

    key: Key = entry.key
    registry.update(pods, key.namespace, key.name, mark, subresource="status", prepare=lambda new, _: new)
