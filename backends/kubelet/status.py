"""How each stage of a pod's life looks in its status: the kubelet's side of `PodStatus`, release 1.34.

Called by `Kubelet` alone. Pure: takes the object, returns a new `status`. Ids of containers and images are hashes of
what they belong to, so that the same run gives the same bytes.
Rules: the kubelet's `generateAPIPodStatus` and status manager; conditions and reasons as kubectl shows them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import stamp
from backends.kubelet.stages import CREATING, ERR_IMAGE_PULL, IMAGE_BACK_OFF, INITIALIZING, Effect

CONDITION_ORDER = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pod runs: the node's address, and the pod's own."""

    host_ip: str
    pod_ip: str


@dataclass(frozen=True, slots=True)
class How:
    """What else an effect needs: the code of containers that exit or stop, why others cannot be started."""

    exit_code: int = 0
    stuck: str = ""
    why: Mapping[str, str] = field(default_factory=dict)
    """By container, what keeps it from being created; where it is not empty, the others are not stuck."""


def after(effect: Effect, pod: Object, place: Place, how: How, now: datetime) -> Object:
    """The pod's whole status once `effect` has happened.

    Raises `ValueError` for `Effect.REMOVE`, which is no status.
    """
    if effect is Effect.START:
        return _started(pod, place, how, now)
    if effect is Effect.RUN:
        return _running(pod, place, now)
    if effect is Effect.DEBUG:
        return _debugged(pod, place, now)
    if effect is Effect.EXIT:
        return _exited(pod, place, how.exit_code, now)
    if effect is Effect.BACK_OFF:
        return _started(pod, place, How(stuck=IMAGE_BACK_OFF), now)
    if effect is Effect.UNREADY:
        return _conditions(pod, dict(pod["status"]), ready=False, reason="ContainersNotReady", now=now)
    if effect is Effect.STOP:
        return _ended(pod, place, how.exit_code, now)
    raise ValueError(f"{effect} is not a status")


def _base(pod: Object, place: Place, now: datetime) -> Object:
    status = dict(pod.get("status", {}))
    status.setdefault("startTime", stamp(now))
    status["hostIP"] = place.host_ip
    status["hostIPs"] = [{"ip": place.host_ip}]
    if generation := pod["metadata"].get("generation"):
        status["observedGeneration"] = generation
    return status


def _started(pod: Object, place: Place, how: How, now: datetime) -> Object:
    """Containers wait: to be created, or because they cannot be."""
    status = _base(pod, place, now)
    status["phase"] = "Pending"
    status["containerStatuses"] = [
        _container(pod, spec, 0, {"waiting": _wait(how, spec)}, ready=False) for spec in _containers(pod)
    ]
    if inits := _inits(pod):
        waiting_init = {"waiting": {"reason": INITIALIZING}}
        status["initContainerStatuses"] = [_container(pod, spec, 0, waiting_init, ready=False) for spec in inits]
    return _conditions(pod, status, ready=False, reason="ContainersNotReady", now=now)


def _wait(how: How, spec: Object) -> Object:
    """The waiting state, in the words of the kubelet where it has fixed ones."""
    stuck = how.stuck
    if not stuck or (how.why and spec["name"] not in how.why):
        return {"reason": CREATING}
    if how.why:
        return {"reason": stuck, "message": how.why[spec["name"]]}
    image = spec.get("image", "")
    messages = {
        ERR_IMAGE_PULL: f'failed to pull and unpack image "{image}": not found',
        IMAGE_BACK_OFF: f'Back-off pulling image "{image}"',
        "InvalidImageName": f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}"',
    }
    return {"reason": stuck, **({"message": messages[stuck]} if stuck in messages else {})}


def _running(pod: Object, place: Place, now: datetime) -> Object:
    status = _base(pod, place, now)
    old = _old_statuses(pod)
    running = {"running": {"startedAt": stamp(now)}}
    status["phase"] = "Running"
    status["podIP"] = place.pod_ip
    status["podIPs"] = [{"ip": place.pod_ip}]
    status["containerStatuses"] = [
        _container(pod, spec, _restarts(old, spec), _kept(old, spec, running), ready=True, last=_last(old, spec))
        for spec in _containers(pod)
    ]
    if inits := _inits(pod):
        status["initContainerStatuses"] = [_initialised(pod, spec, running, now) for spec in inits]
    return _conditions(pod, status, ready=True, reason=None, now=now)


def _debugged(pod: Object, place: Place, now: datetime) -> Object:
    """What somebody has added to look around in the pod runs now; it is not among what makes the pod Ready."""
    status = _base(pod, place, now)
    new = pods.unstarted_debuggers(pod)
    running = {"running": {"startedAt": stamp(now)}}
    status["ephemeralContainerStatuses"] = [
        *(status.get("ephemeralContainerStatuses") or ()),
        *(_container(pod, spec, 0, running, ready=False) for spec in _debuggers(pod) if spec["name"] in new),
    ]
    return status


def _exited(pod: Object, place: Place, exit_code: int, now: datetime) -> Object:
    """The containers exited by themselves: the pod is over, or they wait for their restart."""
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" or (policy == "OnFailure" and exit_code == 0):
        return _ended(pod, place, exit_code, now)
    status = _base(pod, place, now)
    old = _old_statuses(pod)
    status["containerStatuses"] = [
        _container(
            pod,
            spec,
            _restarts(old, spec) + 1,
            {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}},
            ready=False,
            last=_terminated(pod, spec, old, exit_code, now),
        )
        for spec in _containers(pod)
    ]
    return _conditions(pod, status, ready=False, reason="ContainersNotReady", now=now)


def _ended(pod: Object, place: Place, exit_code: int, now: datetime) -> Object:
    status = _base(pod, place, now)
    old = _old_statuses(pod)
    status["phase"] = "Failed" if exit_code else "Succeeded"
    status["containerStatuses"] = [
        _container(
            pod, spec, _restarts(old, spec), _terminated(pod, spec, old, exit_code, now), ready=False, started=False
        )
        for spec in _containers(pod)
    ]
    if status.get("ephemeralContainerStatuses"):
        gone = {one["name"]: one for one in status["ephemeralContainerStatuses"]}
        status["ephemeralContainerStatuses"] = [
            _container(pod, spec, 0, _terminated(pod, spec, gone, exit_code, now), ready=False)
            for spec in _debuggers(pod)
        ]
    reason = "PodFailed" if exit_code else "PodCompleted"
    return _conditions(pod, status, ready=False, reason=reason, now=now)


def _containers(pod: Object) -> list[Object]:
    found: list[Object] = pod["spec"].get("containers") or []
    return found


def _debuggers(pod: Object) -> list[Object]:
    found: list[Object] = pod["spec"].get("ephemeralContainers") or []
    return found


def _inits(pod: Object) -> list[Object]:
    found: list[Object] = pod["spec"].get("initContainers") or []
    return found


def _old_statuses(pod: Object) -> dict[str, Object]:
    entries = pod.get("status", {}).get("containerStatuses") or ()
    return {entry["name"]: entry for entry in entries}


def _restarts(old: dict[str, Object], spec: Object) -> int:
    count: int = old.get(spec["name"], {}).get("restartCount", 0)
    return count


def _kept(old: dict[str, Object], spec: Object, running: Object) -> Object:
    """A container that runs already keeps the time at which it started."""
    state: Object = old.get(spec["name"], {}).get("state", {})
    return state if "running" in state else running


def _last(old: dict[str, Object], spec: Object) -> Object:
    found: Object = old.get(spec["name"], {}).get("lastState", {})
    return found


def _terminated(pod: Object, spec: Object, old: dict[str, Object], exit_code: int, now: datetime) -> Object:
    running = old.get(spec["name"], {}).get("state", {}).get("running", {})
    return {
        "terminated": {
            "exitCode": exit_code,
            "reason": "Error" if exit_code else "Completed",
            "startedAt": running.get("startedAt", stamp(now)),
            "finishedAt": stamp(now),
            "containerID": _container_id(pod, spec, _restarts(old, spec)),
        }
    }


def _initialised(pod: Object, spec: Object, running: Object, now: datetime) -> Object:
    """An init container has completed; one with `restartPolicy: Always` (a sidecar) runs on."""
    if spec.get("restartPolicy") == "Always":
        return _container(pod, spec, 0, running, ready=True)
    return _container(pod, spec, 0, _terminated(pod, spec, {}, 0, now), ready=True, started=False)


def _container(
    pod: Object,
    spec: Object,
    restarts: int,
    state: Object,
    *,
    ready: bool,
    last: Object | None = None,
    started: bool | None = None,
) -> Object:
    created = "waiting" not in state
    image_id = "sha256:" + hashlib.sha256(spec.get("image", "").encode()).hexdigest()
    status: dict[str, Any] = {
        "name": spec["name"],
        "state": state,
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "image": spec.get("image", ""),
        "imageID": image_id if created else "",
        "started": ready if started is None else started,
    }
    if created:
        status["containerID"] = _container_id(pod, spec, restarts)
    return status


def _container_id(pod: Object, spec: Object, restarts: int) -> str:
    seed = f"{pod['metadata'].get('uid', '')}/{spec['name']}/{restarts}"
    return "containerd://" + hashlib.sha256(seed.encode()).hexdigest()


def _conditions(pod: Object, status: Object, *, ready: bool, reason: str | None, now: datetime) -> Object:
    """The five conditions of a kubelet: what it saw before stays, Ready and ContainersReady follow `ready`."""
    initialised = ready or status.get("phase") != "Pending" or not _inits(pod)
    sandbox = status.get("phase") == "Running"
    unready: Object = {}
    if not ready:
        unready = {"reason": reason}
        if reason == "ContainersNotReady":
            names = " ".join(spec["name"] for spec in _containers(pod))
            unready["message"] = f"containers with unready status: [{names}]"
    wanted: dict[str, Object] = {
        "PodReadyToStartContainers": {"status": _text(sandbox)},
        "Initialized": {"status": _text(initialised)},
        "Ready": {"status": _text(ready), **unready},
        "ContainersReady": {"status": _text(ready), **unready},
        "PodScheduled": {"status": "True"},
    }
    if status.get("phase") == "Succeeded":
        wanted["Initialized"]["reason"] = reason
    conditions = status.get("conditions") or []
    observed = {"observedGeneration": generation} if (generation := pod["metadata"].get("generation")) else {}
    for kind in CONDITION_ORDER:
        new = {"type": kind, "lastProbeTime": None, **wanted[kind], **observed}
        conditions = pods.with_condition(conditions, new, now)
    status["conditions"] = sorted(conditions, key=_rank)
    return status


def _rank(condition: Object) -> int:
    kind = condition.get("type")
    return CONDITION_ORDER.index(kind) if kind in CONDITION_ORDER else len(CONDITION_ORDER)


def _text(yes: bool) -> str:
    return "True" if yes else "False"
