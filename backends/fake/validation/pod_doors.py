"""What may be written through a Pod's own doors: ephemeral containers and resize (core/validation.go).

Called by the package itself, for a Pod that is written so. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.fake.strategies.core import qos_class
from backends.fake.validation import causes, differences, pods
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_RESIZABLE = ("cpu", "memory")


def ephemeral(new: Obj, old: Obj) -> list[Cause]:
    """What runs in a pod cannot be changed or taken out (ValidatePodEphemeralContainersUpdate)."""
    if pods.MIRROR in (old["metadata"].get("annotations") or {}):
        return [causes.forbidden("", "static pods do not support ephemeral containers")]
    found = pods.whole(new)
    asked = {one.get("name"): one for one in new["spec"].get("ephemeralContainers") or []}
    for held in old["spec"].get("ephemeralContainers") or []:
        name = held.get("name")
        if asked.get(name) == held:
            continue
        what = "changed" if name in asked else "removed"
        text = f'existing ephemeral containers "{name}" may not be {what}\n'
        text += differences.containers(held, asked[name]) if name in asked else ""
        found.append(causes.forbidden("spec.ephemeralContainers", text))
    return found


def resize(new: Obj, old: Obj) -> list[Cause]:
    """Only cpu and memory of containers that stay where they are (ValidatePodResize)."""
    want, have = new["spec"], old["spec"]
    alone = _never(old, want)
    if alone:
        return [causes.forbidden("", alone)]
    found = pods.whole(new)
    held = (old.get("status") or {}).get("qosClass") or qos_class(have)
    if qos_class(want) != held:
        shown = (new.get("status") or {}).get("qosClass", "")
        found.append(causes.invalid("spec", shown, "Pod QOS Class may not change as a result of resizing"))
    if not _supported(old):
        found.append(causes.forbidden("spec", "Pod running on node without support for resize"))
    moved = [cause for member in ("containers", "initContainers") for cause in _moved(want, have, member)]
    return found + (moved or _resources(want, have))


def _resources(want: Obj, have: Obj) -> list[Cause]:
    """What is wrong with the resources of containers that are the same ones, in the same order."""
    found: list[Cause] = []
    initial = list(zip(want.get("initContainers") or [], have.get("initContainers") or [], strict=True))
    regular = list(zip(want["containers"], have["containers"], strict=True))
    for number, (one, before) in enumerate(initial):
        if _sidecar(before):
            found += _removed(one, before, f"spec.initContainers[{number}].resources")
    for number, (one, before) in enumerate(regular):
        found += _removed(one, before, f"spec.containers[{number}].resources")
    for one, before in regular:
        if _fixed(one, before) != before:
            found.append(causes.forbidden("spec", "only cpu and memory resources are mutable"))
    for one, before in initial:
        if not _sidecar(one) and one != before:
            found.append(causes.forbidden("spec", "resources for non-sidecar init containers are immutable"))
        elif _sidecar(one) and _fixed(one, before) != before:
            text = "only cpu and memory resources for sidecar containers are mutable"
            found.append(causes.forbidden("spec", text))
    return found


def _never(old: Obj, want: Obj) -> str:
    """Why this pod cannot be resized at all; empty: it can."""
    have = old["spec"]
    whole = (spec.get("resources") or {} for spec in (have, want))
    if any(one.get("requests") or one.get("limits") for one in whole):
        return "pods with pod-level resources cannot be resized"
    if pods.MIRROR in (old["metadata"].get("annotations") or {}):
        return "static pods cannot be resized"
    return "windows pods cannot be resized" if (have.get("os") or {}).get("name") == "windows" else ""


def _supported(pod: Obj) -> bool:
    """Does the pod's node resize? The first container that runs says so."""
    for one in (pod.get("status") or {}).get("containerStatuses") or []:
        if "running" in (one.get("state") or {}):
            return "resources" in one
    return True


def _moved(want: Obj, have: Obj, member: str) -> list[Cause]:
    after, before = ([one.get("name") for one in spec.get(member) or []] for spec in (want, have))
    if len(after) != len(before):
        return [causes.forbidden(f"spec.{member}", f"{member} may not be added or removed on resize")]
    text = f"{member} may not be renamed or reordered on resize"
    return [
        causes.forbidden(f"spec.{member}[{number}].name", text)
        for number, (one, other) in enumerate(zip(after, before, strict=True))
        if one != other
    ]


def _sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def _removed(one: Obj, before: Obj, path: str) -> list[Cause]:
    after, had = one.get("resources") or {}, before.get("resources") or {}
    return [
        causes.forbidden(f"{path}.{member}", f"resource {member} cannot be removed")
        for member in ("requests", "limits")
        if (had.get(member) or {}).keys() - (after.get(member) or {}).keys()
    ]


def _fixed(one: Obj, before: Obj) -> Obj:
    """The container with what may be resized put back."""
    after, had = one.get("resources") or {}, before.get("resources") or {}
    resources: Obj = {}
    for member in ("limits", "requests"):
        if member not in had:
            continue  # what was added where nothing was is not looked at
        kept = {name: amount for name, amount in (after.get(member) or {}).items() if name not in _RESIZABLE}
        resources[member] = kept | {name: had[member][name] for name in _RESIZABLE if name in had[member]}
    result = {**one, "resources": resources}
    if not resources and "resources" not in before:
        del result["resources"]
    return result


RULES: Mapping[str, Callable[[Obj, Obj], list[Cause]]] = {"ephemeralcontainers": ephemeral, "resize": resize}
"""The subresources with rules of their own, which Pods alone have."""
