"""A structural schema as a tree: the part of openAPIV3Schema that says which fields there are.

Parsed once for each version of a definition; `values` reads the limits on values from `Structural.source`. From
k8s.io/apiextensions-apiserver/pkg/apiserver/schema (convert.go). It takes what the rules of definitions let pass, and
is lenient with the rest: what is there already is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]

ABSENT: Any = object()
"""No default; None is JSON's null."""
META = ("apiVersion", "kind", "metadata")
"""The members that every object has without being told of."""


@dataclass(slots=True, eq=False)
class Structural:
    """One node."""

    source: Schema
    """The node as the definition has it."""
    type: str = ""
    nullable: bool = False
    default: Any = ABSENT
    properties: dict[str, Structural] = field(default_factory=dict)
    items: Structural | None = None
    additional: Structural | None = None
    """The schema of members that are not named."""
    open: bool = False
    """Whether there may be members that are not named (additionalProperties is true or a schema)."""
    preserve: bool = False
    embedded: bool = False
    int_or_string: bool = False
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""

    def child(self, name: str) -> Structural | None:
        """The schema of a member; None for what is not described."""
        return self.properties.get(name, self.additional)


def parse(source: Schema) -> Structural:
    """The tree of a schema; parts of a wrong type count as missing."""
    additional = source.get("additionalProperties")
    items = source.get("items")
    properties = source.get("properties") or {}
    return Structural(
        source=source,
        type=source.get("type") or "",
        nullable=bool(source.get("nullable")),
        default=ABSENT if source.get("default") is None else source["default"],
        properties={name: parse(one) for name, one in sorted(properties.items()) if isinstance(one, Mapping)},
        items=parse(items) if isinstance(items, Mapping) else None,
        additional=parse(additional) if isinstance(additional, Mapping) else None,
        open=isinstance(additional, Mapping) or additional is True,
        preserve=bool(source.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(source.get("x-kubernetes-embedded-resource")),
        int_or_string=bool(source.get("x-kubernetes-int-or-string")),
        list_type=source.get("x-kubernetes-list-type") or "",
        list_keys=tuple(source.get("x-kubernetes-list-map-keys") or ()),
        map_type=source.get("x-kubernetes-map-type") or "",
    )
