"""Objects inside of an object (x-kubernetes-embedded-resource): they have a kind, a version and valid metadata.

From k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta (validation.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backends.fake.custom.structural import Structural
from backends.fake.validation import Cause, causes, metadata
from backends.fake.validation.names import label_1035_errors, subdomain_1123_errors

_GROUP_VERSION = re.compile(r"[^/]+(/[^/]+)?")


def problems(value: Any, schema: Structural | None, path: str = "", *, at_root: bool = True) -> list[Cause]:
    """What is wrong with embedded objects."""
    return list(_walk(value, schema, path, at_root=at_root))


def _walk(value: Any, schema: Structural | None, path: str, *, at_root: bool) -> Iterator[Cause]:
    if schema is None:
        return
    if isinstance(value, dict):
        if schema.embedded and not at_root:
            yield from _object(value, path)
        for name, member in value.items():
            child = schema.properties.get(name)
            if child is not None:
                yield from _walk(member, child, f"{path}.{name}" if path else name, at_root=False)
            elif schema.additional is not None:
                yield from _walk(member, schema.additional, f"{path}[{name}]", at_root=False)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, schema.items, f"{path}[{number}]", at_root=False)


def _object(value: dict[str, Any], path: str) -> Iterator[Cause]:
    version, kind = value.get("apiVersion"), value.get("kind")
    if not version:
        yield causes.required(f"{path}.apiVersion", "must not be empty")
    elif not isinstance(version, str) or _GROUP_VERSION.fullmatch(version) is None:
        yield causes.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if not kind:
        yield causes.required(f"{path}.kind", "must not be empty")
    elif isinstance(kind, str) and (texts := label_1035_errors(kind.lower())):
        text = "may have mixed case, but should otherwise match: " + ",".join(texts)
        yield causes.invalid(f"{path}.kind", kind, text)
    held = value.get("metadata")
    if isinstance(held, dict) and held:
        yield from _metadata(held, f"{path}.metadata")


def _metadata(held: dict[str, Any], path: str) -> Iterator[Cause]:
    """Like any object's, but a name is not required."""
    for cause in metadata.create(held, subdomain_1123_errors, path):
        if cause.reason != "FieldValueRequired" or cause.field != f"{path}.name":
            yield cause
