"""Which container of a pod a request for logs, exec or attach is about, and in what state it is.

Rules and words of `validateContainer`, `streamLocation` and `LogLocation` in kubernetes' pkg/registry/core/pod, and,
for what the node's kubelet would say, of pkg/kubelet. Used by `running` and `logs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backends.fake import statuses
from backends.fake.call import Call
from backends.fake.registry import Registry
from backends.fake.store import Key

Obj = dict[str, Any]
_KINDS: Final = ("initContainers", "containers", "ephemeralContainers")
"""In the order in which podutil.VisitContainers goes."""
_STATUSES: Final = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_CANNOT_PULL: Final = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def container_of(pod: Obj, asked: str) -> str:
    """The container that is meant: the asked one, or the only one. Raises `ApiError` 400."""
    name = pod["metadata"]["name"]
    names = [one["name"] for kind in _KINDS for one in pod["spec"].get(kind) or []]
    if asked:
        if asked not in names:
            raise statuses.bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    plain = pod["spec"]["containers"]
    if len(plain) == 1:
        return str(plain[0]["name"])
    raise statuses.bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")


def check_node(registry: Registry, pod: Obj) -> bool:
    """Whether the pod has a node; raises `ApiError` 404 for one that is not there."""
    node = pod["spec"].get("nodeName")
    if node and registry.store.get(Key("", "nodes", "", node)) is None:
        raise statuses.not_found("nodes", node)
    return bool(node)


def find_pod(registry: Registry, call: Call) -> Obj:
    """The pod that the request names. Raises `ApiError` 404."""
    entry = registry.find(registry.pods, call.route.namespace, call.route.name)
    call.uid = entry.uid
    return entry.load()


def status_of(pod: Obj, container: str) -> Obj | None:
    """The status of one container; None while its kubelet has said nothing."""
    found = (one for kind in _STATUSES for one in (pod.get("status") or {}).get(kind) or [])
    return next((one for one in found if one["name"] == container), None)


def running_id(pod: Obj, container: str) -> str | None:
    """The ID of the container as it runs; None: it does not."""
    status = status_of(pod, container)
    if status is None or "running" not in (status.get("state") or {}):
        return None
    return str(status.get("containerID", ""))


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a container, for its log; `ended` is None while it runs."""

    started: datetime
    ended: datetime | None


def life_of(pod: Obj, container: str, *, previous: bool) -> Life:
    """The run whose log is meant (kubelet's validateContainerLogStatus). Raises `ApiError` 400."""
    name = pod["metadata"]["name"]
    what = f'container "{container}" in pod "{name}"'
    status = status_of(pod, container)
    if status is None:
        raise statuses.bad_request(f"{what} is not available")
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    if previous:
        if not last:
            raise statuses.bad_request(f"previous terminated {what} not found")
        return _life(last)
    for ran in (state.get("running"), state.get("terminated"), last):
        if ran:
            return _life(ran)
    reason = (state.get("waiting") or {}).get("reason")
    why = f": {_CANNOT_PULL.get(reason, reason)}" if reason else " - no logs yet"
    raise statuses.bad_request(f"{what} is waiting to start{why}")


def _life(state: Obj) -> Life:
    started, *ended = _times(state)
    return Life(started, ended[0] if ended else None)


def _times(state: Obj) -> Iterator[datetime]:
    yield datetime.fromisoformat(state["startedAt"])
    if state.get("finishedAt"):
        yield datetime.fromisoformat(state["finishedAt"])
