"""Bytes to actions: reads both payload shapes and names the field of whatever it refuses. Pure.

The processor calls `parse` on every config that it has no record of; `kubeactions validate` and `submit` call the same
function, so what they accept is what runs. A payload is `{"actions": [...]}`. Each action is of one of two shapes:

    seed   {"action_type": "delete_pod", "resource": {...}, "parameters": {"k": "v"},
            "timestamp": {"seconds": 1734567890, "nanos": 0}}
    later  {"delete_pod": {"grace_period_seconds": "0"}, "resource": {...}, "timestamp": "2026-08-20T10:15:00Z",
            "action_id": "...", "requested_by": "...", "user_uuid": "..."}

Names of members are snake_case or lowerCamelCase, 64-bit integers are numbers or decimal text, `null` is "not given"
(https://protobuf.dev/programming-guides/json/); the two ways to write the time are accepted in both shapes, and so are
`not_before` (a time) and `dry_run` (a boolean). Stricter than that mapping in one point: an unknown member is refused,
since it may be the very thing that was meant.

Names of objects are checked by the rules of Kubernetes (RFC 1123 labels and subdomains) before anything else sees
them, and kind and apiVersion by their own grammar, so none of them can be a path, an escape or another spelling of a
protected name. What is refused is a value (`Rejected`) for one action and an exception (`Malformed`) for a config that
is no list of actions; nothing else is ever raised. Whether an action may run is not asked here: see policy.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from kubeactions.errors import Malformed
from kubeactions.model import Action, ActionKey, Config, Json, Parameter, Spec, Target
from kubeactions.plugins import nearest
from kubeactions.settings import Limits
from kubeactions.strict_json import Flaw, check, decode, member_name, show

MAX_TEXT = 253
"""Longest id, action_id, requested_by and user_uuid, in characters."""
MAX_VERSION = 2**63 - 1
_MAX_SECONDS = 253402300799
"""9999-12-31T23:59:59Z, the end of a protobuf Timestamp."""
_ITEM_DEPTH = 3
"""An action lies in a list in an object."""

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_DNS_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_RBAC_NAME = re.compile(r"(?=.{1,253}\Z)(?!\.{1,2}\Z)[A-Za-z0-9.:@_-]+")
"""Names of RBAC objects are path segments, not subdomains (`system:node`); still no slash, percent or dots alone."""
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_API_VERSION = re.compile(rf"((?=[^/]{{1,253}}/){_LABEL}(\.{_LABEL})*/)?v[0-9]{{1,4}}((alpha|beta)[0-9]{{1,4}})?")
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_COMMON = frozenset(
    {"resource", "timestamp", "action_id", "requested_by", "user_uuid", "action_type", "parameters"}
    | {"not_before", "dry_run"},
)
_RESOURCE = frozenset({"api_version", "kind", "namespace", "name", "resource_id"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item of the list that is no valid action: what is settled and reported in its place."""

    key: ActionKey
    field: str
    """Path to what is wrong: `actions[0].resource.kind`."""
    problem: str
    digest: str
    """sha256 (hex) of the payload and the index: the same key with another digest is a conflict."""
    type: str = ""
    """The action type as far as it could be read, for people; "" when it could not."""
    action_id: str = ""
    reason: str = "InvalidAction"

    @property
    def message(self) -> str:
        """One line: `<field>: <problem>`."""
        return f"{self.field}: {self.problem}"


def parse(config: Config, specs: Mapping[str, Spec], limits: Limits) -> list[Action | Rejected]:
    """Read a config's actions, in their order; never an empty list.

    Raises `Malformed` when the config as a whole is none: no id or version, too big, not UTF-8, not JSON, too many
    actions, `actions` missing, empty or no list. Everything that is wrong with one action is a `Rejected` in its place.
    """
    _check_metadata(config)
    if config.problem:
        raise Malformed("payload", config.problem)
    items = _items(decode(config.payload, limits.config_bytes), limits)
    batch = len(items) > 1
    found: list[Action | Rejected] = []
    for index, item in enumerate(items):
        key = ActionKey(config.id, config.version, index, batch)
        try:
            found.append(_action(item, f"actions[{index}]", key, specs, limits, config.source))
        except Malformed as error:
            digest = hashlib.sha256(b"%d:" % index + config.payload).hexdigest()
            kind, action_id = _gist(item, specs)
            found.append(Rejected(key, error.field, error.problem, digest, kind, action_id))
    return found


def _check_metadata(config: Config) -> None:
    """Without an id and a version an action has no identity (all of them would share one): it cannot be recorded."""
    if problem := text_problem(config.id):
        raise Malformed("metadata.id", problem)
    if isinstance(config.version, bool) or not isinstance(config.version, int):
        raise Malformed("metadata.version", f"a whole number is expected, not {show(config.version)}")
    if not 1 <= config.version <= MAX_VERSION:
        what = "missing or out of range" if config.version < 1 else "out of range"
        text = f"{what}: {show(config.version)}; versions are 1 to {MAX_VERSION}"
        raise Malformed("metadata.version", text)


def text_problem(text: str) -> str:
    """What is wrong with a one-line identifier of 1 to `MAX_TEXT` printable characters; "" when nothing is."""
    if not text:
        return "missing"
    if len(text) > MAX_TEXT:
        return f"{len(text)} characters; at most {MAX_TEXT} are allowed"
    if not text.isprintable() or text != text.strip():
        return "only printable characters are allowed, and no blanks at the ends"
    return ""


def _items(document: Json, limits: Limits) -> list[Json]:
    if isinstance(document, Flaw):
        raise Malformed("payload", document.problem)
    if not isinstance(document, dict):
        raise Malformed("payload", f"an object with `actions` is expected, not {show(document)}")
    for name, value in document.items():
        if isinstance(value, Flaw):
            raise Malformed(member_name(name), value.problem)
        if name != "actions":
            raise Malformed(member_name(name), f"unknown member{nearest(name, ['actions'])}")
    items = document.get("actions")
    if items is None:
        raise Malformed("actions", "missing: a list of actions is expected")
    if not isinstance(items, list):
        raise Malformed("actions", f"a list is expected, not {show(items)}")
    if not items:
        raise Malformed("actions", "empty: at least one action is expected")
    if len(items) > limits.actions_per_config:
        raise Malformed("actions", f"{len(items)} actions; the limit is {limits.actions_per_config} per config")
    return items


# --- one action ---


def _action(item: Json, path: str, key: ActionKey, specs: Mapping[str, Spec], limits: Limits, source: str) -> Action:
    check(item, path, limits.nesting_depth, start=_ITEM_DEPTH)
    members = _members(item, path)
    spec, given, given_path = _type(members, path, specs)
    action = Action(
        key=key,
        type=spec.type,
        target=_target(members.get("resource"), f"{path}.resource", spec),
        created_at=_timestamp(members.get("timestamp"), f"{path}.timestamp"),
        parameters=_parameters(given, given_path, spec),
        action_id=_label(members, "action_id", path),
        requested_by=_label(members, "requested_by", path),
        user_uuid=_label(members, "user_uuid", path),
        not_before=_timestamp(members["not_before"], f"{path}.not_before") if "not_before" in members else None,
        dry_run=_boolean(members.get("dry_run", False), f"{path}.dry_run"),
        source=source,
    )
    size = len(json.dumps(action.content(), ensure_ascii=False, separators=(",", ":")).encode())
    if size > limits.action_bytes:
        raise Malformed(path, f"{size} bytes; the limit is {limits.action_bytes} per action")
    return action


def _gist(item: Json, specs: Mapping[str, Spec]) -> tuple[str, str]:
    """Type and action_id of a refused item, as far as they can be told; for the report only."""
    if not isinstance(item, dict):
        return "", ""
    names = {_snake(name): value for name, value in item.items()}
    declared = names.get("action_type")
    kinds = sorted(names.keys() & specs.keys())
    action_id = names.get("action_id")
    return (
        declared if isinstance(declared, str) and not text_problem(declared) else ",".join(kinds),
        action_id if isinstance(action_id, str) and not text_problem(action_id) else "",
    )


def _snake(name: str) -> str:
    return _CAMEL.sub(lambda match: "_" + match[1].lower(), name)


def _members(value: Json, path: str) -> dict[str, Json]:
    """An object's members under their snake_case names, without the nulls; refuses a name in both spellings."""
    if not isinstance(value, dict):
        raise Malformed(path, f"an object is expected, not {show(value)}")
    found: dict[str, Json] = {}
    for name, member in value.items():
        snake = _snake(name)
        if snake in found:
            raise Malformed(f"{path}.{member_name(name)}", f"given twice: it is another spelling of {snake}")
        found[snake] = member
    return {name: member for name, member in found.items() if member is not None}


def _type(members: dict[str, Json], path: str, specs: Mapping[str, Spec]) -> tuple[Spec, Json, str]:
    """Which type it is, what it says of its parameters, and the path of those."""
    declared = members.get("action_type")
    chosen = [name for name in members if name not in _COMMON]
    for name in chosen:
        if name not in specs:
            hint = nearest(name, [*specs, *_COMMON])
            raise Malformed(f"{path}.{member_name(name)}", f"unknown member{hint}")
    if declared is not None:
        return _seed_type(declared, chosen, members, path, specs)
    if not chosen:
        raise Malformed(path, f"no action type: write action_type, or one of {', '.join(sorted(specs))}")
    if len(chosen) > 1:
        raise Malformed(path, f"one action type is expected, not {len(chosen)}: {', '.join(sorted(chosen))}")
    if "parameters" in members:
        raise Malformed(f"{path}.parameters", f"goes with action_type; write them inside {chosen[0]}")
    return specs[chosen[0]], members[chosen[0]], f"{path}.{chosen[0]}"


def _seed_type(
    declared: Json, chosen: list[str], members: dict[str, Json], path: str, specs: Mapping[str, Spec]
) -> tuple[Spec, Json, str]:
    if not isinstance(declared, str):
        raise Malformed(f"{path}.action_type", f"a string is expected, not {show(declared)}")
    if chosen:
        raise Malformed(f"{path}.{chosen[0]}", "a second action type beside action_type")
    if declared not in specs:
        raise Malformed(f"{path}.action_type", f"unknown action type {show(declared)}{nearest(declared, specs)}")
    return specs[declared], members.get("parameters", {}), f"{path}.parameters"


def _parameters(given: Json, path: str, spec: Spec) -> dict[str, Json]:
    members = _members(given, path)
    known = {parameter.name: parameter for parameter in spec.parameters}
    for name in members:
        if name not in known:
            hint = nearest(name, known) if known else f"; {spec.type} takes none"
            raise Malformed(f"{path}.{member_name(name)}", f"unknown parameter{hint}")
    found = {
        name: value for name, parameter in known.items() if (value := _parameter(parameter, members, path)) is not None
    }
    if (across := spec.check) is not None:
        _checked(lambda: across(found), path)
    return found


def _parameter(parameter: Parameter, members: dict[str, Json], path: str) -> Json:
    where = f"{path}.{parameter.name}"
    if parameter.name not in members:
        if parameter.required:
            raise Malformed(where, "missing: it is required")
        return parameter.default
    return _checked(lambda: parameter.parse(members[parameter.name]), where)


def _checked(ask: Callable[[], Json], where: str) -> Json:
    """What an executor's own function says; whatever it raises is about `where`."""
    try:
        return ask()
    except ValueError as error:
        raise Malformed(where, str(error)) from error
    except Exception as error:
        raise Malformed(where, f"cannot be read ({type(error).__name__}: {error})") from error


def _target(value: Json, path: str, spec: Spec) -> Target:
    if value is None:
        raise Malformed(path, "missing: it names the object to act on")
    members = _members(value, path)
    for name in members:
        if name not in _RESOURCE:
            raise Malformed(f"{path}.{member_name(name)}", f"unknown member{nearest(name, _RESOURCE)}")
    read = _reader(members, path)
    kind = read("kind", _KIND, "a kind is letters and digits")
    api_version = read("api_version", _API_VERSION, "an apiVersion is v1 or group/v1")
    name = read("name", _RBAC_NAME, "a name is lower-case letters, digits, '-' and '.' (RFC 1123)")
    namespace = read("namespace", _DNS_LABEL, "a namespace is lower-case letters, digits and '-' (RFC 1123)")
    uid = read("resource_id", _UID, "a UID is letters, digits and '-'")
    if not kind:
        raise Malformed(f"{path}.kind", "missing")
    if not name:
        raise Malformed(f"{path}.name", "missing")
    api_version = _api_version(api_version, kind, path, spec)
    if not api_version.startswith("rbac.authorization.k8s.io/") and not _DNS_SUBDOMAIN.fullmatch(name):
        raise Malformed(f"{path}.name", f"{show(name)}: a name is lower-case letters, digits, '-' and '.' (RFC 1123)")
    if spec.namespaced is True and not namespace:
        raise Malformed(f"{path}.namespace", f"missing: {spec.type} acts on an object in a namespace")
    if spec.namespaced is False and namespace:
        raise Malformed(f"{path}.namespace", f"{spec.type} acts on an object that is in no namespace")
    return Target(api_version, kind, name, namespace, uid)


def _reader(members: Mapping[str, Json], path: str) -> Callable[[str, re.Pattern[str], str], str]:
    """Reads one string by its grammar; "" when it is not given."""

    def read(name: str, grammar: re.Pattern[str], rule: str) -> str:
        value = members.get(name, "")
        if not isinstance(value, str):
            raise Malformed(f"{path}.{name}", f"a string is expected, not {show(value)}")
        if value and not grammar.fullmatch(value):
            raise Malformed(f"{path}.{name}", f"{show(value)}: {rule}")
        return value

    return read


def _api_version(given: str, kind: str, path: str, spec: Spec) -> str:
    if not spec.kinds:
        if not given:
            raise Malformed(f"{path}.api_version", f"missing: {spec.type} takes any kind, so it must be told")
        return given
    if kind not in spec.kinds:
        raise Malformed(f"{path}.kind", f"{spec.type} acts on {' or '.join(spec.kinds)}, not {show(kind)}")
    expected = spec.kinds[kind][0]
    if given and given != expected:
        raise Malformed(f"{path}.api_version", f"{kind} is in {expected}, not {show(given)}")
    return expected


def _label(members: Mapping[str, Json], name: str, path: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise Malformed(f"{path}.{name}", f"a string is expected, not {show(value)}")
    if value and (problem := text_problem(value)):
        raise Malformed(f"{path}.{name}", problem)
    return value


# --- time ---


def _timestamp(value: Json, path: str) -> datetime:
    """RFC 3339 text or `{seconds, nanos}`, as aware UTC; digits below a microsecond are dropped."""
    if value is None:
        raise Malformed(path, "missing: without it nobody can tell whether the action is still wanted")
    if isinstance(value, str):
        return parse_rfc3339(value, path)
    if not isinstance(value, dict):
        raise Malformed(path, f"RFC 3339 text or {{seconds, nanos}} is expected, not {show(value)}")
    members = _members(value, path)
    for name in members:
        if name not in {"seconds", "nanos"}:
            raise Malformed(f"{path}.{member_name(name)}", f"unknown member{nearest(name, ['seconds', 'nanos'])}")
    if "seconds" not in members:
        raise Malformed(f"{path}.seconds", "missing")
    seconds = _whole(members["seconds"], f"{path}.seconds", _MAX_SECONDS)
    nanos = _whole(members.get("nanos", 0), f"{path}.nanos", 999_999_999)
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)


def _whole(value: Json, path: str, high: int) -> int:
    """A 64-bit integer as number or decimal text; integral exponent and fraction forms count (1.0, 1e3)."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(path, f"a whole number is expected, not {show(value)}")
    if not 0 <= value <= high:
        raise Malformed(path, f"{value} is out of range: 0 to {high}")
    return value


def _boolean(value: Json, path: str) -> bool:
    """`true` or `false`, also as text."""
    found = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise Malformed(path, f"true or false is expected, not {show(value)}")
    return found


def parse_rfc3339(text: str, path: str) -> datetime:
    """Read RFC 3339 text with up to nine fraction digits and any offset; raises `Malformed` for `path`."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Malformed(path, f"{show(text)} is no RFC 3339 time, such as 2026-08-20T10:15:00Z")
    fraction, sign, hours, minutes = match.group(7, 8, 9, 10)
    microsecond = int((fraction or "").ljust(6, "0")[:6])
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
        local = datetime(year, month, day, hour, minute, second, microsecond, timezone(offset))
        found = local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(path, f"{show(text)} is no time: {error}") from error
    if found.year == 1:
        raise Malformed(path, "missing or zero: year 1 is how some languages write no time")
    return found
