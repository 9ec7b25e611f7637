"""The validator: what it reads, what it refuses by which field, and that it raises nothing else."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeactions.errors import Malformed
from kubeactions.model import Action, ActionKey, Config, EffectClass, Json, Parameter, Spec
from kubeactions.settings import Limits
from kubeactions.validator import Rejected, parse


def whole(value: Json) -> int:
    """A parameter's parser, as an executor has one."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError("a whole number is expected") from None


def broken(value: Json) -> Json:
    """A third party's parser that breaks."""
    return value["x"]["y"]


SPECS = {
    "delete_pod": Spec(
        "delete_pod",
        EffectClass.UNIQUE,
        "delete",
        {"Pod": ("v1", "pods")},
        (Parameter("grace_period_seconds", whole, "grace"),),
    ),
    "restart_deployment": Spec(
        "restart_deployment", EffectClass.PATCH, "restart", {"Deployment": ("apps/v1", "deployments")}
    ),
    "get_resource": Spec("get_resource", EffectClass.READ, "read", {}, namespaced=None),
    "cordon_node": Spec("cordon_node", EffectClass.PATCH, "cordon", {"Node": ("v1", "nodes")}, namespaced=False),
    "own_thing": Spec(
        "own_thing",
        EffectClass.UNTRACED,
        "own",
        {"Pod": ("v1", "pods")},
        (Parameter("must", broken, "x", required=True),),
    ),
}
LIMITS = Limits()
SEED = {
    "action_type": "delete_pod",
    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "my-pod-xyz"},
    "timestamp": {"seconds": 1734567890, "nanos": 0},
}
LATER = {
    "delete_pod": {},
    "resource": {
        "api_version": "v1",
        "kind": "Pod",
        "namespace": "shop",
        "name": "cart-0",
        "resource_id": "5c6f8c8e-77a1",
    },
    "timestamp": "2026-08-20T10:15:00Z",
    "action_id": "9a0c2a3e-0001",
    "requested_by": "ops@example.org",
    "user_uuid": "u-17",
}


def read(payload: Any, *, limits: Limits = LIMITS) -> list[Action | Rejected]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return parse(Config("cfg-1", 3, raw, "test"), SPECS, limits)


def one(action: dict[str, Any]) -> Action:
    (found,) = read({"actions": [action]})
    assert isinstance(found, Action), found
    return found


def refusal(action: Any) -> str:
    (found,) = read({"actions": [action]})
    assert isinstance(found, Rejected), found
    return found.message


def with_resource(**changes: Any) -> dict[str, Any]:
    resource = {name: value for name, value in {**LATER["resource"], **changes}.items() if value is not ...}  # type: ignore[dict-item]  # mixed test data
    return {**LATER, "resource": resource}


def with_time(value: Any) -> dict[str, Any]:
    return {**LATER, "timestamp": value}


# --- what is read ---


def test_the_seed_shape_is_read() -> None:
    action = one({**SEED, "parameters": {"grace_period_seconds": "30"}})
    assert action.key == ActionKey("cfg-1", 3, 0)
    assert (action.type, str(action.target)) == ("delete_pod", "Pod default/my-pod-xyz")
    assert action.parameters == {"grace_period_seconds": 30}
    assert action.created_at == datetime(2024, 12, 19, 0, 24, 50, tzinfo=UTC)
    assert action.source == "test"


def test_the_later_shape_is_read() -> None:
    action = one({**LATER, "delete_pod": {"grace_period_seconds": "0"}})
    assert action.parameters == {"grace_period_seconds": 0}
    assert action.target.uid == "5c6f8c8e-77a1"
    assert (action.action_id, action.requested_by, action.user_uuid) == ("9a0c2a3e-0001", "ops@example.org", "u-17")
    assert action.created_at == datetime(2026, 8, 20, 10, 15, tzinfo=UTC)


def test_camel_case_means_the_same_action() -> None:
    camel = {
        "deletePod": {"gracePeriodSeconds": 0},
        "resource": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "shop",
            "name": "cart-0",
            "resourceId": "5c6f8c8e-77a1",
        },
        "timestamp": "2026-08-20T12:15:00+02:00",
        "actionId": "9a0c2a3e-0001",
        "requestedBy": "ops@example.org",
        "userUuid": "u-17",
    }
    assert one(camel).digest == one({**LATER, "delete_pod": {"grace_period_seconds": "0"}}).digest


def test_null_is_not_given() -> None:
    action = one({**LATER, "action_id": None, "restart_deployment": None, "delete_pod": {"grace_period_seconds": None}})
    assert (action.type, action.action_id, action.parameters) == ("delete_pod", "", {})


def test_the_api_version_follows_from_the_kind() -> None:
    assert one(with_resource(api_version=...)).target.api_version == "v1"


def test_a_cluster_scoped_resource_has_no_namespace() -> None:
    node = {**LATER, "cordon_node": {}, "delete_pod": None, "resource": {"kind": "Node", "name": "n1"}}
    assert str(one(node).target) == "Node n1"


def test_names_of_rbac_objects_may_have_colons() -> None:
    role = {"api_version": "rbac.authorization.k8s.io/v1", "kind": "clusterroles", "name": "system:node"}
    assert one({**LATER, "delete_pod": None, "get_resource": {}, "resource": role}).target.name == "system:node"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-20T10:15:00.5Z", datetime(2026, 8, 20, 10, 15, 0, 500000, UTC)),
        ("2026-08-20T10:15:00.123456789Z", datetime(2026, 8, 20, 10, 15, 0, 123456, UTC)),
        ("2026-08-20T23:59:00-23:59", datetime(2026, 8, 21, 23, 58, tzinfo=UTC)),
        ("2026-08-20t10:15:00z", datetime(2026, 8, 20, 10, 15, tzinfo=UTC)),
        ({"seconds": "1766000000"}, datetime(2025, 12, 17, 19, 33, 20, tzinfo=UTC)),
        ({"seconds": 1.766e9, "nanos": 999_999_999}, datetime(2025, 12, 17, 19, 33, 20, 999_999, UTC)),
        ({"seconds": 0}, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_every_form(text: Any, expected: datetime) -> None:
    assert one(with_time(text)).created_at == expected


def test_several_actions_keep_their_order_and_one_bad_one_does_not_take_the_others_with_it() -> None:
    first, second, third = read({"actions": [SEED, {"action_type": "delete_pod", "a": 1, "b": float("nan")}, LATER]})
    assert [isinstance(found, Action) for found in (first, second, third)] == [True, False, True]
    assert [str(found.key) for found in (first, second, third)] == ["cfg-1:v3#0", "cfg-1:v3#1", "cfg-1:v3#2"]


def test_a_refusal_still_says_what_was_meant() -> None:
    (found,) = read({"actions": [{"deletePod": {}, "actionId": "a-1"}]})
    assert isinstance(found, Rejected)
    assert (found.type, found.action_id, found.reason) == ("delete_pod", "a-1", "InvalidAction")
    assert len(found.digest) == 64


# --- what is refused, and by which field ---


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (7, "actions[0]: an object is expected, not 7"),
        (None, "actions[0]: an object is expected, not null"),
        ({**LATER, "delete_pod": None}, "actions[0]: no action type: write action_type, or one of "),
        ({**LATER, "restart_deployment": {}}, "actions[0]: one action type is expected, not 2: "),
        ({**SEED, "delete_pod": {}}, "actions[0].delete_pod: a second action type beside action_type"),
        (
            {**SEED, "action_type": "delete_pot"},
            "actions[0].action_type: unknown action type 'delete_pot'; did you mean",
        ),
        ({**SEED, "action_type": 1}, "actions[0].action_type: a string is expected, not 1"),
        ({**LATER, "drain_nod": {}}, "actions[0].drain_nod: unknown member; "),
        ({**LATER, "timestmp": 1}, "actions[0].timestmp: unknown member; did you mean timestamp?"),
        ({**LATER, "parameters": {}}, "actions[0].parameters: goes with action_type; write them inside delete_pod"),
        ({**LATER, "delete_pod": True}, "actions[0].delete_pod: an object is expected, not true"),
        ({**LATER, "delete_pod": {"grace": 1}}, "actions[0].delete_pod.grace: unknown parameter; "),
        (
            {**SEED, "parameters": {"grace_period_seconds": "soon"}},
            "actions[0].parameters.grace_period_seconds: a whole number is expected",
        ),
        ({**SEED, "action_type": "own_thing"}, "actions[0].parameters.must: missing: it is required"),
        (
            {**SEED, "action_type": "own_thing", "parameters": {"must": "x"}},
            "actions[0].parameters.must: cannot be read (TypeError",
        ),
        ({**LATER, "actionId": "x"}, "actions[0].actionId: given twice: it is another spelling of action_id"),
        ({**LATER, "action_id": 5}, "actions[0].action_id: a string is expected, not 5"),
        ({**LATER, "requested_by": "a\nb"}, "actions[0].requested_by: only printable characters"),
        ({**LATER, "user_uuid": "u" * 254}, "actions[0].user_uuid: 254 characters; at most 253"),
        ({**LATER, "action_id": "\ud800"}, "actions[0].action_id: half of a surrogate pair"),
        ({**LATER, "\udfff": 1}, "actions[0]: a member's name is half of a surrogate pair"),
        ({**LATER, "delete_pod": {"grace_period_seconds": 2**64}}, "actions[0].delete_pod.grace_period_seconds: 184"),
        ({**LATER, "resource": None}, "actions[0].resource: missing"),
        ({**LATER, "resource": []}, "actions[0].resource: an object is expected, not a list"),
        (with_resource(kind=...), "actions[0].resource.kind: missing"),
        (with_resource(kind="pod"), "actions[0].resource.kind: delete_pod acts on Pod, not 'pod'"),
        (with_resource(kind=1), "actions[0].resource.kind: a string is expected, not 1"),
        (with_resource(name=...), "actions[0].resource.name: missing"),
        (with_resource(name=""), "actions[0].resource.name: missing"),
        (with_resource(namespace=...), "actions[0].resource.namespace: missing: delete_pod acts on an object in a"),
        (with_resource(api_version="apps/v1"), "actions[0].resource.api_version: Pod is in v1, not 'apps/v1'"),
        (with_resource(nmae="x"), "actions[0].resource.nmae: unknown member; did you mean name?"),
        (with_resource(resource_id="../x"), "actions[0].resource.resource_id: '../x': a UID is"),
        (
            {
                **LATER,
                "delete_pod": None,
                "cordon_node": {},
                "resource": {"kind": "Node", "name": "n", "namespace": "x"},
            },
            "actions[0].resource.namespace: cordon_node acts on an object that is in no namespace",
        ),
        (
            {**LATER, "delete_pod": None, "get_resource": {}, "resource": {"kind": "configmaps", "name": "a"}},
            "actions[0].resource.api_version: missing: get_resource takes any kind",
        ),
        ({**LATER, "timestamp": None}, "actions[0].timestamp: missing"),
        (with_time(1734567890), "actions[0].timestamp: RFC 3339 text or {seconds, nanos} is expected"),
        (with_time("yesterday"), "actions[0].timestamp: 'yesterday' is no RFC 3339 time"),
        (with_time("2026-08-20T10:15:00"), "actions[0].timestamp: '2026-08-20T10:15:00' is no RFC 3339 time"),
        (with_time("2026-08-20T10:15:00.1234567890Z"), "actions[0].timestamp: "),
        (with_time("2026-02-30T10:15:00Z"), "actions[0].timestamp: '2026-02-30T10:15:00Z' is no time"),
        (with_time("0001-01-01T00:00:00Z"), "actions[0].timestamp: missing or zero"),
        (with_time("9999-12-31T23:59:59-10:00"), "actions[0].timestamp: "),
        (with_time({}), "actions[0].timestamp.seconds: missing"),
        (with_time({"seconds": True}), "actions[0].timestamp.seconds: a whole number is expected, not true"),
        (with_time({"seconds": -1}), "actions[0].timestamp.seconds: -1 is out of range"),
        (with_time({"seconds": 1, "nanos": 1_000_000_000}), "actions[0].timestamp.nanos: 1000000000 is out of range"),
        (with_time({"seconds": 1, "nano": 1}), "actions[0].timestamp.nano: unknown member; did you mean nanos?"),
    ],
)
def test_every_refusal_names_its_field(action: Any, message: str) -> None:
    assert refusal(action).startswith(message), refusal(action)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("namespace", "Kube-System"),
        ("namespace", "kube-system/../x"),
        ("namespace", "a.b"),
        ("namespace", "x" * 64),
        ("namespace", "kube-system\n"),
        ("name", "../kube-system/pods/x"),
        ("name", ".."),
        ("name", "a/b"),
        ("name", "a%2fb"),
        ("name", "My-Pod"),
        ("name", "system:node"),
        ("name", "pod\n"),
        ("kind", "configmaps/../secrets"),
        ("kind", "Pod "),
        ("kind", "pods?x=1"),
        ("api_version", "v1/../../api/v1"),
        ("api_version", "../v1"),
        ("api_version", "apps//v1"),
        ("api_version", "Apps/v1"),
        ("api_version", "v1\n"),
    ],
)
@pytest.mark.parametrize("type_name", ["delete_pod", "get_resource"])
def test_no_name_kind_or_api_version_can_be_a_path_or_another_spelling(type_name: str, field: str, value: str) -> None:
    action = {**with_resource(**{field: value}), "delete_pod": None, type_name: {}}
    assert refusal(action).startswith(f"actions[0].resource.{field}: "), refusal(action)


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a%2fb", "a?b", "a b", "x" * 254, "role\n"])
def test_names_of_rbac_objects_are_still_one_path_segment(name: str) -> None:
    role = {"api_version": "rbac.authorization.k8s.io/v1", "kind": "clusterroles", "name": name}
    action = {**LATER, "delete_pod": None, "get_resource": {}, "resource": role}
    assert refusal(action).startswith("actions[0].resource.name: ")


# --- a config that is no list of actions ---


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "payload: not JSON: Expecting value at line 1 column 1"),
        (b"{", "payload: not JSON: "),
        (b'{"actions": [}', "payload: not JSON: "),
        (b"\xff{}", "payload: not UTF-8: byte 0xff at offset 0"),
        (b"\xef\xbb\xbf{}", "payload: it begins with a byte order mark"),
        (b"null", "payload: an object with `actions` is expected, not null"),
        (b"NaN", "payload: NaN is no JSON"),
        (b"[]", "payload: an object with `actions` is expected, not a list"),
        (b"{}", "actions: missing: a list of actions is expected"),
        (b'{"actions": null}', "actions: missing"),
        (b'{"actions": {}}', "actions: a list is expected, not an object"),
        (b'{"actions": []}', "actions: empty"),
        (b'{"actions": [], "actions": []}', "actions: given twice"),
        (b'{"action": []}', "action: unknown member; did you mean actions?"),
        (b"[" * 100_000, "payload: nested far too deep"),
        (b'{"actions":' + b"[" * 100_000, "payload: nested far too deep"),
        (json.dumps({"actions": [SEED] * 10_000}).encode(), "payload: "),
    ],
)
def test_a_config_that_is_no_list_of_actions_is_malformed(payload: bytes, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(payload)
    assert str(caught.value).startswith(message), str(caught.value)


def test_ten_thousand_actions_are_refused_whole() -> None:
    payload = json.dumps({"actions": [{}] * 10_000}).encode()
    with pytest.raises(Malformed, match=r"^actions: 10000 actions; the limit is 100 per config$"):
        read(payload)


def test_ten_megabytes_are_refused_by_their_size_alone() -> None:
    with pytest.raises(Malformed, match=r"^payload: 10485760 bytes; the limit is 1048576$"):
        read(b"\xff" * 10 * 1024 * 1024)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"actions":[{"resource":{"kind":"Pod","kind":"Secret"}}]}', "actions[0].resource.kind: given twice"),
        (b'{"actions":[{"x":NaN}]}', "actions[0].x: NaN is no JSON"),
        (b'{"actions":[{"x":[1,-Infinity]}]}', "actions[0].x[1]: -Infinity is no JSON"),
        (b'{"actions":[{"x":1e999}]}', "actions[0].x: '1e999' is beyond a 64-bit float"),
        (b'{"actions":[{"x":' + b"9" * 50_000 + b"}]}", "actions[0].x: a number of 50000 digits; at most 64 bits"),
        (b'{"actions":[{"x":' + b"[" * 300 + b"]" * 300 + b"}]}", "actions[0].x[0][0]"),
        (b'{"actions":[{"a b":NaN}]}', "actions[0].'a b': NaN is no JSON"),
    ],
)
def test_what_json_readers_disagree_on_is_refused_by_its_path(raw: bytes, message: str) -> None:
    (found,) = read(raw)
    assert isinstance(found, Rejected)
    assert found.message.startswith(message), found.message


def test_an_action_above_its_limit_is_refused() -> None:
    limits = Limits(action_bytes=300)
    (found,) = read({"actions": [{**LATER, "requested_by": "x" * 200}]}, limits=limits)
    assert isinstance(found, Rejected)
    assert found.message.endswith("the limit is 300 per action")


@pytest.mark.parametrize(
    ("id_", "version", "message"),
    [
        ("", 1, "metadata.id: missing"),
        ("a\x00", 1, "metadata.id: only printable"),
        ("\udcff", 1, "metadata.id: only printable"),
        (" a", 1, "metadata.id: only printable"),
        ("a" * 254, 1, "metadata.id: 254 characters"),
        ("a", 0, "metadata.version: missing or out of range: 0; versions are 1 to 9223372036854775807"),
        ("a", -1, "metadata.version: missing or out of range"),
        ("a", 2**63, "metadata.version: out of range: 9223372036854775808; versions are 1 to 9223372036854775807"),
        ("a", True, "metadata.version: a whole number is expected, not true"),
    ],
)
def test_without_id_or_version_an_action_has_no_identity(id_: str, version: int, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(Config(id_, version, json.dumps({"actions": [SEED]}).encode(), "test"), SPECS, LIMITS)
    assert str(caught.value).startswith(message)


# --- nothing else is ever raised ---

_names = st.sampled_from(
    ["actions", "action_type", "actionType", "resource", "parameters", "timestamp", "seconds", "nanos", "kind", "name",
     "namespace", "api_version", "apiVersion", "resource_id", "delete_pod", "deletePod", "get_resource", "action_id",
     "grace_period_seconds", "must", "own_thing", "\ud800"]
) | st.text(max_size=5)  # fmt: skip
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["Pod", "v1", "default", "my-pod", "delete_pod", "get_resource", "2026-08-20T10:15:00Z", "1" * 30]
    )
)
_trees = st.recursive(
    _leaves,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(_names, children, max_size=6),
    max_leaves=25,
)
_FAST = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def one_line(text: str) -> None:
    assert "\n" not in text
    text.encode()


def accepts_or_refuses(payload: bytes) -> None:
    try:
        found = parse(Config("c", 1, payload, "fuzz"), SPECS, Limits(nesting_depth=10))
    except Malformed as error:
        one_line(str(error))
        return
    for item in found:
        if isinstance(item, Rejected):
            assert item.field.startswith("actions[")
            one_line(item.message)
        else:
            assert len(item.digest) == 64


@_FAST
@given(_trees)
def test_any_tree_is_accepted_or_refused(tree: Json) -> None:
    accepts_or_refuses(json.dumps(tree).encode())


@_FAST
@given(st.lists(st.dictionaries(_names, _trees, max_size=6), min_size=1, max_size=3))
def test_any_list_of_actions_is_accepted_or_refused(actions: Json) -> None:
    accepts_or_refuses(json.dumps({"actions": actions}).encode())


@_FAST
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123456789eE.-+\\u' + string.ascii_lowercase).map(str.encode))
def test_any_bytes_are_accepted_or_refused(raw: bytes) -> None:
    accepts_or_refuses(raw)
    accepts_or_refuses(b'{"actions":[' + raw + b"]}")


@_FAST
@given(st.sampled_from(["resource", "timestamp", "delete_pod", "action_id"]), _trees)
def test_any_value_in_any_member_is_accepted_or_refused(member: str, value: Json) -> None:
    accepts_or_refuses(json.dumps({"actions": [{**LATER, member: value}]}).encode())


@_FAST
@given(st.integers(0, 250_000_000_000_000_000), st.integers(-1439, 1439))
def test_a_time_means_the_same_at_every_offset(microseconds: int, offset_minutes: int) -> None:
    when = datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=microseconds)
    text = when.astimezone(timezone(timedelta(minutes=offset_minutes))).isoformat(timespec="microseconds")
    assert one(with_time(text)).created_at == when


def test_what_a_source_found_wrong_with_a_payload_is_what_is_said() -> None:
    with pytest.raises(Malformed, match=r"^payload: broken YAML: x at line 1$"):
        parse(Config("c", 1, b"{}", "test", "broken YAML: x at line 1"), {}, Limits())


def test_a_byte_order_mark_is_called_by_its_name() -> None:
    with pytest.raises(Malformed, match=r"^payload: it begins with a byte order mark"):
        parse(Config("c", 1, b"\xef\xbb\xbf{}", "test"), {}, Limits())
