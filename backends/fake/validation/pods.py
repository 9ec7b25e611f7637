"""The rules of Pods and pod templates.

Rules: `ValidatePodCreate`, `ValidatePodUpdate`, `ValidatePodTemplateSpec` in pkg/apis/core/validation/validation.go.

Not looked into: resource claims, Windows options, and security options beyond users and privileges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake.schema.recent import Recent
from backends.fake.validation import causes, containers, differences, metadata, placement, pod_options
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import (
    label_1123_errors,
    subdomain_1123_errors,
)
from backends.fake.validation.volumes import volumes

Obj = dict[str, Any]

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MOST_SECONDS = 2**31 - 1
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def create(obj: Obj) -> list[Cause]:
    """What is wrong with a new Pod's spec."""
    given = obj["spec"]
    found = spec(given, "spec")
    if given.get("ephemeralContainers"):
        found.append(causes.forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if given.get("nodeName") and given.get("schedulingGates"):
        found.append(causes.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    return found


def template(given: Obj, path: str) -> list[Cause]:
    """What is wrong with the template of a workload."""
    found = template_metadata(given, path) + spec(given["spec"], f"{path}.spec")
    if given["spec"].get("ephemeralContainers"):
        found.append(
            causes.forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")
        )
    return found


def template_metadata(given: Obj, path: str) -> list[Cause]:
    """What is wrong with a template's labels and annotations; their paths go without `metadata`, as the server's do."""
    meta = given.get("metadata") or {}
    found = metadata.label_causes(meta.get("labels") or {}, f"{path}.labels")
    return found + metadata.annotation_causes(meta.get("annotations") or {}, f"{path}.annotations")


_sound: Recent[bool] = Recent(256)
"""Specs in which nothing was wrong: wherever they come again, nothing is."""


def spec(given: Obj, path: str) -> list[Cause]:
    """What is wrong with a pod's spec, in the server's order."""
    key = orjson.dumps(given)
    if _sound.get(key):
        return []
    found = _spec(given, path)
    if not found:
        _sound.keep(key, True)
    return found


def _spec(given: Obj, path: str) -> list[Cause]:
    names, found = volumes(f"{path}.volumes", given.get("volumes") or [])
    regulars = given.get("containers") or []
    found += containers.regular(f"{path}.containers", regulars, names)
    found += containers.initial(f"{path}.initContainers", given.get("initContainers") or [], regulars, names)
    if given.get("ephemeralContainers"):
        found += containers.ephemeral(f"{path}.ephemeralContainers", given["ephemeralContainers"], given)
    if given.get("hostNetwork"):
        found += containers.host_network(f"{path}.containers", regulars)
    if given.get("restartPolicy") not in _RESTART_POLICIES:
        found.append(_unsupported(f"{path}.restartPolicy", given.get("restartPolicy"), _RESTART_POLICIES))
    if given.get("dnsPolicy") not in _DNS_POLICIES:
        found.append(_unsupported(f"{path}.dnsPolicy", given.get("dnsPolicy"), _DNS_POLICIES))
    if given.get("nodeSelector"):
        found += metadata.label_causes(given["nodeSelector"], f"{path}.nodeSelector")
    if given.get("affinity"):
        found += placement.affinity(given["affinity"], f"{path}.affinity")
    found += pod_options.options(given, path)
    if given.get("topologySpreadConstraints"):
        found += placement.topology_spread(given["topologySpreadConstraints"], f"{path}.topologySpreadConstraints")
    return found + _late(given, path)


def _late(given: Obj, path: str) -> list[Cause]:
    """What the server looks at last."""
    found = _names(given, path)
    deadline = given.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MOST_SECONDS:
        text = f"must be between 1 and {_MOST_SECONDS}, inclusive"
        found.append(causes.invalid(f"{path}.activeDeadlineSeconds", deadline, text))
    for member in ("hostname", "subdomain"):
        if given.get(member):
            texts = label_1123_errors(given[member])
            found += [causes.invalid(f"{path}.{member}", given[member], text) for text in texts]
    if given.get("tolerations"):
        found += placement.tolerations(given["tolerations"], f"{path}.tolerations")
    if given.get("priorityClassName"):
        texts = subdomain_1123_errors(given["priorityClassName"])
        found += [causes.invalid(f"{path}.priorityClassName", given["priorityClassName"], text) for text in texts]
    return found + pod_options.late_options(given, path)


def _names(given: Mapping[str, Any], path: str) -> list[Cause]:
    return [
        causes.invalid(f"{path}.{member}", given[member], text)
        for member in ("serviceAccountName", "nodeName")
        if given.get(member)
        for text in subdomain_1123_errors(given[member])
    ]


def _unsupported(path: str, value: str | None, allowed: tuple[str, ...]) -> Cause:
    return causes.not_supported(path, value or "", allowed)


def update(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a change of a Pod's spec: only images, a shorter deadline and more tolerations are allowed."""
    have, want = old["spec"], new["spec"]
    if want == have:
        return []
    found = spec(want, "spec")
    for member in ("containers", "initContainers"):
        if len(want.get(member) or ()) != len(have.get(member) or ()):
            found.append(causes.forbidden(f"spec.{member}", "pod updates may not add or remove containers"))
            return found
    shorter = _deadline(want.get("activeDeadlineSeconds"), have.get("activeDeadlineSeconds"))
    if shorter:
        return found + shorter
    found += _added_tolerations(want.get("tolerations") or [], have.get("tolerations") or [])
    munged = _munged(want, have)
    if munged != have:
        text = f"pod updates may not change fields other than {_UPDATABLE}\n{differences.pod_specs(have, munged)}"
        found.append(causes.forbidden("spec", text))
    return found


def _deadline(want: int | None, have: int | None) -> list[Cause]:
    path = "spec.activeDeadlineSeconds"
    if want is None:
        text = "must not update from a positive integer to nil value"
        return [] if have is None else [causes.invalid(path, None, text)]
    if have is not None and have < want:
        return [causes.invalid(path, want, "must be less than or equal to previous value")]
    return []


def _added_tolerations(want: list[Obj], have: list[Obj]) -> list[Cause]:
    def bare(toleration: Obj) -> Obj:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [bare(toleration) for toleration in want]
    if all(bare(toleration) in kept for toleration in have):
        return []
    return [
        causes.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
    ]


def _munged(want: Obj, have: Obj) -> Obj:
    """`want` with what may change put back to what it was, in `have`'s terms."""
    munged = dict(want)
    for member in ("containers", "initContainers"):
        if member in want:
            pairs = zip(want[member], have[member], strict=True)
            munged[member] = [{**container, "image": before.get("image")} for container, before in pairs]
    for member in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        munged.pop(member, None)
        if member in have:
            munged[member] = have[member]
    if have.get("terminationGracePeriodSeconds", 0) < 0 and want.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = have["terminationGracePeriodSeconds"]
    return munged


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a change of a Pod's status."""
    found: list[Cause] = []
    if new["spec"].get("nodeName") != old["spec"].get("nodeName"):
        found.append(causes.forbidden("spec.nodeName", "may not be changed directly"))
    nominated = (new.get("status") or {}).get("nominatedNodeName")
    if nominated:
        path = "status.nominatedNodeName"
        found += [causes.invalid(path, nominated, text) for text in subdomain_1123_errors(nominated)]
    return found
