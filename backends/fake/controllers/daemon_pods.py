"""Where the pods of a DaemonSet belong, what they look like, and which of them are replaced. Pure.

Used by the DaemonSet controller (daemonset.py). Rules: pkg/controller/daemon/{daemon_controller,update}.go and util;
the documentation lists the tolerations (kubernetes.io/docs/concepts/workloads/controllers/daemonset).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from backends.fake.controllers.kinds import DAEMON_SETS
from backends.fake.controllers.templates import pod_from, scaled
from backends.kubelet import pods
from backends.kubelet.placement import fits_node, untolerated
from backends.kubelet.pods import Object

HASH: Final = "controller-revision-hash"
GENERATION_LABEL: Final = "pod-template-generation"
GENERATION: Final = "deprecated.daemonset.template.generation"

_TOLERATED: Final = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)
_BLOCKING: Final = ("NoSchedule", "NoExecute")

OnNodes = Mapping[str, Sequence[Object]]
"""The pods of a DaemonSet by the node that they are for."""


class Fit(NamedTuple):
    """What a DaemonSet wants of one node: whether a pod is to be put there, and whether one that is there may stay."""

    run: bool
    stay: bool


@dataclass(slots=True)
class Changes:
    """Pods to delete, and nodes that get a new one (a node may come twice in a surge, never within one rule)."""

    delete: list[Object] = field(default_factory=list)
    create_on: list[str] = field(default_factory=list)


# ---- one pod


def tolerations(template_spec: Object) -> list[Object]:
    """The template's own, and those that every daemon has."""
    found: list[Object] = list(template_spec.get("tolerations") or ())
    wanted = [*_TOLERATED, *((("network-unavailable", "NoSchedule"),) if template_spec.get("hostNetwork") else ())]
    for key, effect in wanted:
        new = {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
        if new not in found:
            found.append(new)
    return found


def generation(daemon_set: Object) -> str | None:
    """The number of its template, as the API server keeps it in an annotation."""
    number: str | None = (daemon_set["metadata"].get("annotations") or {}).get(GENERATION)
    return number


def pod_for(daemon_set: Object, node: str, digest: str) -> Object:
    """A new pod for `node`; the scheduler puts it there because its affinity leaves no choice."""
    pod = pod_from(daemon_set["spec"]["template"], DAEMON_SETS, daemon_set)
    labels = {**(pod["metadata"].get("labels") or {}), HASH: digest}
    if (number := generation(daemon_set)) is not None:
        labels[GENERATION_LABEL] = number
    pod["metadata"]["labels"] = labels
    spec = pod["spec"]
    spec["tolerations"] = tolerations(spec)
    only = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = dict(spec.get("affinity") or {})
    # The template's own terms are replaced: that the node satisfies them has been checked by `fit`.
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [only]},
    }
    spec["affinity"] = affinity
    return pod


def target_node(pod: Object) -> str:
    """The node that a daemon is on, or is for; an empty string if that cannot be told."""
    if bound := pods.node_of(pod):
        return bound
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field_ in term.get("matchFields") or ():
            if field_["key"] == "metadata.name" and field_["operator"] == "In" and len(field_["values"]) == 1:
                name: str = field_["values"][0]
                return name
    return ""


def by_node(daemons: Iterable[Object]) -> dict[str, list[Object]]:
    """The pods by node, the bound and old ones of each first. Pods that are for no node are left out."""
    found: dict[str, list[Object]] = {}
    for pod in sorted(daemons, key=_age):
        if node := target_node(pod):
            found.setdefault(node, []).append(pod)
    return found


def _age(pod: Object) -> tuple[bool, str, str]:
    metadata = pod["metadata"]
    return not pods.node_of(pod), metadata.get("creationTimestamp", ""), metadata["name"]


def is_updated(daemon_set: Object, pod: Object, digest: str) -> bool:
    """Whether the pod was made of the present template."""
    labels = pod["metadata"].get("labels") or {}
    number = generation(daemon_set)
    return labels.get(HASH) == digest or (number is not None and labels.get(GENERATION_LABEL) == number)


# ---- one node


def fit(daemon_set: Object, node: Object) -> Fit:
    """What the DaemonSet wants of the node (`NodeShouldRunDaemonPod`)."""
    spec = daemon_set["spec"]["template"]["spec"]
    if spec.get("nodeName") not in (None, "", node["metadata"]["name"]) or not fits_node(spec, node):
        return Fit(run=False, stay=False)
    accepted = tolerations(spec)
    if untolerated(node, accepted, _BLOCKING) is None:
        return Fit(run=True, stay=True)
    return Fit(run=False, stay=untolerated(node, accepted, ("NoExecute",)) is None)


def surge(daemon_set: Object, desired: int) -> int:
    """How many nodes may have two pods during an update."""
    limits = _limits(daemon_set)
    return scaled(limits.get("maxSurge", 0), desired, round_up=True)


def max_unavailable(daemon_set: Object, desired: int) -> int:
    """How many nodes may be without an available pod during an update; 1 where both limits come to nothing."""
    count = scaled(_limits(daemon_set).get("maxUnavailable", 1), desired, round_up=True)
    return 1 if desired > 0 and not count and not surge(daemon_set, desired) else count


def is_rolling(daemon_set: Object) -> bool:
    """Whether pods of an old template are replaced by themselves."""
    return bool((daemon_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def _limits(daemon_set: Object) -> Object:
    if not is_rolling(daemon_set):
        return {}
    found: Object = (daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return found


def crowded(
    daemon_set: Object, running: Sequence[Object], digest: str, available: Callable[[Object], bool]
) -> list[Object]:
    """Which of the pods that run on one node (bound and old ones first) are too many."""
    if len(running) <= 1:
        return []
    if not surge(daemon_set, 1):
        return list(running[1:])
    new = [pod for pod in running if (pod["metadata"].get("labels") or {}).get(HASH) == digest]
    old = [pod for pod in running if pod not in new]
    extra = [*new[1:], *old[1:]]
    if new and old and (not pods.is_ready(old[0]) or available(new[0])):
        extra.append(old[0])
    return extra


# ---- all nodes


def replaced(
    daemon_set: Object, on_nodes: OnNodes, desired_on: Sequence[str], digest: str, available: Callable[[Object], bool]
) -> Changes:
    """One round of a rolling update: which old pods go, and where new ones surge (`rollingUpdate`).

    `desired_on` names the nodes that are to have a pod.
    """
    nodes = {**dict.fromkeys(desired_on, ()), **on_nodes}
    if allowed := surge(daemon_set, len(desired_on)):
        return _surged(daemon_set, nodes, digest, available, allowed)
    return _in_place(daemon_set, nodes, digest, available, max_unavailable(daemon_set, len(desired_on)))


def _in_place(
    daemon_set: Object, nodes: OnNodes, digest: str, available: Callable[[Object], bool], allowed: int
) -> Changes:
    """Old pods that are not available go anyhow, others as long as enough stay available."""
    unavailable, must, may = 0, list[Object](), list[Object]()
    for name in sorted(nodes):
        new, old = _pair(daemon_set, nodes[name], digest)
        if len(new) + len(old) != 1:
            unavailable += 1  # creating or tidying up is under way
        elif new:
            unavailable += not available(new[0])
        elif not available(old[0]):
            must.append(old[0])
        else:
            may.append(old[0])
    return Changes(delete=[*must, *may[: max(0, allowed - unavailable)]])


def _surged(
    daemon_set: Object, nodes: OnNodes, digest: str, available: Callable[[Object], bool], allowed: int
) -> Changes:
    """New pods come beside the old ones, which go when the new ones are available."""
    changes, surging, may = Changes(), 0, list[str]()
    for name in sorted(nodes):
        new, old = _pair(daemon_set, nodes[name], digest)
        if len(new) > 1 or len(old) > 1:
            surging += 1
        elif old and not new:
            (may if available(old[0]) else changes.create_on).append(name)
        elif old:
            if available(new[0]):
                changes.delete.append(old[0])
            else:
                surging += 1
    changes.create_on += may[: max(0, allowed - surging)]
    return changes


def _pair(daemon_set: Object, daemons: Iterable[Object], digest: str) -> tuple[list[Object], list[Object]]:
    """The pods of one node that are not on their way out: those of the present template, and the others."""
    living = [pod for pod in daemons if not pods.is_terminating(pod)]
    new = [pod for pod in living if is_updated(daemon_set, pod, digest)]
    return new, [pod for pod in living if pod not in new]
