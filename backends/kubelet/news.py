"""What a kubelet tells in Events, and in which words.

    what happened to the pod -> News -> written by the caller, if it writes Events

Called by `Kubelet` at each stage of a pod's life, and by the in-memory cluster for nodes. Pure; it writes nothing.
Reasons and texts are the kubelet's of release 1.34 (pkg/kubelet/events, pkg/kubelet/images, pkg/kubelet/kuberuntime).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.stages import CREATING, ERR_IMAGE_PULL, IMAGE_BACK_OFF, Effect

_BEFORE_THE_IMAGE: Final = frozenset({ERR_IMAGE_PULL, IMAGE_BACK_OFF, "ErrImageNeverPull", "InvalidImageName"})
"""Reasons for which a container waits that has not got its image."""


class News(NamedTuple):
    """One Event: its reason and text; `part` is the field of the object that it is about, "" for the whole."""

    reason: str
    message: str
    warning: bool = False
    part: str = ""


# ---- pods


def of_stage(effect: Effect, before: Object, after: Object, stuck: str, waited_s: float) -> list[News]:
    """What `effect` tells, that made the pod `before` into `after`.

    `stuck` is why containers cannot be started ("": they can); `waited_s` how long they had been waiting, in seconds.
    """
    if effect is Effect.START:
        return [news for spec in _containers(before) for news in _beginning(spec, stuck)]
    if effect is Effect.BACK_OFF:
        return [news for spec in _containers(before) for news in _failing(spec, IMAGE_BACK_OFF)]
    if effect is Effect.RUN:
        return _running(before, waited_s)
    if effect is Effect.DEBUG:
        new = pods.unstarted_debuggers(before)
        debuggers = [one for one in before["spec"]["ephemeralContainers"] if one["name"] in new]
        return [news for spec in debuggers for news in _starting(spec, "ephemeralContainers")]
    if effect is Effect.UNREADY and not pods.is_terminating(before):
        return [_unhealthy(spec, before) for spec in _containers(before)]
    if effect is Effect.EXIT and not pods.is_finished(after):
        return [_restarting(spec, before) for spec in _containers(before)]
    return []


def of_deletion(pod: Object) -> list[News]:
    """What is told when a pod that runs begins to go."""
    running = _states(pod, "containerStatuses", "running")
    return [
        News("Killing", f"Stopping container {spec['name']}", part=_part(spec))
        for spec in _containers(pod)
        if spec["name"] in running
    ]


def _beginning(spec: Object, stuck: str) -> list[News]:
    """A container is to be created: an image that is always asked for is pulled; what is stuck says so."""
    if not stuck:
        return [_pulling(spec, "containers")] if _always_pulled(spec) else []
    return [*([_pulling(spec, "containers")] if stuck == ERR_IMAGE_PULL else []), *_failing(spec, stuck)]


def _failing(spec: Object, reason: str) -> list[News]:
    """A container cannot be created, for this reason of its waiting state."""
    image, part = spec.get("image", ""), _part(spec)
    failed = News("Failed", f"Error: {reason}", warning=True, part=part)
    if reason == ERR_IMAGE_PULL:
        why = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": not found'
        return [News("Failed", f'Failed to pull image "{image}": {why}', warning=True, part=part), failed]
    if reason == IMAGE_BACK_OFF:
        return [News("BackOff", f'Back-off pulling image "{image}"', part=part), failed]
    if reason == "ErrImageNeverPull":
        text = f'Container image "{image}" is not present with pull policy of Never'
        return [News("ErrImageNeverPull", text, warning=True, part=part), failed]
    if reason == "InvalidImageName":
        text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}"'
        return [News("InspectFailed", text, warning=True, part=part), failed]
    return [_present(spec, "containers"), failed]


def _running(before: Object, waited_s: float) -> list[News]:
    """Init containers have run if they had not, and each container starts that did not run."""
    found: list[News] = []
    begun = _states(before, "initContainerStatuses", "running", "terminated")
    for spec in before["spec"].get("initContainers") or ():
        if spec["name"] not in begun:
            found += _starting(spec, "initContainers", pulled_in_s=0.0 if _always_pulled(spec) else None)
    running = _states(before, "containerStatuses", "running")
    creating = _states(before, "containerStatuses", reasons=(CREATING,))
    unpulled = _states(before, "containerStatuses", reasons=_BEFORE_THE_IMAGE)
    for spec in _containers(before):
        name, pulled = spec["name"], _always_pulled(spec)
        if name in running:
            continue
        if pulled and name in creating:
            found += _starting(spec, "containers", pulled_in_s=waited_s, begun=True)
        else:
            found += _starting(spec, "containers", pulled_in_s=0.0 if pulled or name in unpulled else None)
    return found


def _starting(spec: Object, where: str, *, pulled_in_s: float | None = None, begun: bool = False) -> list[News]:
    """A container starts; its image is there, or has been pulled in so many seconds (`begun`: that has been told)."""
    name, part = spec["name"], _part(spec, where)
    told = [_present(spec, where)]
    if pulled_in_s is not None:
        took = f"{_duration(pulled_in_s)} ({_duration(pulled_in_s)} including waiting)"
        text = f'Successfully pulled image "{spec.get("image", "")}" in {took}. Image size: 0 bytes.'
        told = [*([] if begun else [_pulling(spec, where)]), News("Pulled", text, part=part)]
    return [
        *told,
        News("Created", f"Created container: {name}", part=part),
        News("Started", f"Started container {name}", part=part),
    ]


def _pulling(spec: Object, where: str) -> News:
    return News("Pulling", f'Pulling image "{spec.get("image", "")}"', part=_part(spec, where))


def _present(spec: Object, where: str) -> News:
    text = f'Container image "{spec.get("image", "")}" already present on machine'
    return News("Pulled", text, part=_part(spec, where))


def _restarting(spec: Object, pod: Object) -> News:
    metadata = pod["metadata"]
    where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    text = f"Back-off restarting failed container {spec['name']} in pod {where}"
    return News("BackOff", text, warning=True, part=_part(spec))


def _unhealthy(spec: Object, pod: Object) -> News:
    """The readiness probe fails; what it would have said depends on its kind."""
    probe = spec.get("readinessProbe") or {}
    output = ""
    if "httpGet" in probe:
        output = "HTTP probe failed with statuscode: 503"
    elif "tcpSocket" in probe:
        address = pod.get("status", {}).get("podIP", "")
        output = f"dial tcp {address}:{probe['tcpSocket']['port']}: connect: connection refused"
    elif "grpc" in probe:
        output = 'service unhealthy (responded with "NOT_SERVING")'
    return News("Unhealthy", f"Readiness probe failed: {output}", warning=True, part=_part(spec))


def _containers(pod: Object) -> Sequence[Object]:
    found: Sequence[Object] = pod["spec"].get("containers") or ()
    return found


def _states(pod: Object, member: str, *states: str, reasons: Collection[str] = ()) -> set[str]:
    """The names of the containers that are in one of these states, or wait for one of these reasons."""
    return {
        one["name"]
        for one in pod.get("status", {}).get(member) or ()
        if any(state in one.get("state", {}) for state in states)
        or (one.get("state", {}).get("waiting") or {}).get("reason", "") in reasons
    }


def _always_pulled(spec: Object) -> bool:
    return bool(spec.get("imagePullPolicy") == "Always")


def _part(spec: Object, where: str = "containers") -> str:
    return f"spec.{where}{{{spec['name']}}}"


def _duration(seconds: float) -> str:
    """As Go prints a duration of whole milliseconds: `1.5s`, `300ms`, `2m0.5s`."""
    ms = round(seconds * 1000)
    if ms < 1000:
        return f"{ms}ms" if ms else "0s"
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    return (f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else "") + text


# ---- nodes


def of_node(name: str) -> list[News]:
    """What the kubelet of the node `name` tells when it starts and all is well."""
    states = ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")
    return [
        News("Starting", "Starting kubelet."),
        *(of_node_status(name, state) for state in states),
        News("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"),
        of_node_status(name, "NodeReady"),
    ]


def of_node_status(name: str, state: str) -> News:
    """The node `name` is in another state now (`NodeReady`, `NodeNotSchedulable`, ...)."""
    return News(state, f"Node {name} status is now: {state}")
