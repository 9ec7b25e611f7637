"""From a body to a custom resource: metadata by its type, everything else by the schema.

`CustomSchema` is to a custom resource what `KindSchema` is to a built-in kind: patches and creates decode with it. It
prunes; defaults are filled in afterwards, by the rules. From k8s.io/apiextensions-apiserver/pkg/apiserver
(customresource_handler.go, unstructuredSchemaCoercer) and .../schema/objectmeta (coerce.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from backends.fake.custom import pruning
from backends.fake.custom.structural import Structural
from backends.fake.nesting import is_too_deep
from backends.fake.schema import strict, wording
from backends.fake.schema.decoding import Decoded, DecodeError, MismatchError, compiled
from backends.fake.schema.reading import GroupVersionKind, may_repeat_members
from backends.fake.schema.types import StructType, struct

Obj = dict[str, Any]


def object_meta() -> StructType:
    """The type of every object's metadata."""
    return struct("meta.v1.ObjectMeta")


class CustomSchema:
    """The schema of one version of a custom resource."""

    def __init__(self, gvk: GroupVersionKind, root: Structural) -> None:
        self.gvk = gvk
        self.root = root

    def decode(self, value: Obj, body: bytes | None = None, *, strictly: bool = True) -> Decoded:
        """Read `value`, parsed from `body`. The answer's object is fresh; `value` is not changed.

        An object of another kind or version keeps what it has: the rules refuse it later. Raises `DecodeError` for
        metadata of a wrong type.
        """
        obj = _copied(value)
        errors = _repeated(body, value) if strictly and body is not None else []
        errors += [f'unknown field "{path}"' for path in self._coerce(obj)]
        return Decoded(obj, list(dict.fromkeys(errors)) if strictly else [])

    def convert(self, value: Obj, *, strictly: bool = True) -> Decoded:
        """`decode` for what a server-side apply comes to."""
        return self.decode(value, strictly=strictly)

    def empty(self) -> Obj:
        """An object with nothing in it."""
        return {"kind": self.gvk.kind, "apiVersion": self.gvk.api_version}

    def _coerce(self, obj: Obj) -> list[str]:
        gone: list[str] = []
        if "metadata" in obj:
            gone += _typed_metadata(obj)
        if (obj.get("apiVersion"), obj.get("kind")) == (self.gvk.api_version, self.gvk.kind):
            gone += pruning.prune(obj, self.root)
            pruning.drop_nulls(obj, self.root)
            gone += _embedded_metadata(obj, self.root, "", at_root=True)
        return gone


def _copied(value: Obj) -> Obj:
    try:
        copied: Obj = orjson.loads(orjson.dumps(value))
    except TypeError as error:
        if not is_too_deep(error):
            raise
        raise DecodeError("exceeded max depth") from None
    return copied


def _typed_metadata(obj: Obj, path: str = "metadata") -> list[str]:
    """Metadata as its type has it; returns what it does not know. Raises `DecodeError`."""
    of, given, unknown = object_meta(), obj["metadata"], list[str]()
    if given is None:
        obj["metadata"] = {}
        return []
    try:
        read = compiled(of)(given, unknown)
    except MismatchError:
        raise DecodeError(wording.json_error(of, given)) from None
    if read.get("creationTimestamp") is None:
        read.pop("creationTimestamp", None)
    obj["metadata"] = read
    lines = strict.errors_in_value(of, given) if unknown else []
    return [f"{path}.{line.split(chr(34))[1]}" for line in lines]


def _embedded_metadata(value: Any, schema: Structural | None, path: str, *, at_root: bool = False) -> Iterator[str]:
    """Metadata of objects inside of the object."""
    if schema is None:
        return
    if isinstance(value, dict):
        if schema.embedded and not at_root and isinstance(value.get("metadata"), dict):
            yield from _typed_metadata(value, f"{path}.metadata")
        for name, member in value.items():
            if not (at_root and name == "metadata"):
                yield from _embedded_metadata(member, schema.child(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _embedded_metadata(item, schema.items, f"{path}[{number}]")


def _repeated(body: bytes, value: Obj) -> list[str]:
    """The lines about members that a text names twice."""
    if not may_repeat_members(body, value):
        return []
    return list(strict.repeated_members(body))
