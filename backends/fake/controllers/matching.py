"""Node selectors, taints and tolerations: which pod may be on which node.

Used by the scheduler and by the DaemonSet controller. Pure. It takes objects as the API server has validated them, so
an operator that it does not know is a programming error and raises `KeyError`. Label selectors are
`backends.fake.selectors`. Rules: kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node and
.../taint-and-toleration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.fake.selectors import Requirement
from backends.kubelet.pods import Object

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!exists", "Gt": ">", "Lt": "<"}


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
        Requirement(one["key"], _OPERATORS[one["operator"]], frozenset(one.get("values") or ())).holds(values)
        for one in expressions or ()
    )


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
