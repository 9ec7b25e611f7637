"""The scale subresource of a custom resource: three simple paths into it.

From k8s.io/apiextensions-apiserver/pkg/registry/customresource (etcd.go, validator.go). Where the replicas are not set
there is no Scale, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.fake import statuses
from backends.fake.custom import jsonpath
from backends.fake.validation import Cause, causes

Obj = dict[str, Any]

_MOST = 2**31 - 1
_MEMBERS = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where the replicas and the selector are; `selector` is empty where there is none."""

    replicas: str
    status: str
    selector: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> ScalePaths | None:
        """As a definition has it; None without."""
        if given is None:
            return None
        return cls(
            given.get("specReplicasPath") or "",
            given.get("statusReplicasPath") or "",
            given.get("labelSelectorPath") or "",
        )

    def scale(self, obj: Obj, *, replicas_needed: bool = True) -> Obj:
        """The Scale of an object. Raises `ApiError` 500 where the object does not fit the paths.

        `replicas_needed` False: one without replicas, to be patched, says so by having none.
        """
        try:
            replicas, there = jsonpath.typed(obj, self.replicas, int, 0)
            status, _ = jsonpath.typed(obj, self.status, int, 0)
            selector = jsonpath.typed(obj, self.selector, str, "")[0] if self.selector else ""
        except jsonpath.PathError as error:
            raise statuses.ApiError(500, "", str(error)) from None
        if replicas_needed and not there:
            raise statuses.internal(f'the spec replicas field "{self.replicas}" does not exist')
        held = obj["metadata"]
        found: Obj = {"replicas": status}
        if selector:
            found["selector"] = selector
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {member: held[member] for member in _MEMBERS if member in held},
            "spec": {"replicas": replicas} if there and replicas else {},
            "status": found,
        }

    def put(self, obj: Obj, replicas: int) -> None:
        """Write the wanted replicas; what leads to them is copied.

        Raises `ApiError` 500 where something else is in the way.
        """
        *path, last = jsonpath.simple(self.replicas)
        holder: Any = obj
        for name in path:
            held = holder.get(name, {})
            if not isinstance(held, dict):
                text = f"value cannot be set because {self.replicas} is not a map[string]interface{{}}"
                raise statuses.ApiError(500, "", text)
            holder[name] = holder = {**held}
        holder[last] = replicas

    def problems(self, obj: Obj) -> list[Cause]:
        """What is wrong with the numbers and the selector of an object."""
        found = [*self._number(obj, self.replicas), *self._number(obj, self.status)]
        if self.selector:
            try:
                jsonpath.typed(obj, self.selector, str, "")
            except jsonpath.PathError as error:
                found.append(causes.invalid(self.selector, "", str(error)))
        return found

    @staticmethod
    def _number(obj: Obj, path: str) -> list[Cause]:
        try:
            value, _ = jsonpath.typed(obj, path, int, 0)
        except jsonpath.PathError as error:
            return [causes.invalid(path, 0, str(error))]
        if value < 0:
            return [causes.invalid(path, value, "should be a non-negative integer")]
        if value > _MOST:
            return [causes.invalid(path, value, f"should be less than or equal to {_MOST}")]
        return []
