"""Strategic merge patch: lists merge by the keys that the kind's schema declares.

Rules: k8s.io/apimachinery/pkg/util/strategicpatch, function for function (`mergeMap`, `mergeSlice`, `$setElementOrder`,
`$retainKeys`, `$deleteFromPrimitiveList`, `$patch`), since the order of elements and the error texts follow from how it
is done there. Most mistakes in a patch are answered with 500, as there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backends.fake.patching.errors import failed, unreadable
from backends.fake.patching.shown import go_format
from backends.fake.schema.types import Field, ListType, MapType, StructType, Type
from backends.fake.schema.wording import json_kind

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_DELETE_PREFIX = "$deleteFromPrimitiveList"
_ORDER_PREFIX = "$setElementOrder"

Map = dict[str, Any]


def check(patch: object) -> None:
    """Refuse what is no object. Raises `PatchError` (400)."""
    if patch is not None and not isinstance(patch, dict):
        kind = json_kind(patch)
        raise unreadable(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")


def apply(doc: Map, patch: Map, of: StructType) -> Map:
    """The merged document, by the schema of its kind. Raises `PatchError` (400, 500) for a patch without sense."""
    return _merge_map(doc, patch or {}, of)


def _merge_map(original: Map, patch: Map, of: Type) -> Map:
    if _DIRECTIVE in patch:
        return _directed(patch)
    merged, patch = dict(original), dict(patch)
    _retain_keys(merged, patch)
    _set_element_orders(merged, patch, of)
    for name, value in patch.items():
        deleting = name.startswith(_DELETE_PREFIX)
        key = _key_of(name, _DELETE_PREFIX) if deleting else name
        if value is None:
            merged.pop(key, None)
        elif key not in merged or _kind_of(merged[key]) != _kind_of(value):
            if not deleting:
                _take(merged, key, value)
        elif isinstance(value, dict):
            merged[key] = _merge_member(merged[key], value, _field(of, key))
        elif isinstance(value, list):
            merged[key] = _merge_list_member(merged[key], value, _field(of, key), deleting=deleting)
        else:
            merged[key] = value
    return merged


def _directed(patch: Map) -> Map:
    if patch[_DIRECTIVE] == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if patch[_DIRECTIVE] == "delete":
        return {}
    raise failed(f"unknown patch type: {go_format(patch[_DIRECTIVE])} in map: {go_format(patch)}")


def _take(merged: Map, key: str, value: Any) -> None:
    """A value that is new to the document is taken as it is, without its nulls and what carries a directive."""
    kept = _stripped(value)
    if kept is None:
        merged.pop(key, None)
    else:
        merged[key] = kept


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return None
        members = ((key, _stripped(member)) for key, member in value.items() if member is not None)
        return {key: member for key, member in members if member is not None}
    if isinstance(value, list):
        items = [item if item is None else _stripped(item) for item in value]
        return [item for item, given in zip(items, value, strict=True) if item is not None or given is None]
    return value


def _kind_of(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer"
    return json_kind(value)


def _field(of: Type, key: str) -> Field:
    if isinstance(of, StructType):
        if key in of.fields:
            return of.fields[key]
        raise failed(f'unable to find api field in struct {of.go_name.rpartition(".")[2]} for the json field "{key}"')
    if isinstance(of, MapType):
        return Field(key, of.element, pointer=False, omit_empty=False, omit_zero=False, required=False)
    raise failed("merging an object in json but data type is not struct, instead is: slice")


def _strategy(field: Field) -> str:
    return next((strategy for strategy in field.strategies if strategy != "retainKeys"), "")


def _merge_member(original: Map, patch: Map, field: Field) -> Map:
    if _strategy(field) == "replace":
        return patch
    return _merge_map(original, patch, field.type)


def _merge_list_member(original: list[Any], patch: list[Any], field: Field, *, deleting: bool) -> list[Any]:
    if _strategy(field) != "merge" and not deleting:
        return patch
    return _merge_list(original, patch, field, deleting=deleting)


# ------------------------------------------------------------------------------------------------------------- lists


def _merge_list(original: list[Any], patch: list[Any], field: Field, *, deleting: bool) -> list[Any]:
    if not original and not patch:
        return original
    if not _holds_maps(original, patch):
        if deleting:
            return [item for item in original if item not in patch]
        merged = list(dict.fromkeys([*original, *patch]))
        return _ordered(merged, patch, original, _identity)
    if not field.merge_key:
        element = field.type.element if isinstance(field.type, ListType) else field.type
        raise failed(f"cannot merge lists without merge key for {element.go_name}")
    key = field.merge_key
    original, patch = _with_directives(original, patch, key)
    merged = _merge_elements(original, patch, field)
    return _ordered(merged, patch, original, _reader(key))


def _holds_maps(*lists: list[Any]) -> bool:
    """Are the elements maps? Raises `PatchError` when they are lists or of several types."""
    kinds = {_kind_of(item) for items in lists for item in items}
    if "array" in kinds:
        raise failed("lists of lists are not supported")
    if len(kinds) > 1:
        raise failed(f"list element types are not identical: {' '.join(sorted(kinds))}")
    return kinds == {"object"}


def _with_directives(original: list[Map], patch: list[Map], key: str) -> tuple[list[Map], list[Map]]:
    """Obey elements that carry `$patch`; what is left are the original's and the patch's plain elements."""
    plain: list[Map] = []
    replacing = False
    for element in patch:
        directive = element.get(_DIRECTIVE)
        if _DIRECTIVE not in element:
            plain.append(element)
        elif directive == "delete":
            value = _merge_value(element, key)
            original = [item for item in original if key not in item or item[key] != value]
        elif directive == "replace":
            replacing = True
        elif directive == "merge":
            raise failed("merging lists cannot yet be specified in the patch")
        else:
            raise failed(f"unknown patch type: {go_format(directive)} in map: {go_format(element)}")
    return (plain, []) if replacing else (original, plain)


def _merge_elements(original: list[Map], patch: list[Map], field: Field) -> list[Map]:
    element_type = field.type.element if isinstance(field.type, ListType) else field.type
    merged = list(original)
    for element in patch:
        value = _merge_value(element, field.merge_key)
        place = next((number for number, item in enumerate(merged) if item.get(field.merge_key) == value), None)
        if place is None:
            merged.append(_stripped(element))
        else:
            merged[place] = _merge_map(merged[place], element, element_type)
    return merged


def _merge_value(element: Map, key: str) -> Any:
    if key not in element:
        raise failed(f"map: {go_format(element)} does not contain declared merge key: {key}")
    return element[key]


# ------------------------------------------------------------------------------------------------------------- order

Identify = Callable[[Any], Any]


def _identity(item: Any) -> Any:
    return item


def _reader(key: str) -> Identify:
    return lambda item: _merge_value(item, key)


def _ordered(merged: list[Any], wanted: list[Any], live: list[Any], identify: Identify) -> list[Any]:
    """`merged` with the elements of `wanted` in its order, and the others between them as they stood in `live`.

    The server puts an element that only it has before the first wanted one that is known to stand behind it.
    """
    wanted_at = _places(wanted, identify)
    live_at = _places(live, identify)
    asked = [item for item in merged if identify(item) in wanted_at]
    others = [item for item in merged if identify(item) not in wanted_at]
    asked.sort(key=lambda item: wanted_at[identify(item)])
    others.sort(key=lambda item: live_at.get(identify(item), -1))
    out: list[Any] = []
    left = right = 0
    while left < len(others) and right < len(asked):
        mine, theirs = live_at.get(identify(others[left]), -1), live_at.get(identify(asked[right]), -1)
        if 0 <= mine < theirs:
            out.append(others[left])
            left += 1
        else:
            out.append(asked[right])
            right += 1
    return [*out, *others[left:], *asked[right:]]


def _places(items: list[Any], identify: Identify) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for number, item in enumerate(items):
        places.setdefault(identify(item), number)
    return places


def _set_element_orders(merged: Map, patch: Map, of: Type) -> None:
    for name in [name for name in patch if name.startswith(_ORDER_PREFIX)]:
        order = patch.pop(name)
        key = _key_of(name, _ORDER_PREFIX)
        if not isinstance(order, list):
            raise _wrong_argument(order)
        for value in (merged.get(key), patch.get(key)):
            if value is not None and not isinstance(value, list):
                raise _wrong_argument(value)
        _set_element_order(merged, patch, _field(of, key), order)


def _set_element_order(merged: Map, patch: Map, field: Field, order: list[Any]) -> None:
    key = field.name
    live, given = merged.get(key), patch.get(key)
    _check_order(given or [], order, field.merge_key)
    if key not in merged and key not in patch:
        return
    if key not in patch:
        items = live or []
    elif key not in merged:
        items = _stripped(given) or []
    else:
        items = _merge_list_member(live or [], given or [], field, deleting=False)
    identify = _reader(field.merge_key) if field.merge_key else _identity
    merged[key] = _ordered(items, order, live or [], identify)
    patch.pop(key, None)


def _check_order(given: list[Any], order: list[Any], key: str) -> None:
    """Every element that the patch gives must stand in the order list, in the same order."""
    if not given or not isinstance(given[0], dict) or not key:
        names, places = given, order
    else:
        names = [_merge_value(item, key) for item in given if _DIRECTIVE not in item]
        places = [_merge_value(item, key) for item in order]
    position = 0
    for name in names:
        while position < len(places) and places[position] != name:
            position += 1
        if position >= len(places):
            shown = f"{go_format(given)}\n doesn't match {_ORDER_PREFIX} list:\n{go_format(order)}\n"
            raise failed(f"The order in patch list:\n{shown}")
        position += 1


def _wrong_argument(value: object) -> Exception:
    return failed(f"expected a []interface {{}}, but received a {json_kind(value)}")


def _retain_keys(merged: Map, patch: Map) -> None:
    if _RETAIN_KEYS not in patch:
        return
    keys = patch.pop(_RETAIN_KEYS)
    if not isinstance(keys, list):
        raise unreadable("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((_DELETE_PREFIX, _ORDER_PREFIX)) and key not in keys:
            raise unreadable("invalid patch format of retainKeys")
    for key in [key for key in merged if key not in keys]:
        del merged[key]


def _key_of(name: str, prefix: str) -> str:
    words = name.split("/")
    if len(words) != 2 or words[0] != prefix:
        what = "primitive list" if prefix == _DELETE_PREFIX else "setElementOrder list"
        raise unreadable(f"invalid patch format of {what}")
    return words[1]
