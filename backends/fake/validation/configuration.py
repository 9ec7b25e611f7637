"""ConfigMap and Secret: defaults and rules.

Rules: `ValidateConfigMap` and `ValidateSecret` in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson

from backends.fake import gojson
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import config_key_errors

Obj = dict[str, Any]

_JSON_KINDS = {list: "array", str: "string", bool: "bool"}

MAX_BYTES = 1024 * 1024
"""Of all values of one object, decoded."""

_IMMUTABLE = "field is immutable when `immutable` is set"
_REQUIRED_KEYS = {"kubernetes.io/tls": ("tls.crt", "tls.key")}
_DOCKER_KEYS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}


def secret_defaults(obj: Obj) -> None:
    """The type is Opaque; stringData becomes data and is gone."""
    obj.setdefault("type", "Opaque")
    texts = obj.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def config_map(obj: Obj) -> list[Cause]:
    """Keys are file names, in one of the two maps, and all values fit into `MAX_BYTES`."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    found: list[Cause] = []
    for name, mine, other, where in (("data", data, binary, "binaryData"), ("binaryData", binary, data, "data")):
        for key in mine:
            found += [causes.invalid(f"{name}[{key}]", key, text) for text in config_key_errors(key)]
            if key in other:
                found.append(causes.invalid(f"{name}[{key}]", key, f"duplicate of key present in {where}"))
    if _bytes_of(data, _text_size) + _bytes_of(binary, _encoded_size) > MAX_BYTES:
        found.append(causes.too_long("[]", MAX_BYTES))
    return found


def config_map_update(new: Obj, old: Obj) -> list[Cause]:
    """An immutable ConfigMap keeps its content, and stays immutable."""
    return _frozen(new, old, ("data", "binaryData")) + config_map(new)


def secret(obj: Obj) -> list[Cause]:
    """Keys are file names, values fit into `MAX_BYTES`, and the keys that the type asks for are there."""
    data = obj.get("data") or {}
    found = [causes.invalid(f"data[{key}]", key, text) for key in data for text in config_key_errors(key)]
    if _bytes_of(data, _encoded_size) > MAX_BYTES:
        found.append(causes.too_long("data", MAX_BYTES))
    return found + _typed(obj, data, obj.get("type", ""))


def _typed(obj: Obj, data: Obj, kind: str) -> list[Cause]:
    if kind in _REQUIRED_KEYS:
        return [causes.required(f"data[{key}]") for key in _REQUIRED_KEYS[kind] if key not in data]
    if kind in _DOCKER_KEYS:
        return _docker(f"data[{_DOCKER_KEYS[kind]}]", data.get(_DOCKER_KEYS[kind]))
    if kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        return [causes.required("data[username]"), causes.required("data[password]")]
    if kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        return [causes.required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/service-account-token":
        name = "kubernetes.io/service-account.name"
        have = obj["metadata"].get("annotations") or {}
        return [] if have.get(name) else [causes.required(f"metadata.annotations[{name}]")]
    return []


def _docker(path: str, encoded: str | None) -> list[Cause]:
    if encoded is None:
        return [causes.required(path)]
    content = base64.b64decode(encoded)
    error = gojson.error_in(content)
    if error is None:
        try:
            value = orjson.loads(content.decode("utf-8", "replace"))
        except orjson.JSONDecodeError as refused:
            error = str(refused)
        else:
            if value is None or isinstance(value, dict):
                return []
            kind = _JSON_KINDS.get(type(value), "number")
            error = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    return [causes.invalid(path, "<secret contents redacted>", error)]


def secret_update(new: Obj, old: Obj) -> list[Cause]:
    """A Secret keeps its type; an immutable one its content too."""
    found: list[Cause] = []
    if new.get("type") != old.get("type"):
        found.append(causes.invalid("type", new.get("type", ""), "field is immutable"))
    return found + _frozen(new, old, ("data",)) + secret(new)


def _frozen(new: Obj, old: Obj, members: tuple[str, ...]) -> list[Cause]:
    if not old.get("immutable"):
        return []
    found = [] if new.get("immutable") else [causes.forbidden("immutable", _IMMUTABLE)]
    return found + [causes.forbidden(name, _IMMUTABLE) for name in members if new.get(name) != old.get(name)]


def _bytes_of(values: dict[str, str], size: Callable[[str], int]) -> int:
    return sum(size(value) for value in values.values())


def _text_size(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode())


def _encoded_size(value: str) -> int:
    return len(value) * 3 // 4 - value[-2:].count("=")
