"""The resources that are served: what exists under /api and /apis, read from recorded discovery documents.

The built-in ones are loaded once a process and shared. A cluster has a catalogue of its own (`Catalogue.of_cluster`),
which begins as theirs and to which custom resources come and go. `routes.py` finds a resource by path, the store keys
objects by `Resource.storage`, and discovery requests are answered with `Catalogue.documents` as they were recorded
from Kubernetes v1.34, with those of custom resources joined to them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from backends.fake.forking import Fork

if TYPE_CHECKING:
    from backends.fake.custom.kind import CustomKind

KUBERNETES_VERSION = "v1.34.9"

# One stored object, two doors: events of the core group and of events.k8s.io are the same objects.
_STORED_AS = {("events.k8s.io", "events"): ("", "events")}


@dataclass(frozen=True, slots=True)
class Subresource:
    """`pods/status` and the like: its own verbs, sometimes its own kind."""

    name: str
    group: str
    version: str
    kind: str
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource of one version, for example `deployments` of apps/v1."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, Subresource] = field(default_factory=dict)

    storage: tuple[str, str] = ("", "")
    """Group and plural under which the objects are stored; the same for all versions of a resource."""
    api_version: str = ""
    prefix: bytes = b""
    """The first members of every serialised object: kind and apiVersion. What is stored is what follows it."""
    list_kind: str = ""
    custom: CustomKind | None = None
    """What its definition says of a custom resource; None for the built-in ones."""

    @property
    def gvk(self) -> tuple[str, str, str]:
        """Group, version and kind, as the schema names it."""
        return (self.group, self.version, self.kind)

    @property
    def qualified(self) -> str:
        """`deployments.apps`, `pods`: how messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(slots=True, eq=False)
class Catalogue:
    """All resources, by path parts and by kind, and the discovery documents they came from.

    What its members hold is never changed; `serve` puts others in their place.
    """

    resources: Mapping[tuple[str, str, str], Resource]
    """(group, version, plural) -> resource."""
    group_versions: frozenset[tuple[str, str]]
    groups: frozenset[str]
    documents: Mapping[str, Any]
    """Path (and path + " aggregated") -> the recorded discovery document."""
    by_kind: Mapping[tuple[str, str, str], Resource]
    """(group, version, kind) -> resource; of custom resources the versions too that are not served."""
    custom_groups: frozenset[str] = frozenset()
    """Groups that custom resources alone have: what is missing there is missed in other words."""
    on_change: list[Callable[[], None]] = field(default_factory=list)
    """Called when other resources are served than before."""

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def find(self, group: str, plural: str) -> Resource:
        """The preferred version of a resource. KeyError where there is none."""
        for resource in self.resources.values():
            if resource.group == group and resource.plural == plural:
                return resource
        raise KeyError(f"{plural}.{group}")

    def of_object(self, obj: Mapping[str, Any]) -> Resource:
        """The resource that an object with apiVersion and kind belongs to. KeyError where there is none."""
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        return self.by_kind[group, version, str(obj.get("kind", ""))]

    def of_cluster(self) -> Catalogue:
        """A catalogue for one cluster: the same resources, until custom ones join them."""
        return Catalogue(self.resources, self.group_versions, self.groups, self.documents, self.by_kind)

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork serves the same; what is held is never changed, so it is shared."""
        shared = ("resources", "group_versions", "groups", "documents", "by_kind", "custom_groups")
        return {**{name: getattr(self, name) for name in shared}, "on_change": fork(self.on_change)}

    def serve(self, custom: Iterable[Resource], documents: Mapping[str, Any]) -> None:
        """Serve these custom resources beside the built-in ones, and no others from now on.

        `documents` are the discovery documents of their groups and versions.
        """
        builtin, mine = Catalogue.load(), list(custom)
        served = {
            (one.group, one.version, one.plural): one for one in mine if one.custom is not None and one.custom.served
        }
        self.resources = {**builtin.resources, **served}
        self.group_versions = builtin.group_versions | {(group, version) for group, version, _ in served}
        self.groups = builtin.groups | {group for group, _, _ in served}
        self.custom_groups = self.groups - builtin.groups
        self.by_kind = {**builtin.by_kind, **{one.gvk: one for one in mine}}
        self.documents = _joined(builtin.documents, documents)
        for tell in self.on_change:
            tell()

    @staticmethod
    @functools.cache
    def load() -> Catalogue:
        """The catalogue of the recorded server; read on the first call."""
        raw = resources.files("backends.fake").joinpath("data/discovery.json").read_bytes()
        return _catalogue(orjson.loads(raw))


def _joined(builtin: Mapping[str, Any], custom: Mapping[str, Any]) -> Mapping[str, Any]:
    """The documents with custom groups at the end of the lists of groups."""
    if not custom:
        return builtin
    plain, aggregated = builtin["/apis"], builtin["/apis aggregated"]
    groups = [document for document in custom.values() if document.get("kind") == "APIGroup"]
    shown = [document for path, document in custom.items() if path.endswith(" aggregated")]
    listed = [{name: value for name, value in one.items() if name not in ("kind", "apiVersion")} for one in groups]
    return {
        **builtin,
        **{path: document for path, document in custom.items() if not path.endswith(" aggregated")},
        "/apis": {**plain, "groups": [*plain["groups"], *listed]},
        "/apis aggregated": {**aggregated, "items": [*aggregated["items"], *shown]},
    }


def _catalogue(documents: dict[str, Any]) -> Catalogue:
    order = [("", "v1")]
    for group in documents["/apis"]["groups"]:
        order.extend((group["name"], version["version"]) for version in group["versions"])
    table = {}
    for group_name, version in order:
        path = f"/apis/{group_name}/{version}" if group_name else "/api/v1"
        for resource in _resources(group_name, version, documents[path]["resources"]):
            table[group_name, version, resource.plural] = resource
    return Catalogue(
        resources=table,
        group_versions=frozenset(order),
        groups=frozenset(group for group, _ in order),
        documents=documents,
        by_kind={resource.gvk: resource for resource in table.values()},
    )


def _resources(group: str, version: str, rows: list[dict[str, Any]]) -> Iterator[Resource]:
    api_version = f"{group}/{version}" if group else version
    for row in rows:
        if "/" in row["name"]:
            continue
        plural, kind = row["name"], row["kind"]
        yield Resource(
            group=group,
            version=version,
            plural=plural,
            singular=row["singularName"],
            kind=kind,
            namespaced=row["namespaced"],
            verbs=frozenset(row["verbs"]),
            short_names=tuple(row.get("shortNames", ())),
            categories=tuple(row.get("categories", ())),
            subresources={sub.name: sub for sub in _subresources(group, version, plural, rows)},
            storage=_STORED_AS.get((group, plural), (group, plural)),
            api_version=api_version,
            prefix=b'{"kind":"%s","apiVersion":"%s",' % (kind.encode(), api_version.encode()),
            list_kind=f"{kind}List",
        )


def _subresources(group: str, version: str, plural: str, rows: list[dict[str, Any]]) -> Iterator[Subresource]:
    for row in rows:
        parent, _, name = row["name"].partition("/")
        if parent == plural and name:
            yield Subresource(
                name=name,
                group=row.get("group", group),
                version=row.get("version", version),
                kind=row["kind"],
                verbs=frozenset(row["verbs"]),
            )
