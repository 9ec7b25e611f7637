"""Which pod may be on which node: node selectors, affinity, taints and tolerations, room for one more.

Used by the in-memory cluster's scheduler and DaemonSet controller, and by `machines` under a bare API server. Pure. It
takes objects as the API server has validated them, so an operator that it does not know is a programming error and
raises `KeyError`. Rules: kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node and .../taint-and-toleration;
the words are kube-scheduler's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import nan

from backends.kubelet import pods
from backends.kubelet.pods import Object

SCHEDULER = "default-scheduler"
"""Whose pods are placed here: those that ask for no other scheduler."""
MOST_PODS = 110
"""How many pods a node takes that does not say (the kubelet's default)."""

FULL = "Too many pods"
_NO_HELP = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"
_BLOCKING = ("NoSchedule", "NoExecute")
_CORDON = {"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}}


def refusal(pod: Object, node: Object, pods_there: int) -> str:
    """Why the pod cannot go to the node, which has `pods_there` pods, in kube-scheduler's words; "" when it can."""
    tolerations = pod["spec"].get("tolerations")
    if node.get("spec", {}).get("unschedulable") and untolerated(_CORDON, tolerations, _BLOCKING):
        return "node(s) were unschedulable"
    if (taint := untolerated(node, tolerations, _BLOCKING)) is not None:
        return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    if not fits_node(pod["spec"], node):
        return "node(s) didn't match Pod's node affinity/selector"
    room = int((node.get("status", {}).get("allocatable") or {}).get("pods", MOST_PODS))
    return FULL if pods_there >= room else ""


def why_not(refusals: Iterable[str], *, at_all: str = "") -> str:
    """Why no node takes a pod: each refused it for its reason, or for one that has to do with none (`at_all`)."""
    counted = Counter(refusals)
    if not counted:
        return "no nodes available to schedule pods"
    none = f"0/{counted.total()} nodes are available:"
    # Nobody is preempted here; this is what the scheduler says when that would not help, or finds no victims.
    helpless = Counter({_NO_VICTIMS: counted[FULL], _NO_HELP: counted.total() - counted[FULL]})
    preemption = f"no new claims to deallocate, preemption: {none} {_listed(helpless)}."
    return f"{none} {at_all or _listed(counted)}. {preemption}"


def _listed(counted: Counter[str]) -> str:
    return ", ".join(sorted(f"{number} {reason}" for reason, number in counted.items() if number))


def unschedulable(pod: Object, text: str, now: datetime) -> Object | None:
    """The pod's status when no node takes it, and `text` says why; None when it says so already."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
    before = pods.pod_condition(pod, "PodScheduled")
    if before is not None and before.get("message") == text:
        return None
    status: Object = pod.get("status") or {}
    conditions = pods.with_condition(status.get("conditions"), {"lastProbeTime": None, **condition}, now)
    return {**status, "conditions": conditions}


def fits_node(pod_spec: Object, node: Object) -> bool:
    """Whether the node has what the pod's nodeSelector and required node affinity ask for.

    The terms of an affinity are alternatives; within a term, everything holds. A term without content matches no node.
    """
    labels = node["metadata"].get("labels") or {}
    if not (pod_spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (pod_spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(_term(term, labels, fields) for term in required.get("nodeSelectorTerms") or ())


def _term(term: Object, labels: Mapping[str, str], fields: Mapping[str, str]) -> bool:
    expressions, match_fields = term.get("matchExpressions"), term.get("matchFields")
    if not expressions and not match_fields:
        return False
    return _all(expressions, labels) and _all(match_fields, fields)


def _all(expressions: Iterable[Object] | None, values: Mapping[str, str]) -> bool:
    return all(
        _OPERATORS[one["operator"]](values.get(one["key"]), one.get("values") or ()) for one in expressions or ()
    )


def _number(text: str | None) -> float:
    """Not a number compares as false with everything, as what is no integer must."""
    try:
        return int(text or "-")
    except ValueError:
        return nan


_OPERATORS: Mapping[str, Callable[[str | None, Sequence[str]], bool]] = {
    "In": lambda value, values: value is not None and value in values,
    "NotIn": lambda value, values: value is None or value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
    "Gt": lambda value, values: _number(value) > _number(values[0]),
    "Lt": lambda value, values: _number(value) < _number(values[0]),
}


def untolerated(node: Object, tolerations: Iterable[Object] | None, effects: Iterable[str]) -> Object | None:
    """The first taint of the node with one of these effects that no toleration covers, or None."""
    wanted, accepted = tuple(effects), tuple(tolerations or ())
    for taint in node.get("spec", {}).get("taints") or ():
        if taint["effect"] in wanted and not any(tolerates(one, taint) for one in accepted):
            found: Object = taint
            return found
    return None


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether this toleration covers this taint; an empty key with Exists covers all, an empty effect every effect."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")
