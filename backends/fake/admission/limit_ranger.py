"""LimitRanger: containers get the namespace's default resources, and nothing leaves its limits.

plugin/pkg/admission/limitranger/admission.go. Pods are looked at when they are created, claims always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from backends.fake import amounts
from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Store

Obj = dict[str, Any]
Amounts = Mapping[str, str]

ANNOTATION = "kubernetes.io/limit-ranger"
PODS, CLAIMS = ("", "pods"), ("", "persistentvolumeclaims")


class LimitRanger(Base):
    """The plugin over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods."""
        return self._fill if resource.storage == PODS and not subresource and operation == CREATE else None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods; new and changed claims."""
        if subresource:
            return None
        if resource.storage == PODS and operation == CREATE:
            return self._check_pod
        return self._check_claim if resource.storage == CLAIMS and operation in (CREATE, UPDATE) else None

    def _limits(self, namespace: str) -> Iterator[Obj]:
        for entry in self._store.list("", "limitranges", namespace):
            yield from (entry.load().get("spec") or {}).get("limits") or []

    def _fill(self, write: Attributes) -> None:
        spec = write.obj.get("spec")
        if not isinstance(spec, dict):
            return
        for entry in self._store.list("", "limitranges", write.namespace):
            limits = [
                one for one in (entry.load().get("spec") or {}).get("limits") or [] if one.get("type") == "Container"
            ]
            default = amounts.Amounts()
            default_request = amounts.Amounts()
            for one in limits:
                default.update(one.get("default") or {})
                default_request.update(one.get("defaultRequest") or {})
            notes: list[str] = []
            for member, kind in (("containers", "container"), ("initContainers", "init container")):
                for container in spec.get(member) or []:
                    notes += _filled(container, default, default_request, kind)
            if notes:
                annotations = write.obj["metadata"].setdefault("annotations", {})
                annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)

    def _check_pod(self, write: Attributes) -> None:
        if not self._store.list("", "limitranges", write.namespace):
            return
        spec = write.obj.get("spec") or {}
        found: list[str] = []
        for limit in self._limits(write.namespace):
            kind = limit.get("type")
            if kind == "Container":
                for container in (*(spec.get("containers") or []), *(spec.get("initContainers") or [])):
                    resources = container.get("resources") or {}
                    found += _broken(limit, kind, resources.get("requests") or {}, resources.get("limits") or {})
            elif kind == "Pod":
                requests = amounts.of_pod(spec, "requests", overhead=False)
                found += _broken(limit, kind, requests, amounts.of_pod(spec, "limits", overhead=False))
        _refuse(write, found)

    def _check_claim(self, write: Attributes) -> None:
        requests = ((write.obj.get("spec") or {}).get("resources") or {}).get("requests") or {}
        found: list[str] = []
        for limit in self._limits(write.namespace):
            if limit.get("type") == "PersistentVolumeClaim":
                found += _each(
                    limit.get("min"), lambda name, bound: _least("PersistentVolumeClaim", name, bound, requests, {})
                )
                found += _each(limit.get("max"), lambda name, bound: _most_claimed(name, bound, requests))
        _refuse(write, found)


def _refuse(write: Attributes, found: list[str]) -> None:
    """utilerrors.NewAggregate: several as a list, each once."""
    unique = list(dict.fromkeys(found))
    if unique:
        raise write.forbidden(unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]")


def _filled(container: Obj, default: Amounts, default_request: Amounts, kind: str) -> list[str]:
    """Give a container what it has not said; returns what was given, in words."""
    notes = []
    resources = container.get("resources") or {}
    for member, wanted in (("requests", default_request), ("limits", default)):
        held = resources.get(member) or {}
        missing = sorted(wanted.keys() - held.keys())
        if missing:
            resources[member] = {**held, **{name: wanted[name] for name in missing}}
            notes.append(f"{', '.join(missing)} {member[:-1]} for {kind} {container.get('name', '')}")
    if resources:
        container["resources"] = resources
    return notes


def _broken(limit: Obj, kind: str, requests: Amounts, limits: Amounts) -> list[str]:
    return [
        *_each(limit.get("min"), lambda name, bound: _least(kind, name, bound, requests, limits)),
        *_each(limit.get("max"), lambda name, bound: _most(kind, name, bound, requests, limits)),
        *_each(limit.get("maxLimitRequestRatio"), lambda name, bound: _ratio(kind, name, bound, requests, limits)),
    ]


def _each(bounds: Amounts | None, check: Callable[[str, str], str]) -> Iterator[str]:
    for name in sorted(bounds or {}):
        text = check(name, (bounds or {})[name])
        if text:
            yield text


def _least(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> str:
    text, least = f"minimum {name} usage per {kind} is {bound}", amounts.value(bound)
    if name not in requests:
        return f"{text}.  No request is specified"
    if amounts.value(requests[name]) < least:
        return f"{text}, but request is {requests[name]}"
    if name in limits and amounts.value(limits[name]) < least:
        return f"{text}, but limit is {limits[name]}"
    return ""


def _most(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> str:
    text, most = f"maximum {name} usage per {kind} is {bound}", amounts.value(bound)
    if name not in limits:
        return f"{text}.  No limit is specified"
    if amounts.value(limits[name]) > most:
        return f"{text}, but limit is {limits[name]}"
    if name in requests and amounts.value(requests[name]) > most:
        return f"{text}, but request is {requests[name]}"
    return ""


def _most_claimed(name: str, bound: str, requests: Amounts) -> str:
    text = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
    if name not in requests:
        return f"{text}.  No request is specified"
    if amounts.value(requests[name]) > amounts.value(bound):
        return f"{text}, but request is {requests[name]}"
    return ""


def _ratio(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> str:
    text = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = amounts.value(requests.get(name, "0")), amounts.value(limits.get(name, "0"))
    if not request:
        return f"{text}, but no request is specified or request is 0"
    if not limit:
        return f"{text}, but no limit is specified or limit is 0"
    ratio: Decimal = limit / request
    return f"{text}, but provided ratio is {float(ratio):f}" if ratio > amounts.value(bound) else ""
