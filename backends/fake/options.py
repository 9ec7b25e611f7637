"""The options of a request: CreateOptions, UpdateOptions, PatchOptions, DeleteOptions, and the timeout.

Read and checked before anything of the body is looked at, as the real server does
(k8s.io/apimachinery/pkg/apis/meta/v1/validation). Raises `ApiError` 400 and 422 in its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake import gojson, statuses
from backends.fake.bodies import media_type
from backends.fake.call import Call
from backends.fake.registry import DeleteOptions
from backends.fake.validation import Cause

_FIELD_MANAGER_LIMIT = 128
_AMOUNT = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_UNIT = re.compile(r"[^.0-9]*")
_UNITS = frozenset({"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h"})
_INT64 = 2**63
_NOTHING: Mapping[str, str] = {}
APPLY_PATCH = "application/apply-patch+yaml"
_POLICIES = ("Foreground", "Background", "Orphan")


def check_write(call: Call, kind: str) -> None:
    """Check the options of a write (`kind` is CreateOptions and so on); notes whether it is only tried."""
    query = call.query
    causes = []
    if kind == "PatchOptions" and not query.get("fieldManager") and media_type(call) == APPLY_PATCH:
        causes.append(Cause("fieldManager", "FieldValueRequired", "Required value: is required for apply patch"))
    if not query and not causes:
        return
    if "fieldManager" in query:
        causes += _field_manager(query["fieldManager"])
    dry_run = call.every("dryRun")
    causes += _dry_run(dry_run)
    validation = query.get("fieldValidation")
    if validation and validation not in ("Ignore", "Strict", "Warn"):
        text = f'Unsupported value: "{validation}": supported values: "", "Ignore", "Strict", "Warn"'
        causes.append(Cause("fieldValidation", "FieldValueNotSupported", text))
    if kind == "PatchOptions" and "force" in query and media_type(call) != APPLY_PATCH:
        causes.append(Cause("force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch"))
    _refuse(kind, causes)
    call.dry_run = bool(dry_run)


def check_timeout(query: Mapping[str, str]) -> None:
    """The `timeout` parameter, which every request may have. Raises `ApiError` 400."""
    timeout = query.get("timeout")
    wrong = _not_a_duration(timeout) if timeout else None
    if wrong is not None:
        raise statuses.bad_request(f'invalid timeout specified in the request URL - time: {wrong} "{timeout}"')


def _not_a_duration(text: str) -> str | None:
    """What Go's time.ParseDuration says of a text before it quotes it; None where it reads it."""
    rest = text[1:] if text[0] in "+-" else text
    if rest == "0":
        return None
    if not rest:
        return "invalid duration"
    while rest:
        amount = _AMOUNT.match(rest)
        if amount is None:
            return "invalid duration"
        unit = _UNIT.match(rest, amount.end())
        if unit is None or not unit[0]:
            return "missing unit in duration"
        if unit[0] not in _UNITS:
            return f'unknown unit "{unit[0]}" in duration'
        rest = rest[unit.end() :]
    return None


def read_delete(call: Call) -> DeleteOptions:
    """DeleteOptions: of the body where there is one, else of the query."""
    found = _delete_body(call) if call.request.body else _delete_query(call)
    check_delete(found)
    return delete_options(call, found)


def check_delete(found: Mapping[str, Any]) -> None:
    """Refuse DeleteOptions that contradict themselves or say what nobody knows. Raises `ApiError` 422."""
    orphan, policy = found.get("orphanDependents"), found.get("propagationPolicy")
    causes = []
    if policy is not None and orphan is not None:
        text = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        causes.append(Cause("propagationPolicy", "FieldValueInvalid", text))
    if policy is not None and policy not in _POLICIES:
        text = f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        causes.append(Cause("propagationPolicy", "FieldValueNotSupported", text))
    causes += _dry_run(found.get("dryRun") or [])
    _refuse("DeleteOptions", causes)


def delete_options(call: Call, found: Mapping[str, Any]) -> DeleteOptions:
    """What the members of DeleteOptions say; `check_delete` looks whether they may."""
    call.dry_run = bool(found.get("dryRun"))
    call.delete_options = found
    preconditions = found.get("preconditions") or {}
    return DeleteOptions(
        grace_period_s=found.get("gracePeriodSeconds"),
        propagation=found.get("propagationPolicy"),
        orphan_dependents=found.get("orphanDependents"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=call.dry_run,
    )


def _delete_body(call: Call) -> Mapping[str, Any]:
    body = call.request.body
    if media_type(call) not in ("application/json", "application/x-www-form-urlencoded"):
        raise statuses.unsupported_media_type("application/json, application/yaml")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        error = gojson.error_in(body) or "invalid UTF-8"
        raise statuses.ApiError(500, "", f"couldn't get version/kind; json parse error: {error}") from None
    if not isinstance(found, dict):
        raise statuses.ApiError(500, "", "couldn't get version/kind; json parse error: json: cannot unmarshal")
    kind, version = found.get("kind") or "DeleteOptions", found.get("apiVersion") or "v1"
    if kind != "DeleteOptions":
        text = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:110"'
        raise statuses.ApiError(500, "", text)
    _check_types(found)
    return found


_DELETE_TYPES: dict[str, tuple[type, str]] = {
    "gracePeriodSeconds": (int, "int64"),
    "orphanDependents": (bool, "bool"),
    "propagationPolicy": (str, "v1.DeletionPropagation"),
    "preconditions": (dict, "v1.Preconditions"),
    "dryRun": (list, "[]string"),
}
_JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


def _check_types(found: Mapping[str, Any]) -> None:
    for name, (expected, go_type) in _DELETE_TYPES.items():
        value = found.get(name)
        if value is not None and type(value) is not expected:
            text = (
                f"json: cannot unmarshal {_JSON_NAMES[type(value)]} into Go struct field "
                f"DeleteOptions.{name} of type {go_type}"
            )
            raise statuses.ApiError(500, "", text)


def _delete_query(call: Call) -> Mapping[str, Any]:
    query = call.query
    found: dict[str, Any] = {}
    grace = query.get("gracePeriodSeconds")
    if grace:
        found["gracePeriodSeconds"] = integer(grace)
    if "orphanDependents" in query:
        found["orphanDependents"] = query["orphanDependents"].lower() not in ("false", "0")
    if query.get("propagationPolicy"):
        found["propagationPolicy"] = query["propagationPolicy"]
    if "dryRun" in query:
        found["dryRun"] = call.every("dryRun")
    return found


def integer(text: str) -> int:
    """A 64-bit integer of the query. Raises `ApiError` 400 in strconv's words."""
    try:
        value = int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else None
    except ValueError:
        value = None
    if value is None:
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if not -_INT64 <= value < _INT64:
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def _dry_run(values: list[Any]) -> list[Cause]:
    if all(value == "All" for value in values):
        return []
    shown = orjson.dumps(values).decode()
    return [Cause("dryRun", "FieldValueNotSupported", f'Unsupported value: {shown}: supported values: "All"')]


def _field_manager(name: str) -> list[Cause]:
    if len(name.encode()) > _FIELD_MANAGER_LIMIT:
        return [
            Cause("fieldManager", "FieldValueTooLong", f"Too long: may not be more than {_FIELD_MANAGER_LIMIT} bytes")
        ]
    for position, char in enumerate(name):
        if not char.isprintable():
            shown = "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in name)
            text = f'Invalid value: "{shown}": invalid character U+{ord(char):04X} (at position {position})'
            return [Cause("fieldManager", "FieldValueInvalid", text)]
    return []


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise statuses.invalid(kind, "", "meta.k8s.io", [cause._asdict() for cause in causes])
