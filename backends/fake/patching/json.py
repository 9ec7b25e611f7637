"""JSON patch as the API server applies it: RFC 6902 with the liberties of gopkg.in/evanphx/json-patch.v4.

The liberties, all seen on a real server: `replace` of a missing member sets it; what stands before the first slash of a
path is ignored; a missing member equals null in `test`; array indexes may be negative; the root itself cannot be
addressed. Whatever does not apply is one and the same 422, and nothing is changed then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from backends.fake.patching.errors import PatchError, unfit, unreadable
from backends.fake.patching.shown import shown_json
from backends.fake.schema.wording import json_kind

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = 3 * 1024 * 1024

_INDEX = re.compile(r"[+-]?[0-9]+")
_MEMBERS = ("op", "path", "from", "value")
_MISSING = object()


def check(patch: object) -> None:
    """Refuse what is no list of operations, as the server does before it looks at the object.

    Raises `PatchError`: 400 for wrong JSON types, 413 for more than `MAX_OPERATIONS`.
    """
    if patch is not None and not isinstance(patch, list):
        raise unreadable(_type_error(patch, "[]handlers.jsonPatchOp"))
    for operation in patch or ():
        if operation is not None and not isinstance(operation, dict):
            raise unreadable(_type_error(operation, "handlers.jsonPatchOp"))
        for name in ("op", "path", "from"):
            value = (operation or {}).get(name)
            if value is not None and not isinstance(value, str):
                text = (
                    f"json: cannot unmarshal {json_kind(value)} into Go struct field jsonPatchOp.{name} of type string"
                )
                raise unreadable(f"error decoding patch: {text}")
    if patch is not None and len(patch) > MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        raise PatchError(413, "RequestEntityTooLarge", f"Request entity is too large: {text}")


def unknown_members(patch: list[Any]) -> list[str]:
    """The strict errors of the patch itself: members that no operation has. `check` it first."""
    found = [
        f'json patch unknown field "[{number}].{name}"'
        for number, operation in enumerate(patch)
        for name in operation or ()
        if name not in _MEMBERS
    ]
    return list(dict.fromkeys(found))


def apply(doc: dict[str, Any], patch: list[Any]) -> dict[str, Any]:
    """The document after all operations. `check` the patch first. Raises `PatchError` (422) when one does not apply."""
    return _Patching(doc).run(patch or [])


def _type_error(value: object, go_type: str) -> str:
    return f"error decoding patch: json: cannot unmarshal {json_kind(value)} into Go value of type {go_type}"


class _Patching:
    """One application: containers are copied when first looked into, so the given document stays as it is."""

    def __init__(self, doc: dict[str, Any]) -> None:
        self._root = dict(doc)
        self._own: dict[int, Any] = {id(self._root): self._root}
        self._copied = 0

    def run(self, patch: list[Any]) -> dict[str, Any]:
        for operation in patch:
            act = _ACTS.get((operation or {}).get("op") or "")
            if act is None:
                raise unfit()
            act(self, operation)
        for container in self._own.values():
            if isinstance(container, dict):
                _sort(container)
        return self._root

    def add(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("path"))
        _insert(holder, key, operation.get("value"))

    def remove(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("path"))
        _delete(holder, key)

    def replace(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("path"))
        _get(holder, key)
        if isinstance(holder, dict):
            holder[key] = operation.get("value")
        else:
            holder[_index(key, len(holder))] = operation.get("value")

    def move(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("from"))
        value = _get(holder, key)
        _delete(holder, key)
        holder, key = self._find(operation.get("path"))
        _insert(holder, key, None if value is _MISSING else value)

    def copy(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("from"))
        value = _get(holder, key)
        copied = None if value is _MISSING else _deep_copy(value)
        self._copied += len(shown_json(copied))
        if self._copied > MAX_COPIED_BYTES:
            raise unfit()
        holder, key = self._find(operation.get("path"))
        _insert(holder, key, copied)

    def test(self, operation: dict[str, Any]) -> None:
        holder, key = self._find(operation.get("path"))
        value = _get(holder, key)
        wanted = operation.get("value")
        if not _equal(None if value is _MISSING else value, wanted):
            raise unfit()

    def _find(self, path: object) -> tuple[Any, str]:
        """The container that a path ends in, now our own copy, and the last key."""
        words = path.split("/") if isinstance(path, str) else []
        if len(words) < 2:
            raise unfit()
        holder: Any = self._root
        for word in words[1:-1]:
            holder = self._enter(holder, _unescape(word))
        return holder, _unescape(words[-1])

    def _enter(self, holder: Any, key: str) -> Any:
        found = _get(holder, key)
        if type(found) is not dict and type(found) is not list:
            raise unfit()
        if id(found) in self._own:
            return found
        ours = found.copy()
        self._own[id(ours)] = ours
        if isinstance(holder, dict):
            holder[key] = ours
        else:
            holder[_index(key, len(holder))] = ours
        return ours


_ACTS: dict[str, Callable[[_Patching, dict[str, Any]], None]] = {
    "add": _Patching.add,
    "remove": _Patching.remove,
    "replace": _Patching.replace,
    "move": _Patching.move,
    "copy": _Patching.copy,
    "test": _Patching.test,
}


def _unescape(word: str) -> str:
    return word.replace("~1", "/").replace("~0", "~") if "~" in word else word


def _get(holder: Any, key: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(key, _MISSING)
    return holder[_index(key, len(holder))]


def _insert(holder: Any, key: str, value: object) -> None:
    if isinstance(holder, dict):
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        holder.insert(_index(key, len(holder) + 1), value)


def _delete(holder: Any, key: str) -> None:
    if isinstance(holder, list):
        del holder[_index(key, len(holder))]
    elif key in holder:
        del holder[key]
    else:
        raise unfit()


def _index(key: str, size: int) -> int:
    """An index into a list of `size` places; negative ones count from the end. Raises `PatchError`."""
    if not _INDEX.fullmatch(key) or len(key) > 19:
        raise unfit()
    index = int(key)
    if not -size <= index < size:
        raise unfit()
    return index % size


def _equal(have: object, want: object) -> bool:
    """Equal as JSON texts are: 1 is neither 1.0 nor true."""
    if type(have) is not type(want):
        return False
    if isinstance(have, dict) and isinstance(want, dict):
        return have.keys() == want.keys() and all(_equal(have[key], want[key]) for key in have)
    if isinstance(have, list) and isinstance(want, list):
        return len(have) == len(want) and all(map(_equal, have, want))
    return have == want


def _deep_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _deep_copy(member) for key, member in value.items()}
    return [_deep_copy(item) for item in value] if isinstance(value, list) else value


def _sort(container: dict[str, Any]) -> None:
    """What the server has looked into is written back with sorted keys; messages show it so."""
    members = sorted(container.items())
    container.clear()
    container.update(members)
