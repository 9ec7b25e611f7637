"""What a definition makes the server serve, and what it stops serving."""

from __future__ import annotations

import orjson
import pytest

from backends.fake.authentication import ADMINISTRATOR
from backends.fake.messages import Identity, Request
from tests.unit.backends.fake.custom.definitions import CRDS, GROUP, WIDGETS, definition, serving, version, widget
from tests.unit.backends.fake.door import CM, JSON_PATCH, MERGE, STRATEGIC, Door, config_map


def test_a_definition_serves_by_the_next_request_and_says_so() -> None:
    door = Door()
    assert door.send("GET", WIDGETS).body == b"404 page not found\n"
    made = door.ask("POST", CRDS, definition()).body
    assert made["status"] == {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": ["v1"],
    }
    assert made["spec"]["names"] == {
        "plural": "widgets", "kind": "Widget", "singular": "widget", "listKind": "WidgetList",
    }  # fmt: skip
    held = door.ask("GET", f"{CRDS}/widgets.{GROUP}").body["status"]
    assert [(one["type"], one["status"], one["reason"], one["message"]) for one in held["conditions"]] == [
        ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    assert held["acceptedNames"] == made["spec"]["names"]
    assert door.ask("GET", WIDGETS).body["items"] == []


def test_names_that_another_definition_has_are_not_accepted_until_they_are_free() -> None:
    door = serving(names={"shortNames": ["wd"]})
    door.ask("POST", CRDS, definition(plural="gadgets", names={"shortNames": ["wd"], "listKind": "Gs"}))
    path = f"{CRDS}/gadgets.{GROUP}"
    accepted, established = door.ask("GET", path).body["status"]["conditions"]
    assert (accepted["status"], accepted["reason"], accepted["message"]) == (
        "False", "KindConflict", '"Widget" is already in use',
    )  # fmt: skip
    assert (established["status"], established["reason"]) == ("False", "NotAccepted")
    assert door.ask("GET", f"/apis/{GROUP}/v1/gadgets").code == 404
    door.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    assert [one["status"] for one in door.ask("GET", path).body["status"]["conditions"]] == ["True", "True"]
    assert door.ask("GET", f"/apis/{GROUP}/v1/gadgets").code == 200


def test_deleting_a_definition_deletes_its_objects_and_waits_for_their_finalizers() -> None:
    door = serving()
    door.ask("POST", WIDGETS, widget("free"))
    held = widget("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    door.ask("POST", WIDGETS, held)
    path = f"{CRDS}/widgets.{GROUP}"
    deleted = door.ask("DELETE", path)
    assert deleted.body["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    ending = next(one for one in door.ask("GET", path).body["status"]["conditions"] if one["type"] == "Terminating")
    assert (ending["status"], ending["reason"]) == ("True", "InstanceDeletionInProgress")
    assert [one["metadata"]["name"] for one in door.ask("GET", WIDGETS).body["items"]] == ["held"]
    refused = door.ask("POST", WIDGETS, widget("late"))
    assert (refused.code, refused.body["message"]) == (
        405, "create not allowed while custom resource definition is terminating",
    )  # fmt: skip
    assert "create" not in door.ask("GET", f"/apis/{GROUP}/v1").body["resources"][0]["verbs"]
    door.ask("PATCH", f"{WIDGETS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert door.ask("GET", path).code == 404
    assert door.ask("GET", WIDGETS).code == 404


def test_versions_show_the_same_object_and_writes_move_it_to_the_storage_version() -> None:
    old = version("v1", {"type": "object", "properties": {"a": {"type": "string"}}})
    new = version("v2", {"type": "object", "properties": {"b": {"type": "string", "default": "x"}}}, storage=False)
    door = serving(old, new)
    door.ask("POST", WIDGETS, widget("w", {"a": "1"}))
    other = WIDGETS.replace("/v1/", "/v2/")
    shown = door.ask("GET", f"{other}/w").body
    assert (shown["apiVersion"], shown["spec"]) == (f"{GROUP}/v2", {})
    assert door.ask("GET", f"{WIDGETS}/w").body["spec"] == {"a": "1"}
    door.ask("POST", other, {**widget("n", {"b": "2"}), "apiVersion": f"{GROUP}/v2"})
    assert door.ask("GET", f"{other}/n").body["spec"] == {}  # the storage version does not know it
    crd = door.ask("GET", f"{CRDS}/widgets.{GROUP}").body
    for one in crd["spec"]["versions"]:
        one["storage"] = one["name"] == "v2"
    changed = door.ask("PUT", f"{CRDS}/widgets.{GROUP}", crd).body
    assert changed["status"]["storedVersions"] == ["v1", "v2"]
    stored = [one for one in door.cluster.dump() if one["kind"] == "Widget"]
    assert [one["apiVersion"] for one in stored] == [f"{GROUP}/v1"] * 2
    door.ask("PATCH", f"{WIDGETS}/w", {"metadata": {"labels": {"x": "y"}}}, content_type=MERGE)
    stored = [one for one in door.cluster.dump() if one["kind"] == "Widget"]
    assert [one["apiVersion"] for one in stored] == [f"{GROUP}/v1", f"{GROUP}/v2"]
    assert [one["version"] for one in door.ask("GET", f"/apis/{GROUP}").body["versions"]] == ["v2", "v1"]


def test_watches_end_with_their_definition_and_with_a_change_of_its_schema() -> None:
    door = serving()
    first = door.watch(WIDGETS)
    crd = door.ask("GET", f"{CRDS}/widgets.{GROUP}").body
    door.ask("PATCH", f"{CRDS}/widgets.{GROUP}", {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
    assert [first.closed] == [False]
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    schema["spec"]["properties"] = {"size": {"type": "integer", "default": 1}}
    patch = {"spec": {"versions": crd["spec"]["versions"]}}
    door.ask("PATCH", f"{CRDS}/widgets.{GROUP}", patch, content_type=MERGE)
    assert [first.closed] == [True]
    second = door.watch(WIDGETS)
    door.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    door.ask("GET", "/version")
    assert second.closed


def test_defaults_of_a_later_schema_are_shown_for_objects_from_before() -> None:
    door = serving()
    door.ask("POST", WIDGETS, widget())
    crd = door.ask("GET", f"{CRDS}/widgets.{GROUP}").body
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"] = {"size": {"type": "integer", "default": 1}}
    before = door.cluster.store.revision
    door.ask("PUT", f"{CRDS}/widgets.{GROUP}", crd)
    assert door.cluster.store.revision == before + 1
    assert door.ask("GET", f"{WIDGETS}/w").body["spec"] == {"size": 1}
    assert door.ask("GET", WIDGETS).body["items"][0]["spec"] == {"size": 1}


def test_paths_that_a_definition_does_not_offer_are_missed_as_there() -> None:
    door = serving(version(subresources={"status": {}}))
    for path in (f"/apis/{GROUP}/v1/gadgets", f"/apis/{GROUP}/v9/widgets", f"/apis/{GROUP}/v9"):
        assert door.send("GET", path).body == b"404 page not found\n", path
    missing = door.ask("GET", f"{WIDGETS}/w/scale")
    assert missing.body["message"] == f'widgets.{GROUP} "w" not found'
    refused = door.ask("PATCH", f"{WIDGETS}/w", {}, content_type=STRATEGIC)
    assert (refused.code, refused.body["message"].rpartition(": ")[2]) == (
        415, "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )  # fmt: skip


def test_a_fork_serves_its_own_definitions() -> None:
    door = serving()
    fork = Door()
    fork.cluster = door.cluster.fork()
    fork.ask("POST", WIDGETS, widget())
    fork.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    assert fork.ask("GET", WIDGETS).code == 404
    assert door.ask("GET", WIDGETS).body["items"] == []
    assert door.ask("GET", f"/apis/{GROUP}").code == 200
    assert fork.ask("GET", f"/apis/{GROUP}").code == 404


def test_a_json_patch_tests_and_changes_custom_resources() -> None:
    door = serving(version("v1", {"type": "object", "properties": {"size": {"type": "integer"}}}))
    door.ask("POST", WIDGETS, widget("w", {"size": 1}))
    patch = [{"op": "test", "path": "/spec/size", "value": 1}, {"op": "replace", "path": "/spec/size", "value": 2}]
    done = door.ask("PATCH", f"{WIDGETS}/w", patch, content_type=JSON_PATCH).body
    assert (done["spec"], done["metadata"]["generation"]) == ({"size": 2}, 2)


def test_dependents_go_though_the_kind_of_their_owner_has_gone() -> None:
    door = Door(controllers=True)
    door.post(CRDS, definition())
    owner = door.post(WIDGETS, widget()).body["metadata"]
    reference = {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "name": owner["name"], "uid": owner["uid"]}
    door.post(CM, config_map("owned", ownerReferences=[reference]))
    door.delete(f"{CRDS}/widgets.{GROUP}")
    door.cluster.settle()
    assert door.get(f"{CM}/owned").code == 404


def test_conflicts_name_the_storage_of_the_extensions_server() -> None:
    door = serving()
    held = door.post(WIDGETS, widget()).body
    held["metadata"]["uid"] = "other"
    assert f"Key: /registry/{GROUP}/widgets/default/w, " in door.put(f"{WIDGETS}/w", held).body["message"]
    path = f"{CRDS}/widgets.{GROUP}"
    uid = door.get(path).body["metadata"]["uid"]
    refused = door.delete(path, {"preconditions": {"uid": "other"}})
    text = f"Precondition failed: UID in precondition: other, UID in object meta: {uid}"
    assert (refused.code, refused.body["message"].partition('": ')[2]) == (409, text)


def test_roles_are_about_custom_resources_as_about_all_others() -> None:
    door = Door(tokens={"t": Identity("alice")}, authorization="rbac")
    for target, body in (
        (CRDS, definition()),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", ROLE),
        ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", BINDING),
    ):
        made = door.cluster.handle(
            Request("POST", target, {"content-type": "application/json"}, orjson.dumps(body), ADMINISTRATOR)
        )
        assert made.status == 201, made.body
    assert door.ask("GET", WIDGETS, authorization="Bearer t").code == 200
    refused = door.ask("POST", WIDGETS, widget(), authorization="Bearer t")
    assert refused.code == 403
    assert f'User "alice" cannot create resource "widgets" in API group "{GROUP}"' in refused.body["message"]


ROLE = {
    "metadata": {"name": "reader"},
    "rules": [{"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["get", "list"]}],
}
BINDING = {
    "metadata": {"name": "reader"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
}


def test_protobuf_is_not_to_be_had_of_custom_resources() -> None:
    door = serving()
    protobuf = "application/vnd.kubernetes.protobuf"
    assert door.ask("GET", WIDGETS, accept=f"{protobuf},application/json").body["kind"] == "WidgetList"
    assert door.send("GET", WIDGETS, accept=protobuf).status == 406
    assert door.send("POST", WIDGETS, b"k8s\0", content_type=protobuf).status == 415


def test_a_cluster_that_is_loaded_serves_what_it_served() -> None:
    door = serving()
    door.post(WIDGETS, widget())
    other = Door()
    other.cluster.load(door.cluster.dump())
    assert [one["metadata"]["name"] for one in other.get(WIDGETS).body["items"]] == ["w"]


def test_definitions_can_be_applied_and_taken_over() -> None:
    door = Door()
    path = f"{CRDS}/widgets.{GROUP}?fieldManager="
    made = door.ask("PATCH", f"{path}a", definition(), content_type="application/apply-patch+yaml")
    assert made.code == 201
    changed = definition(version("v1", {"type": "object", "properties": {"a": {"type": "string"}}}))
    conflict = door.ask("PATCH", f"{path}b", changed, content_type="application/apply-patch+yaml")
    assert (conflict.code, conflict.body["details"]["causes"][0]["field"]) == (409, ".spec.versions")
    done = door.ask("PATCH", f"{path}b&force=true", changed, content_type="application/apply-patch+yaml").body
    assert done["metadata"]["generation"] == 2


def test_a_definition_that_was_loaded_half_serves_nothing() -> None:
    door = Door()
    head = {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1"}
    named = {"metadata": {"name": "as.x.y"}, "status": {"conditions": [{"type": "Established", "status": "True"}]}}
    for spec in ({}, {"group": "x.y"}, {"group": "x.y", "names": {"plural": "as"}, "versions": [1]}):
        door.cluster.load([{**head, **named, "spec": spec}])
        assert door.get("/apis/x.y").code == 404


@pytest.mark.parametrize(
    ("method", "place", "media", "code", "message"),
    [
        ("PUT", "", "application/json", 400, "name must be provided"),
        ("PATCH", "", MERGE, 400, "name must be provided"),
        ("PATCH", "", STRATEGIC, 415, "the body of the request was in an unknown format"),
        ("OPTIONS", "", "", 405, f' is not supported on resources of kind "widgets.{GROUP}"'),
        ("HEAD", "", "", 200, ""),
        ("HEAD", "/none", "", 404, f'widgets.{GROUP} "none" not found'),
        ("GET", "/w/nonsense", "", 404, f'widgets.{GROUP} "w" not found'),
    ],
)
def test_no_router_stands_before_custom_resources(method: str, place: str, media: str, code: int, message: str) -> None:
    answer = serving().ask(method, f"{WIDGETS}{place}", {} if media else None, content_type=media)
    assert answer.code == code
    assert str(answer.body.get("message", "")).startswith(message)


def test_what_is_created_is_named_by_its_body_whatever_the_path_says() -> None:
    assert serving().ask("POST", f"{WIDGETS}/other", widget("w")).body["metadata"]["name"] == "w"


@pytest.mark.parametrize(
    ("target", "accept"),
    [(WIDGETS, "text/html"), (WIDGETS, "application/vnd.kubernetes.protobuf"), (f"/apis/{GROUP}/v1", "text/html")],
)
def test_what_cannot_be_accepted_is_said_without_a_router(target: str, accept: str) -> None:
    answer = serving().ask("GET", target, accept=accept)
    assert (answer.code, answer.body["message"].startswith("only the following media types")) == (406, True)
