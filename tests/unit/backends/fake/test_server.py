"""The request chain: verbs, who asks, what comes back, and that no input is answered with a traceback."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends.fake.authentication import read_token_table
from backends.fake.server import BODY_LIMIT_BYTES
from tests.unit.backends.fake.door import CM, MERGE, PODS, Door, config_map

TABLE = 'secret,alice,alice-uid,"devs,ops"\nroot,admin,admin-uid,system:masters\n'


# ---- a life


def test_the_life_of_an_object(door: Door) -> None:
    made = door.made(CM, config_map())
    assert door.get(f"{CM}/a").body == made
    replaced = door.put(f"{CM}/a", {**made, "data": {"k": "2"}}).body
    assert int(replaced["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert door.patch(f"{CM}/a", {"data": {"k": None, "j": "3"}}).body["data"] == {"j": "3"}
    gone = door.delete(f"{CM}/a").body
    assert (gone["status"], gone["details"]["uid"]) == ("Success", made["metadata"]["uid"])
    assert door.get(f"{CM}/a").body["reason"] == "NotFound"


def test_a_stale_replace_is_a_conflict(door: Door) -> None:
    made = door.made(CM, config_map())
    door.patch(f"{CM}/a", {"data": {"k": "2"}})
    refused = door.put(f"{CM}/a", made)
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")


def test_a_taken_name_is_refused(door: Door) -> None:
    door.made(CM, config_map())
    assert door.post(CM, config_map()).body["reason"] == "AlreadyExists"


def test_generated_names_differ(door: Door) -> None:
    names = {door.made(CM, {"metadata": {"generateName": "x-"}})["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("x-") and len(name) == 7 for name in names)


def test_only_the_status_goes_through_the_status_door(door: Door) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    changed = door.patch(f"{PODS}/p/status", {"spec": {"nodeName": "n"}, "status": {"phase": "Running"}}).body
    assert changed["status"]["phase"] == "Running"
    assert "nodeName" not in changed["spec"]
    assert door.patch(f"{PODS}/p", {"status": {"phase": "Failed"}}).body["status"]["phase"] == "Running"


def test_a_dry_run_leaves_nothing(door: Door) -> None:
    before = door.cluster.store.revision
    tried = door.post(f"{CM}?dryRun=All", config_map())
    assert tried.code == 201
    assert "resourceVersion" not in tried.body["metadata"]
    assert door.cluster.store.revision == before


# ---- who asks


def test_with_a_token_table_only_its_tokens_are_let_in() -> None:
    door = Door(tokens=read_token_table(TABLE))
    assert door.get(CM).code == 401
    assert door.ask("GET", CM, authorization="Bearer wrong").code == 401
    assert door.ask("GET", CM, authorization="Basic YTpi").code == 401
    assert door.ask("GET", CM, authorization="Bearer secret").code == 200
    assert door.cluster.audit.find(verb="list", code=200)[0].user == "alice"


def test_without_a_table_everybody_is_the_administrator(door: Door) -> None:
    door.get(CM)
    assert door.cluster.audit.find(verb="list")[0].user == "kubernetes-admin"


def test_a_token_that_nobody_has_is_refused_even_where_none_is_needed(door: Door) -> None:
    assert door.ask("GET", CM, authorization="Bearer anything").code == 401


def test_an_impersonated_user_acts(door: Door) -> None:
    door.ask("GET", CM, impersonate_user="bob", impersonate_group="devs")
    assert door.cluster.audit.find(verb="list")[0].user == "bob"


def test_impersonating_a_group_without_a_user_is_refused_as_plain_text(door: Door) -> None:
    answer = door.ask("GET", CM, impersonate_group="devs")
    assert (answer.code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert b"without impersonating a user" in answer.body


def test_who_am_i_is_answered(door: Door) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = door.ask(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review, impersonate_user="bob",
        impersonate_group="devs",
    )  # fmt: skip
    assert answer.body["status"]["userInfo"] == {"username": "bob", "groups": ["devs", "system:authenticated"]}


# ---- headers and encodings


def test_an_audit_id_comes_back_and_is_made_up_otherwise(door: Door) -> None:
    assert door.ask("GET", CM, audit_id="mine").headers["Audit-Id"] == "mine"
    first, second = door.get(CM).headers["Audit-Id"], door.get(CM).headers["Audit-Id"]
    assert first != second
    assert len(door.cluster.audit.find(audit_id="mine")) == 1


@pytest.mark.parametrize(
    ("accept", "code", "media"),
    [
        ("", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", 200, "application/json"),
        ("application/vnd.kubernetes.protobuf, application/json", 200, "application/vnd.kubernetes.protobuf"),
        ("text/html, application/json;q=0.5", 200, "application/json"),
        ("application/yaml", 200, "application/yaml"),
        ("application/x-unknown", 406, "application/json"),
        (";;,,q=x", 406, "application/json"),
    ],
)
def test_the_best_acceptable_representation_is_sent(door: Door, accept: str, code: int, media: str) -> None:
    answer = door.ask("GET", CM, accept=accept)
    assert (answer.code, answer.headers["Content-Type"]) == (code, media)


def test_yaml_is_read_and_written(door: Door) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {day: 2001-01-01}\n"
    answer = door.ask("POST", CM, body, content_type="application/yaml", accept="application/yaml")
    assert answer.code == 201
    assert b'day: "2001-01-01"' in answer.body


def test_unknown_and_repeated_fields_warn_or_refuse_as_asked(door: Door) -> None:
    body = b'{"metadata":{"name":"%s"},"nope":1,"data":{"a":"1","a":"2"}}'
    warned = door.ask("POST", CM, body % b"w")
    assert warned.headers["Warning"] == '299 - "unknown field \\"nope\\"", 299 - "duplicate field \\"data.a\\""'
    assert "Warning" not in door.ask("POST", f"{CM}?fieldValidation=Ignore", body % b"i").headers
    strict = door.ask("POST", f"{CM}?fieldValidation=Strict", body % b"s")
    assert strict.code == 400
    assert "strict decoding error" in strict.body["message"]


# ---- bad input


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("PUT", CM, 405),
        ("PATCH", CM, 405),
        ("POST", f"{CM}/a", 405),
        ("HEAD", CM, 405),
        ("BREW", CM, 405),
        ("POST", "/api/v1/configmaps", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("DELETE", "/version", 405),
        ("GET", "/nothing/here", 404),
        ("GET", "no-slash", 404),
        ("GET", f"{CM}?limit=abc", 400),
        ("GET", f"{CM}?limit=1&continue=garbage", 400),
        ("GET", f"{CM}?continue=%00", 400),
        ("GET", f"{CM}?labelSelector=(((", 400),
        ("GET", f"{CM}?fieldSelector=spec.nope%3D1", 400),
        ("GET", f"{CM}?timeout=bad", 400),
        ("GET", f"{CM}?watch=1&timeoutSeconds=1e9", 400),
        ("GET", f"{CM}?watch=1&resourceVersion=-1", 500),
        ("GET", f"{CM}?resourceVersion={'9' * 400}", 400),
        ("GET", f"{CM}?timeout=5", 400),
        ("HEAD", "/version", 405),
        ("HEAD", "/api", 405),
        ("POST", "/openid/v1/jwks", 405),
        ("DELETE", f"{CM}/a?gracePeriodSeconds={'9' * 50}", 400),
        ("POST", f"{CM}?fieldManager={'x' * 200}", 422),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(door: Door, method: str, target: str, code: int) -> None:
    response = door.send(method, target, b"{}" if method in ("POST", "PUT", "PATCH") else b"")
    assert response.status == code, response.body


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", 400, "unexpected end of JSON input (<empty>)"),
        (b"{bad", 400, "looking for beginning of object key string ({bad)"),
        (b"[]", 400, "cannot unmarshal array"),
        (b"[" * 200_000, 400, "exceeded max depth"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, 422, "name or generateName is required"),
        (b'{"metadata":{"name":"a"},"data":{"k":"\xff"}}', 201, ""),
        (b'{"kind":"Secret","apiVersion":"v1"}', 400, "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        (b'{"metadata":[]}', 400, "cannot unmarshal array into Go struct field"),
        (b"null", 422, "name or generateName is required"),
        (b"{}" + b" " * BODY_LIMIT_BYTES, 413, "Request entity is too large: limit is 3145728"),
    ],
    ids=[
        "empty",
        "no json",
        "a list",
        "200,000 deep",
        "300 deep",
        "no utf-8",
        "a secret",
        "metadata list",
        "null",
        "3 MiB",
    ],
)
def test_a_body_that_makes_no_sense_is_refused(door: Door, body: bytes, code: int, words: str) -> None:
    answer = door.ask("POST", CM, body)
    assert answer.code == code, answer.body
    assert words in str(answer.body)


def test_what_is_deeper_than_can_be_written_is_refused_and_not_stored(door: Door) -> None:
    revisions = "/apis/apps/v1/namespaces/default/controllerrevisions"
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    answer = door.ask("POST", revisions, b'{"metadata":{"name":"r"},"revision":1,"data":%s}' % deep)
    assert (answer.code, answer.body["message"]) == (400, "the body of the request is nested too deeply")
    assert door.get(revisions).body["items"] == []


def test_a_mistake_of_the_servers_is_not_called_a_clients(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.cluster.registry.ids, "uid", lambda: {1, 2})  # which the encoder refuses with a TypeError
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        door.ask("POST", CM, {"metadata": {"name": "a"}})


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b"- " * 100_000 + b"x", b"a: &a [x]\n" + b"b: [" + b"*a," * 200 + b"]", b"\x00", b"!!python/x 1"],
)
def test_yaml_that_makes_no_sense_is_refused(door: Door, body: bytes) -> None:
    answer = door.ask("POST", CM, body, content_type="application/yaml")
    assert (answer.code, answer.body["kind"]) == (400, "Status")


METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
TARGETS = st.sampled_from([CM, f"{CM}/a", PODS, f"{PODS}/a/status", f"{PODS}/a/eviction", f"{PODS}/a/binding"])
QUERIES = st.sampled_from(["", "?watch=1&timeoutSeconds=1", "?dryRun=All", "?limit=1", "?%00&&=&", "?fieldSelector=a"])
MEDIA = st.sampled_from(["application/json", MERGE, "application/json-patch+json", "application/yaml", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(
    ["metadata", "name", "spec", "status", "data", "containers", "labels", "uid", "finalizers", "kind"]
)
BODIES = st.binary(max_size=30) | st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=10
).map(lambda value: json.dumps(value).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METHODS, TARGETS, QUERIES, MEDIA, BODIES)
def test_whatever_comes_in_a_status_goes_out(
    door: Door, method: str, target: str, query: str, media: str, body: bytes
) -> None:
    response = door.send(method, target + query, body, content_type=media)
    assert 200 <= response.status < 600
    if response.status >= 400 and response.headers["Content-Type"] == "application/json":
        assert orjson.loads(response.body)["kind"] == "Status"


def test_nothing_is_deleted_across_namespaces_in_one_request(door: Door) -> None:
    door.made(CM, {"metadata": {"name": "kept"}})
    assert door.ask("DELETE", "/api/v1/configmaps").code == 405
    assert door.get(f"{CM}/kept").code == 200


def test_one_object_can_be_watched_by_its_old_path(door: Door) -> None:
    for name in ("one", "other"):
        door.made(CM, {"metadata": {"name": name}})
    path = CM.replace("/v1/", "/v1/watch/")
    watch = door.send("GET", f"{path}/one")
    assert watch.stream is not None
    assert [orjson.loads(line)["object"]["metadata"]["name"] for line in watch.stream.take()] == ["one"]
    refused = door.get(f"{path}/one?fieldSelector=metadata.name%3Dother")
    assert (refused.code, refused.body["message"]) == (
        400,
        "fieldSelector metadata.name doesn't match requested name",
    )


@pytest.mark.parametrize(
    ("query", "agent", "pretty"),
    [("?pretty=true", "", True), ("?pretty=0", "curl/8", False), ("", "curl/8", True), ("", "kubectl/v1", False)],
)
def test_a_person_gets_lines(door: Door, query: str, agent: str, pretty: bool) -> None:
    body = door.send("GET", f"{CM}{query}", user_agent=agent).body
    assert (b'\n  "kind": "ConfigMapList"' in body) is pretty


@pytest.mark.parametrize(("method", "target"), [("DELETE", "/apis/apps"), ("POST", "/healthz"), ("HEAD", "/apis")])
def test_what_no_router_serves_asks_for_no_method(door: Door, method: str, target: str) -> None:
    assert door.send(method, target).status == 200


@pytest.mark.parametrize(
    ("target", "accept", "words"),
    [
        ("/version", "text/html", b"406: Not Acceptable\\n\\nAvailable representations: application/json"),
        ("/openid/v1/jwks", "application/json", b"Available representations: application/jwk-set+json"),
        ("/api/v1", "text/html", b"406: Not Acceptable"),
        ("/apis/apps", "text/html", b"only the following media types are accepted"),
    ],
)
def test_documents_are_negotiated_too(door: Door, target: str, accept: str, words: bytes) -> None:
    answer = door.send("GET", target, accept=accept)
    assert answer.status == 406
    assert words in answer.body


def test_a_refusal_is_encoded_as_its_reader_wants_where_that_can_be_had(door: Door) -> None:
    for target in (f"{CM}/none", "/api/v1/nonsense", f"{CM}?timeout=x"):
        assert door.send("GET", target, accept="application/yaml").body.startswith(b"apiVersion: v1\ncode: 4")
        for accept in ("text/html", "application/yaml;as=Table;v=v1;g=meta.k8s.io"):
            assert orjson.loads(door.send("GET", target, accept=accept).body)["kind"] == "Status"


@pytest.mark.parametrize(
    ("target", "accept", "end"),
    [
        (CM, "application/json", b"]}\n"),
        (f"{CM}/none", "application/json", b"404}\n"),
        ("/apis", "application/json", b"}\n"),
        (f"{CM}?pretty=1", "application/json", b"\n}"),
        ("/version", "application/json", b"\n}"),
        ("/", "application/json", b"\n}"),
    ],
)
def test_a_text_ends_as_gos_encoder_ends_it(door: Door, target: str, accept: str, end: bytes) -> None:
    assert door.send("GET", target, accept=accept).body.endswith(end)


def test_discovery_speaks_yaml(door: Door) -> None:
    group = door.send("GET", "/apis/apps", accept="application/yaml")
    assert group.headers["Content-Type"] == "application/yaml"
    assert group.body.startswith(b"apiVersion: v1\nkind: APIGroup\n")
