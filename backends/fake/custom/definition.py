"""A CustomResourceDefinition as the server serves it: its names, its versions, their resources.

Made from the stored object by `served`. Nothing here decides whether a definition is right (`rules`) or whether its
names are free (`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.fake.catalogue import Resource, Subresource
from backends.fake.custom.kind import CustomKind
from backends.fake.custom.versions import priority
from backends.fake.forking import Immutable

Obj = dict[str, Any]

VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery tells them."""
SUBRESOURCE_VERBS = ("get", "patch", "update")


class Definition(Immutable):
    """One definition. Shared by forks."""

    def __init__(self, crd: Mapping[str, Any], basis: object) -> None:
        """`basis` is what decides how it is served: the same basis, the same resources."""
        spec, status = crd["spec"], crd.get("status") or {}
        self.name: str = crd["metadata"]["name"]
        self.group: str = spec["group"]
        self.namespaced: bool = spec.get("scope") == "Namespaced"
        accepted = status.get("acceptedNames") or {}
        self.names: Mapping[str, Any] = accepted if accepted.get("plural") and accepted.get("kind") else spec["names"]
        self.basis = basis
        self.versions = tuple(spec.get("versions") or ())
        self.kinds: dict[str, CustomKind] = {}
        """By version, the preferred one first."""
        for version in sorted(self.versions, key=lambda one: priority(one["name"])):
            self.kinds[version["name"]] = CustomKind(self, version)
        self.resources = {version: self._resource(kind) for version, kind in self.kinds.items()}
        stored = next((one["name"] for one in spec.get("versions") or () if one.get("storage")), "")
        self.storage: Resource | None = self.resources.get(stored)
        """The resource of the version in which objects are stored."""

    def _resource(self, kind: CustomKind) -> Resource:
        gvk, names = kind.gvk, self.names
        subresources = {}
        if kind.has_status:
            subresources["status"] = Subresource("status", *gvk, frozenset(SUBRESOURCE_VERBS))
        if kind.scale is not None:
            subresources["scale"] = Subresource("scale", "autoscaling", "v1", "Scale", frozenset(SUBRESOURCE_VERBS))
        return Resource(
            group=self.group,
            version=gvk.version,
            plural=names["plural"],
            singular=names.get("singular") or "",
            kind=gvk.kind,
            namespaced=self.namespaced,
            verbs=frozenset(VERBS),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=subresources,
            storage=(self.group, names["plural"]),
            api_version=gvk.api_version,
            prefix=b'{"kind":"%s","apiVersion":"%s",' % (gvk.kind.encode(), gvk.api_version.encode()),
            list_kind=names.get("listKind") or f"{gvk.kind}List",
            custom=kind,
        )
