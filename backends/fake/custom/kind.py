"""`CustomKind`: what one version of a custom resource knows, where a built-in kind has its knowledge in tables.

It hangs at the `Resource` of its version. Whoever looks something up for a kind asks there first: the decoder, the
registry's rules, the strategy, owners, columns, field selectors, the scale subresource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backends.fake.custom import defaulting, embedded, lists, owners, pruning, values
from backends.fake.custom.checking import NOWHERE
from backends.fake.custom.columns import Columns
from backends.fake.custom.decoding import CustomSchema
from backends.fake.custom.expressions import Expressions
from backends.fake.custom.scale import ScalePaths
from backends.fake.custom.strategy import CustomStrategy
from backends.fake.custom.structural import ABSENT, parse
from backends.fake.custom.versions import priority
from backends.fake.forking import Immutable
from backends.fake.ownership import Model
from backends.fake.schema import GroupVersionKind
from backends.fake.validation import Cause, causes, metadata
from backends.fake.validation.metadata import STANDARD_FINALIZERS
from backends.fake.validation.names import subdomain_1123_errors

if TYPE_CHECKING:
    from backends.fake.custom.definition import Definition

Obj = dict[str, Any]

_BLOCKING = frozenset(
    ("FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid")
)
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)


class CustomKind(Immutable):
    """One version of a definition. Shared by forks: what changes with time is in the store."""

    def __init__(self, definition: Definition, version: Mapping[str, Any]) -> None:
        names = definition.names
        self.definition = definition
        self.gvk = GroupVersionKind(definition.group, version["name"], names["kind"])
        self.source: Mapping[str, Any] = (version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"}
        self.root = parse(self.source)
        self.schema = CustomSchema(self.gvk, self.root)
        self.served = bool(version.get("served"))
        subresources = version.get("subresources") or {}
        self.has_status = subresources.get("status") is not None
        self.strategy = CustomStrategy(has_status=self.has_status)
        self.scale = ScalePaths.of(subresources.get("scale"))
        self.columns = Columns(version.get("additionalPrinterColumns") or ())
        place = (".metadata.namespace",) if definition.namespaced else ()
        self.selectable = (*place, *(one["jsonPath"] for one in version.get("selectableFields") or ()))
        self.warnings = _deprecation(version, self.gvk, definition.versions)
        self.model = Model(owners.shape_of(self.root), self.schema.empty())
        self._expressions = Expressions(self.root)
        self._fills = defaulting.has_defaults(self.root)
        self._status = (self.source.get("properties") or {}).get("status")

    # ---- objects

    def default(self, obj: Obj) -> None:
        """Fill in the schema's defaults; an object of another kind is left alone."""
        if self._fills and self._is_one(obj):
            kept = obj.pop("metadata", None)
            defaulting.fill(obj, self.root)
            if kept is not None:
                obj["metadata"] = kept

    def read(self, obj: Obj) -> Obj:
        """A stored object as this version has it: its own version's defaults, no unknown fields, another name."""
        version = str(obj.get("apiVersion", "")).rpartition("/")[2]
        stored = self.definition.kinds.get(version)
        if stored is not None:
            stored.tidy(obj)
            stored.default(obj)
        obj["apiVersion"] = self.gvk.api_version
        if stored is not self:
            self.tidy(obj)
        obj["metadata"].setdefault("generation", 1)
        return obj

    def tidy(self, obj: Obj) -> None:
        """Remove what the schema does not have."""
        pruning.prune(obj, self.root)
        pruning.drop_nulls(obj, self.root)

    def _is_one(self, obj: Obj) -> bool:
        return obj.get("kind") == self.gvk.kind and obj.get("apiVersion") == self.gvk.api_version

    # ---- rules

    def check_create(self, obj: Obj) -> list[Cause]:
        """What is wrong with a new object."""
        held = obj.get("metadata") or {}
        wrong = self._type_meta(obj)
        if wrong:
            return wrong
        found = metadata.create(held, subdomain_1123_errors, qualified_finalizers=False)
        found += values.problems(self.source, obj)
        found += self._scale(obj)
        found += embedded.problems(obj, self.root)
        found += lists.duplicates(obj, self.root)
        return found + self._rules(obj, None, found)

    def check_update(self, new: Obj, old: Obj, subresource: str) -> list[Cause]:
        """What is wrong with a change."""
        held, before = new.get("metadata") or {}, old.get("metadata") or {}
        found = metadata.update(held, before)
        wrong = self._type_meta(new)
        if wrong:
            return found + wrong
        found = found + metadata.update(held, before)
        if subresource == "status":
            found += self._status_problems(new, old)
        else:
            found += values.problems(self.source, new, old=old)
        found += self._scale(new)
        found += embedded.problems(new, self.root)
        if not lists.duplicates(old, self.root):
            found += lists.duplicates(new, self.root)
        return found + self._rules(new, old, found)

    def warned_of(self, new: Obj, old: Obj | None) -> list[str]:
        """New finalizers that other writers may use as well (ValidateFinalizers of the strategy)."""
        before = set((old or {}).get("metadata", {}).get("finalizers") or ())
        added = sorted(set(new["metadata"].get("finalizers") or ()) - before)
        return [
            f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name including a path (/) to avoid '
            "accidental conflicts with other finalizer writers"
            for name in added
            if "/" not in name and name not in STANDARD_FINALIZERS
        ]

    def _type_meta(self, obj: Obj) -> list[Cause]:
        if obj.get("kind") != self.gvk.kind:
            return [causes.invalid("kind", obj.get("kind") or "", f"must be {self.gvk.kind}")]
        if obj.get("apiVersion") != self.gvk.api_version:
            return [causes.invalid("apiVersion", obj.get("apiVersion") or "", f"must be {self.gvk.api_version}")]
        return []

    def _status_problems(self, new: Obj, old: Obj) -> list[Cause]:
        if "status" not in new or self._status is None:
            return []
        return values.problems(self._status, new["status"], "status", old=old.get("status", ABSENT))

    def _scale(self, obj: Obj) -> list[Cause]:
        return self.scale.problems(obj) if self.scale is not None else []

    def _rules(self, new: Obj, old: Obj | None, found: list[Cause]) -> list[Cause]:
        if self._expressions.none:
            return []
        if any(cause.reason in _BLOCKING for cause in found):
            return [Cause(NOWHERE, "FieldValueInvalid", f"Invalid value: null: {_UNCHECKED}")]
        return self._expressions.problems(new, old)


def _deprecation(
    version: Mapping[str, Any], gvk: GroupVersionKind, versions: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """What whoever uses a deprecated version is told (defaultDeprecationWarning)."""
    if not version.get("deprecated"):
        return ()
    if version.get("deprecationWarning"):
        return (version["deprecationWarning"],)
    text, mine = f"{gvk.api_version} {gvk.kind} is deprecated", priority(gvk.version)
    others = [one["name"] for one in versions if one.get("served") and not one.get("deprecated")]
    better = sorted((one for one in others if priority(one) < mine), key=priority)
    return (f"{text}; use {gvk.group}/{better[0]} {gvk.kind}" if better else text,)
