"""Server-side apply through the whole request chain: creation, conflicts, force, giving up, migration."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from backends.fake.authentication import administrator
from backends.fake.messages import Identity, Request
from backends.fake.ownership.applying import LAST_APPLIED
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, Answer, Door, config_map, deployment

APPLY = "application/apply-patch+yaml"


def apply(door: Door, manager: str, data: dict[str, str] | None, *, query: str = "", **metadata: Any) -> Answer:
    """Apply the ConfigMap `a` with this data."""
    wanted: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}}
    if data is not None:
        wanted["data"] = data
    return door.patch(f"{CM}/a?fieldManager={manager}{query}", wanted, APPLY)


def test_what_is_missing_is_created(door: Door) -> None:
    made = apply(door, "one", {"k": "v"})
    assert made.code == 201
    assert made.body["metadata"]["uid"]
    assert apply(door, "one", {"k": "v"}).body == made.body, "the same again changes nothing"


def test_a_dry_run_creates_nothing(door: Door) -> None:
    assert apply(door, "one", {"k": "v"}, query="&dryRun=All").code == 201
    assert door.get(f"{CM}/a").code == 404


def test_yaml_is_read(door: Door) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    assert door.patch(f"{CM}/a?fieldManager=one", text, APPLY).body["data"] == {"k": "v"}
    refused = door.patch(f"{CM}/a?fieldManager=one", b"a: [", APPLY)
    assert refused.code == 400
    assert refused.body["message"].startswith("error decoding YAML: ")


def test_another_value_is_a_conflict_and_the_same_value_is_shared(door: Door) -> None:
    apply(door, "one", {"k": "v", "j": "1"})
    refused = apply(door, "two", {"k": "other"})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["details"]["causes"][0]["field"] == ".data.k"
    assert apply(door, "two", {"k": "v"}).code == 200


def test_a_shared_field_stays_until_the_last_owner_leaves_it_out(door: Door) -> None:
    apply(door, "one", {"k": "v"})
    apply(door, "two", {"k": "v"})
    assert apply(door, "one", None).body["data"] == {"k": "v"}
    assert "data" not in apply(door, "two", None).body


def test_force_takes_fields_from_others(door: Door) -> None:
    apply(door, "one", {"k": "v", "j": "1"})
    taken = apply(door, "two", {"k": "2"}, query="&force=true").body
    assert taken["data"] == {"j": "1", "k": "2"}
    assert {entry["manager"]: entry["fieldsV1"] for entry in taken["metadata"]["managedFields"]} == {
        "one": {"f:data": {"f:j": {}}},
        "two": {"f:data": {"f:k": {}}},
    }


def test_what_an_updater_has_written_since_is_not_removed(door: Door) -> None:
    apply(door, "one", {"k": "v"})
    door.patch(f"{CM}/a?fieldManager=hand", {"data": {"k": "2"}})
    assert apply(door, "one", None).body["data"] == {"k": "2"}


def test_what_was_there_before_owners_were_tracked_has_an_owner(door: Door) -> None:
    door.made(CM, config_map())
    door.patch(f"{CM}/a", {"metadata": {"managedFields": [{}]}})
    refused = apply(door, "one", {"k": "other"})
    assert 'conflict with "before-first-apply" using v1' in refused.body["message"]


def test_kubectl_takes_over_from_its_own_client_side_apply(door: Door) -> None:
    applied = orjson.dumps(config_map()).decode()
    door.made(f"{CM}?fieldManager=kubectl-client-side-apply", config_map(annotations={LAST_APPLIED: applied}))
    assert apply(door, "somebody", {"k": "2"}).code == 409
    after = apply(door, "kubectl", {"k": "2"})
    assert after.code == 200
    assert orjson.loads(after.body["metadata"]["annotations"][LAST_APPLIED])["data"] == {"k": "2"}


def test_what_client_side_apply_has_applied_does_not_tell_of_itself(door: Door) -> None:
    door.made(CM, config_map(annotations={LAST_APPLIED: "{}"}))
    after = apply(door, "kubectl", {}, annotations={LAST_APPLIED: "{}", "own": "1"})
    kept = orjson.loads(after.body["metadata"]["annotations"][LAST_APPLIED])
    assert kept["metadata"]["annotations"] == {"own": "1"}


def test_kubectl_does_not_take_what_its_client_side_apply_never_had(door: Door) -> None:
    applied = orjson.dumps({**config_map(), "data": {}}).decode()
    door.made(f"{CM}?fieldManager=hand", config_map(annotations={LAST_APPLIED: applied}))
    assert apply(door, "kubectl", {"k": "2"}).code == 409


def test_list_elements_have_owners_of_their_own(door: Door) -> None:
    wanted = deployment()
    door.patch(f"{DEPLOYMENTS}/web?fieldManager=gitops", wanted, APPLY)
    env = [{"name": "c", "env": [{"name": "A", "value": "1"}]}]
    minimal = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    with_env = {**minimal, "spec": {"template": {"spec": {"containers": env}}}}
    door.patch(f"{DEPLOYMENTS}/web?fieldManager=env", with_env, APPLY)
    wanted["spec"]["template"] = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "example.com/app:2"}]},
    }
    (container,) = door.patch(f"{DEPLOYMENTS}/web?fieldManager=gitops", wanted, APPLY).body["spec"]["template"]["spec"][
        "containers"
    ]
    assert (container["image"], container["env"]) == ("example.com/app:2", [{"name": "A", "value": "1"}])
    (container,) = door.patch(f"{DEPLOYMENTS}/web?fieldManager=env", minimal, APPLY).body["spec"]["template"]["spec"][
        "containers"
    ]
    assert "env" not in container


def test_a_scale_can_be_applied(door: Door) -> None:
    door.made(f"{DEPLOYMENTS}?fieldManager=maker", deployment())
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 4}}
    refused = door.patch(f"{DEPLOYMENTS}/web/scale?fieldManager=hpa", scale, APPLY)
    assert (refused.code, refused.body["details"]["causes"][0]["field"]) == (409, ".spec.replicas")
    done = door.patch(f"{DEPLOYMENTS}/web/scale?fieldManager=hpa&force=true", scale, APPLY)
    assert (done.code, done.body["spec"]) == (200, {"replicas": 4})
    assert door.get(f"{DEPLOYMENTS}/web").body["spec"]["replicas"] == 4


def test_what_is_no_such_object_is_refused(door: Door) -> None:
    wrong = door.patch(f"{CM}/a?fieldManager=one", {"metadata": {"name": "a"}}, APPLY)
    assert (wrong.code, wrong.body["message"]) == (400, "invalid object type: /, Kind=")
    unknown = door.patch(f"{CM}/a?fieldManager=one", {**config_map(), "bogus": 1}, APPLY)
    assert (unknown.code, "field not declared in schema" in unknown.body["message"]) == (500, True)
    unnamed = door.patch(f"{CM}/a", config_map(), APPLY)
    assert (unnamed.code, unnamed.body["details"]["causes"][0]["field"]) == (422, "fieldManager")
    array = door.patch(f"{CM}/a?fieldManager=one", [], APPLY)
    assert (array.code, array.body["reason"]) == (400, "BadRequest")


def as_user(door: Door, name: str, method: str, target: str, body: Any, media: str = "application/json") -> Any:
    """One request of this user; the answer's status and body. The user `root` may do everything."""
    who = administrator(name) if name == "root" else Identity(name, groups=("system:authenticated",))
    response = door.cluster.handle(Request(method, target, {"content-type": media}, orjson.dumps(body), who))
    return response.status, orjson.loads(response.body)


def test_the_only_owner_gives_up_all_it_had_and_the_object_keeps_its_name(door: Door) -> None:
    apply(door, "one", {"k": "v"}, labels={"a": "b"})
    left = apply(door, "one", None)
    assert (left.code, "labels" in left.body["metadata"], "data" in left.body) == (200, False, False)
    assert left.body["metadata"]["name"] == "a"


def test_what_is_created_is_not_what_somebody_saw_before(door: Door) -> None:
    assert apply(door, "one", {}, resourceVersion="5").code == 201
    door.delete(f"{CM}/a")
    refused = apply(door, "one", {}, uid="u")
    assert (refused.code, refused.body["message"]) == (
        409,
        (
            'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid u, '
            "and no existing object was found"
        ),
    )


@pytest.mark.parametrize(
    ("text", "line"), [(b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","a":"2"}}', 1),
                       (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n", 6)],
)  # fmt: skip
def test_a_key_that_is_there_twice_is_refused_or_warned_of(door: Door, text: bytes, line: int) -> None:
    path = f"{CM}/a?fieldManager=one"
    refused = door.ask("PATCH", f"{path}&fieldValidation=Strict", text, content_type=APPLY)
    assert refused.body["message"] == (
        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
        f'  line {line}: key "a" already set in map'
    )
    warned = door.ask("PATCH", path, text, content_type=APPLY).headers
    assert warned["Warning"] == f'299 - "line {line}: key \\"a\\" already set in map"'
    assert "Warning" not in door.ask("PATCH", f"{path}&fieldValidation=Ignore", text, content_type=APPLY).headers


def test_who_may_only_patch_cannot_create_by_applying() -> None:
    door = Door(authorization="rbac")
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}
    as_user(door, "root", "POST", f"{roles}/roles", {"metadata": {"name": "patcher"}, "rules": [rule]})
    subject = {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "patcher"}
    binding = {"metadata": {"name": "patcher"}, "roleRef": role, "subjects": [subject]}
    as_user(door, "root", "POST", f"{roles}/rolebindings", binding)
    target = f"{CM}/a?fieldManager=one&force=true"
    code, status = as_user(door, "alice", "PATCH", target, config_map(), APPLY)
    assert code == 403
    assert 'User "alice" cannot create resource "configmaps"' in status["message"]
    as_user(door, "root", "POST", CM, config_map())
    assert as_user(door, "alice", "PATCH", target, {**config_map(), "data": {"k": "2"}}, APPLY)[0] == 200
