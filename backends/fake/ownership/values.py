"""Objects as their shapes see them: what fields they have, how two of them differ, what one takes over from another.

Pure functions over plain JSON data; inputs are never changed, results may share what did not change. Called by
`managers` and `applying`. From sigs.k8s.io/structured-merge-diff/v6/typed (tofieldset.go, compare.go, merge.go,
remove.go, validate.go), whose order of list elements and whose texts are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from backends.fake.ownership import fieldsets
from backends.fake.ownership.fieldsets import SELF, Fields
from backends.fake.ownership.shapes import DEDUCED, Items, Leaf, Map, Shape
from backends.fake.patching import shown_json

ABSENT: Any = object()
"""What stands for a value that is not there; None is JSON's null."""


class Comparison(NamedTuple):
    """How a new object differs from an old one."""

    added: Fields
    removed: Fields
    modified: Fields


def element_of(shape: Items, item: Any) -> str:
    """How a set of fields names this item. Raises `ValueError` for one that cannot be told from others."""
    if not shape.keys:
        if isinstance(item, dict | list):
            kind = "a map" if isinstance(item, dict) else "a list"
            raise ValueError(f"associative list without keys has an element that's {kind} type")
        return f"v:{shown_json(item)}"
    if not isinstance(item, dict):
        raise ValueError("associative list with keys may not have non-map elements")
    values = {}
    for key in shape.keys:
        value = item.get(key, shape.defaults.get(key, ABSENT))
        if value is ABSENT:
            raise ValueError(
                f'associative list with keys has an element that omits key field "{key}" '
                "(and doesn't have default value)"
            )
        values[key] = value
    return f"k:{shown_json(values)}"


def _indexed(shape: Items, items: list[Any] | None) -> dict[str, Any]:
    """The items by their names; of two with one name the first counts, and one without a name none."""
    found: dict[str, Any] = {}
    for item in items or ():
        try:
            found.setdefault(element_of(shape, item), item)
        except ValueError:
            continue  # what is stored was valid when it came; such an item has no owner
    return found


# ---- which fields are there


def fields_of(shape: Shape, value: Any) -> Fields:
    """The fields that somebody who applies `value` lays claim to (ToFieldSet)."""
    if isinstance(shape, Map):
        return _fields_of_map(shape, value) if isinstance(value, dict) else {}
    if isinstance(shape, Items):
        items = _indexed(shape, value if isinstance(value, list) else None)
        return {element: _claimed(shape.element, items[element], whole=True) for element in fieldsets.in_order(items)}
    return {}


def _fields_of_map(shape: Map, value: dict[str, Any]) -> Fields:
    found: Fields = {}
    for name in sorted(value):
        child, member = shape.child(name), value[name]
        if child is None:
            continue
        if isinstance(child, Items) and member is not None and not member:
            continue  # an empty list has no elements to own
        whole = name not in shape.fields
        claimed = _claimed(child, member, whole=whole)
        if not claimed and member and not whole and not isinstance(child, Leaf):
            continue  # nor has a struct with nothing but empty lists
        found[f"f:{name}"] = claimed
    return found


def _claimed(shape: Shape, value: Any, *, whole: bool) -> Fields:
    if isinstance(shape, Leaf) or not value:
        return {}
    below = fields_of(shape, value)
    return {SELF: {}, **below} if whole and below else below


# ---- how do two objects differ


def compare(shape: Shape, old: Any, new: Any) -> Comparison:
    """What `new` has that `old` has not, and the other way round, and what is different."""
    found = Comparison({}, {}, {})
    if isinstance(shape, Map):
        _compare_maps(shape, old or {}, new or {}, found)
    elif isinstance(shape, Items):
        _compare_items(shape, _indexed(shape, old), _indexed(shape, new), found)
    return found


def _compare_maps(shape: Map, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    for name in sorted(_different(old, new)):
        child = shape.child(name)
        if child is not None:
            _compare(child, f"f:{name}", old.get(name, ABSENT), new.get(name, ABSENT), found)


def _compare_items(shape: Items, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    for element in fieldsets.in_order(_different(old, new)):
        _compare(shape.element, element, old.get(element, ABSENT), new.get(element, ABSENT), found)


def _different(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The names of what is not the same in both, or not in both."""
    found = [name for name, value in new.items() if old.get(name, ABSENT) != value]
    return found + [name for name in old if name not in new]


def _compare(shape: Shape, element: str, old: Any, new: Any, found: Comparison) -> None:
    """Two values of one element that are not equal; one of them may be absent."""
    if old is ABSENT:
        found.added[element] = everything(shape, new)
    elif new is ABSENT:
        found.removed[element] = everything(shape, old)
    elif isinstance(shape, Leaf) or (not old and not new) or _is_one(shape, old, new):
        found.modified[element] = {}
    else:
        for whole, part in zip(found, compare(shape, old, new), strict=True):
            if part:
                whole[element] = part


def _is_one(shape: Shape, *values: Any) -> bool:
    """Whether values of a shape that they tell themselves are one field."""
    return shape is DEDUCED and not all(isinstance(value, dict) for value in values)


def everything(shape: Shape, value: Any) -> Fields:
    """A value with all that is below it, as a node of a set."""
    if isinstance(shape, Leaf) or not value or _is_one(shape, value):
        return {}
    node: Fields = {SELF: {}}
    if isinstance(shape, Map):
        for name in sorted(value):
            child = shape.child(name)
            if child is not None:
                node[f"f:{name}"] = everything(child, value[name])
    else:
        items = _indexed(shape, value)
        for element in fieldsets.in_order(items):
            node[element] = everything(shape.element, items[element])
    return node if len(node) > 1 else {}


# ---- what one takes over from the other


def merge(shape: Shape, live: Any, applied: Any) -> Any:
    """`live` with what `applied` says: its fields win, its list elements join those that are there."""
    if isinstance(shape, Leaf) or (not live and not applied) or _is_one(shape, live, applied):
        return applied
    if isinstance(shape, Map):
        return _merge_maps(shape, live or {}, applied or {})
    return _merge_items(shape, live or [], applied or [])


def _merge_maps(shape: Map, live: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    for name, value in applied.items():
        child = shape.child(name)
        if child is not None:
            merged[name] = merge(child, live[name], value) if name in live else value
    return merged


def _merge_items(shape: Items, live: list[Any], applied: list[Any]) -> list[Any]:
    old, new = _indexed(shape, live), _indexed(shape, applied)
    return [
        merge(shape.element, old[element], new[element])
        if element in old and element in new
        else new.get(element, old.get(element))
        for element in _order(list(old), list(new))
    ]


def _order(old: list[str], new: list[str]) -> Iterator[str]:
    """The elements of both: `new` in its own order, and what only `old` has before what it stood before."""
    in_old, in_new = set(old), set(new)
    shared = iter([element for element in new if element in in_old])
    wanted = next(shared, None)
    left = right = 0
    while left < len(old) or right < len(new):
        if left < len(old) and right < len(new):
            if old[left] == new[right]:
                yield new[right]
                left, right, wanted = left + 1, right + 1, next(shared, None)
                continue
            if old[left] in in_new and wanted is not None and wanted != old[left]:
                left += 1  # it comes later, where `new` has it
                continue
        if left < len(old) and old[left] not in in_new:
            yield old[left]
            left += 1
        elif right < len(new):
            yield new[right]
            wanted = next(shared, None) if new[right] == wanted else wanted
            right += 1
        else:
            left += 1


# ---- what is taken away


def pruned(shape: Shape, value: Any, fields: Fields) -> Any:
    """`value` without the fields of a set; what is left of a map or list by that is None."""
    if isinstance(shape, Map) and isinstance(value, dict):
        return _pruned_map(shape, value, fields) or None
    if isinstance(shape, Items) and isinstance(value, list):
        return _pruned_items(shape, value, fields) or None
    return value if not isinstance(shape, Leaf) or shape.kind not in ("list", "map") else None


def _pruned_map(shape: Map, value: dict[str, Any], fields: Fields) -> dict[str, Any]:
    kept = {}
    for name, member in value.items():
        element = f"f:{name}"
        if fieldsets.is_in(fields, element):
            continue
        below, child = fieldsets.below(fields, element), shape.child(name)
        kept[name] = pruned(child, member, below) if below and child is not None else member
    return kept


def _pruned_items(shape: Items, value: list[Any], fields: Fields) -> list[Any]:
    kept = []
    for item in value:
        try:
            element = element_of(shape, item)
        except ValueError:
            kept.append(item)
            continue
        if not fieldsets.is_in(fields, element):
            below = fieldsets.below(fields, element)
            kept.append(pruned(shape.element, item, below) if below else item)
    return kept


def with_named(shape: Shape, fields: Fields) -> Fields:
    """The set with every struct field on the way to a member as a member too (EnsureNamedFieldsAreMembers)."""
    found: Fields = {}
    for element, node in fields.items():
        if element == SELF:
            found[element] = node
            continue
        child = _child(shape, element)
        below = with_named(child, node) if child is not None and node else node
        named = isinstance(shape, Map) and element[2:] in shape.fields
        found[element] = {SELF: {}, **below} if named and below and SELF not in below else below
    return found


def _child(shape: Shape, element: str) -> Shape | None:
    if isinstance(shape, Map):
        return shape.child(element[2:])
    return shape.element if isinstance(shape, Items) else None


# ---- is it an object of this shape at all


def problems(shape: Shape, value: Any, path: str = "") -> list[str]:
    """What keeps `value` from being applied, each with its path, in the words of the real server."""
    if value is None or shape is DEDUCED:
        return []
    if isinstance(shape, Leaf):
        why = _mismatch(shape.kind, value)
        return [_at(path, why)] if why else []
    if isinstance(shape, Map):
        if not isinstance(value, dict):
            return [_at(path, f"expected map, got {_go_value(value)}")]
        return _map_problems(shape, value, path)
    if not isinstance(value, list):
        return [_at(path, f"expected list, got {_go_value(value)}")]
    return _item_problems(shape, value, path)


def _map_problems(shape: Map, value: dict[str, Any], path: str) -> list[str]:
    found: list[str] = []
    for name, member in value.items():
        child = shape.child(name)
        if child is None:
            return [*found, _at(f"{path}.{name}", "field not declared in schema")]
        found += problems(child, member, f"{path}.{name}")
    return found


def _item_problems(shape: Items, value: list[Any], path: str) -> list[str]:
    found: list[str] = []
    seen = set()
    for number, item in enumerate(value):
        try:
            element = element_of(shape, item)
        except ValueError as error:
            found.append(_at(path, f"element {number}: {error}"))
            continue
        shown = fieldsets.shown_element(element)
        if element in seen:
            found.append(_at(path, f"duplicate entries for key {shown}"))
        seen.add(element)
        found += problems(shape.element, item, f"{path}{shown}")
    return found


def _mismatch(kind: str, value: Any) -> str:
    if kind == "numeric" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return f"expected numeric (int or float), got {_go_type(value)}"
    if kind == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{_go_literal(value)}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got {_go_value(value)}"
    if kind == "list" and not isinstance(value, list):
        return f"expected list, got {_go_value(value)}"
    if kind == "map" and not isinstance(value, dict):
        return f"expected map, got {_go_value(value)}"
    return ""


def _at(path: str, why: str) -> str:
    return f"{path}: {why}" if path else why


def _go_type(value: Any) -> str:
    names = {bool: "bool", str: "string", dict: "map[string]interface {}", list: "[]interface {}"}
    return names.get(type(value), "int64")


def _go_value(value: Any) -> str:
    from backends.fake.patching import go_format

    return f"&{{{go_format(value)}}}"


def _go_literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    return f"{_go_type(value)}{orjson.dumps(value).decode()}"
