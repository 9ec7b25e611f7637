"""`Schema`: the door to the types. The request chain decodes bodies here; everything else asks it for a kind."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import orjson

from backends.fake.nesting import TOO_DEEP, is_too_deep
from backends.fake.schema import decoding, strict, wording
from backends.fake.schema.decoding import Decoded, DecodeError, MismatchError
from backends.fake.schema.types import StructType, document, struct


class GroupVersionKind(NamedTuple):
    """Which kind: the group ("" is the core group), the version and the kind. A plain tuple of the three does too."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`: what stands in an object's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version


class KindSchema:
    """One built-in kind."""

    def __init__(self, gvk: GroupVersionKind, of: StructType) -> None:
        self.gvk = gvk
        self.type = of
        self._decode = decoding.compiled(of)
        self._amend = decoding.amending(of)

    def decode(
        self,
        value: dict[str, Any],
        body: bytes | None = None,
        *,
        strictly: bool = True,
        before: Mapping[str, Any] | None = None,
    ) -> Decoded:
        """Read `value`, parsed from `body`, as an object of this kind.

        The answer's object is fresh, complete and in the server's order; `value` is not changed (its opaque parts,
        such as managedFields, are shared). `before` is the decoded object that `value` was made of: what is in a member
        that is the same in both is shared, too. `strict_errors` needs `body` for duplicate members, which a parsed
        value no longer shows; it stays empty unless `strictly`. Raises `DecodeError` for wrong JSON types, and for
        values that are nested more than 254 deep (a real server takes 10,000).
        """
        try:
            return self._read(value, body, strictly, before)
        except MismatchError:
            raise DecodeError(wording.json_error(self.type, value)) from None
        except TOO_DEEP as error:
            if not is_too_deep(error):
                raise
            raise DecodeError("exceeded max depth") from None

    def _read(
        self, value: dict[str, Any], body: bytes | None, strictly: bool, before: Mapping[str, Any] | None
    ) -> Decoded:
        unknown: list[str] = []
        read = self._decode(value, unknown) if before is None else self._amend(value, before, unknown)
        read.pop("kind", None)
        read.pop("apiVersion", None)
        found = {"kind": self.gvk.kind, "apiVersion": self.gvk.api_version, **read}
        if not strictly:
            return Decoded(found, [])
        if body is not None and may_repeat_members(body, value):
            return Decoded(found, strict.errors_in_text(self.type, body))
        return Decoded(found, strict.errors_in_value(self.type, value) if unknown else [])

    def convert(
        self, value: dict[str, Any], *, strictly: bool = True, before: Mapping[str, Any] | None = None
    ) -> Decoded:
        """`decode` for a merged map, as after a strategic merge: the same, with that path's error texts."""
        try:
            return self.decode(value, strictly=strictly, before=before)
        except DecodeError:
            raise DecodeError(wording.conversion_error(self.type, value)) from None


class Schema:
    """All built-in kinds. Loading is cheap: the file is read once a process, a kind is compiled when asked for."""

    @classmethod
    @functools.cache
    def load(cls) -> Self:
        """The schema of the release that the server imitates."""
        return cls()

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], KindSchema | None] = {}

    def kind(self, group: str, version: str, kind: str) -> KindSchema | None:
        """The schema of a kind, None when there is no such built-in kind."""
        key = (group, version, kind)
        if key not in self._kinds:
            name = document()["kinds"].get(f"{group}/{version}/{kind}")
            gvk = GroupVersionKind(*key)
            self._kinds[key] = KindSchema(gvk, struct(name)) if name is not None else None
        return self._kinds[key]

    def unknown_fields(self, gvk: tuple[str, str, str], value: dict[str, Any], body: bytes | None = None) -> list[str]:
        """The lines of the strict decoding error: `unknown field "spec.foo"`, `duplicate field "data.a"`.

        Raises `KeyError` for an unknown kind and `DecodeError` as `KindSchema.decode` does.
        """
        return self._known(gvk).decode(value, body).strict_errors

    def decode_errors(self, gvk: tuple[str, str, str], value: dict[str, Any]) -> str | None:
        """What the server says of wrong JSON types in `value`, None when there are none. Raises `KeyError`."""
        try:
            self._known(gvk).decode(value, strictly=False)
        except DecodeError as error:
            return str(error)
        return None

    def _known(self, gvk: tuple[str, str, str]) -> KindSchema:
        found = self.kind(*gvk)
        if found is None:
            raise KeyError(gvk)
        return found


def repeated_members(body: bytes, value: object) -> list[str]:
    """The strict errors of a text without a type, as a patch is one: `duplicate field "data.a"`."""
    return strict.repeated_members(body) if may_repeat_members(body, value) else []


def may_repeat_members(body: bytes, value: object) -> bool:
    """Does an object of `body` name a member twice? Cheap, and True when in doubt.

    `value` is what `body` parses to, where repeated members are already lost, and with them the quotes around their
    names: JSON of it has fewer that begin or end a text than `body`.
    """
    try:
        again = orjson.dumps(value)
    except TypeError as error:
        if not is_too_deep(error):
            raise
        return True
    return _quotes(body) != _quotes(again)


def _quotes(text: bytes) -> int:
    """How many quotes of a JSON text begin or end one of its strings."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return text.count(b'"')
