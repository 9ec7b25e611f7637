"""What a pod needs to start, of ConfigMaps and Secrets, and what a kubelet does while some of it is not there. Pure.

Called by the in-memory cluster's kubelets for pods that have not started. A volume that cannot be mounted keeps all
containers in `ContainerCreating`; an environment that cannot be made keeps its container in
`CreateContainerConfigError`. What is marked as optional is not needed. Texts: pkg/volume/{configmap,secret,projected},
pkg/kubelet/kubelet_pods.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from backends.kubelet.news import News
from backends.kubelet.pods import Object
from backends.kubelet.stages import Timing

CONFIG_ERROR: Final = "CreateContainerConfigError"
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 122.0
"""A mount that failed is tried again after so long, doubled each time (`exponentialbackoff` of the volume manager)."""

Keys = Callable[[str, str], frozenset[str] | None]
"""The keys of the `ConfigMap` or `Secret` of a name in the pod's namespace; None: there is none."""


class _Need(NamedTuple):
    kind: str
    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps a pod from starting: by volume, and by container, why."""

    volumes: Mapping[str, str]
    containers: Mapping[str, str]

    def applied(self, timing: Timing) -> Timing:
        """The pod's timing while this holds."""
        if self.volumes:
            return replace(timing, ready_after_s=None)
        return replace(timing, stuck_reason=CONFIG_ERROR, stuck_for_s=None)

    def news(self) -> list[News]:
        """What is told at each try."""
        if self.volumes:
            texts = [f'MountVolume.SetUp failed for volume "{name}" : {why}' for name, why in self.volumes.items()]
            return [News("FailedMount", text, warning=True) for text in texts]
        return [
            News("Failed", f"Error: {why}", warning=True, part=f"spec.containers{{{name}}}")
            for name, why in self.containers.items()
        ]


def lack(pod: Object, keys: Keys) -> Lack | None:
    """What the pod lacks; None when it can start."""
    volumes: dict[str, str] = {}
    for volume in pod["spec"].get("volumes") or ():
        for need in _of_volume(volume):
            if volume["name"] not in volumes and (why := _missing_file(need, keys)):
                volumes[volume["name"]] = why
    containers: dict[str, str] = {}
    for container in pod["spec"].get("containers") or ():
        for need in _of_container(container):
            if container["name"] not in containers and (why := _missing_value(need, keys, pod)):
                containers[container["name"]] = why
    return Lack(volumes, containers) if volumes or containers else None


def _of_volume(volume: Object) -> Iterator[_Need]:
    sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for source in sources:
        for member, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            wanted = source.get(member)
            if wanted is not None and not wanted.get("optional"):
                name = wanted.get("secretName") or wanted.get("name", "")
                yield _Need(kind, name, tuple(item["key"] for item in wanted.get("items") or ()))


def _of_container(container: Object) -> Iterator[_Need]:
    for source in container.get("envFrom") or ():
        for member, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            wanted = source.get(member)
            if wanted is not None and not wanted.get("optional"):
                yield _Need(kind, wanted.get("name", ""), ())
    for variable in container.get("env") or ():
        for member, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            wanted = (variable.get("valueFrom") or {}).get(member)
            if wanted is not None and not wanted.get("optional"):
                yield _Need(kind, wanted.get("name", ""), (wanted["key"],))


def _missing_file(need: _Need, keys: Keys) -> str:
    held = keys(need.kind, need.name)
    if held is None:
        return f'{need.kind.lower()} "{need.name}" not found'
    words = {
        "ConfigMap": "configmap references non-existent config key",
        "Secret": "references non-existent secret key",
    }
    return next((f"{words[need.kind]}: {key}" for key in need.keys if key not in held), "")


def _missing_value(need: _Need, keys: Keys, pod: Object) -> str:
    held = keys(need.kind, need.name)
    if held is None:
        return f'{need.kind.lower()} "{need.name}" not found'
    where = f"{need.kind} {pod['metadata']['namespace']}/{need.name}"
    return next((f"couldn't find key {key} in {where}" for key in need.keys if key not in held), "")
