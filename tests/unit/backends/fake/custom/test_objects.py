"""Custom resources as their clients meet them: decoded, defaulted, pruned, owned, scaled and shown."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.unit.backends.fake.custom.definitions import (
    CRDS,
    GROUP,
    WIDGETS,
    causes,
    definition,
    serving,
    version,
    widget,
)
from tests.unit.backends.fake.door import MERGE, Door, events

APPLY = "application/apply-patch+yaml"
UNREAD = 'Widget in version "v1" cannot be handled as a Widget'
SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "default": 1},
        "note": {"type": "string"},
        "maybe": {"type": "string", "nullable": True},
        "part": {"type": "object", "properties": {"color": {"type": "string", "default": "red"}}},
        "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "replicas": {"type": "integer"},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {
                "type": "object",
                "required": ["port"],
                "properties": {
                    "port": {"type": "integer"},
                    "protocol": {"type": "string", "default": "TCP"},
                    "name": {"type": "string"},
                },
            },
        },
    },
}
SCALE = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


@pytest.fixture(scope="module")
def served() -> Door:
    """A cluster whose widgets have a status and a scale; every test has names of its own."""
    return serving(version("v1", SPEC, subresources={"status": {}, "scale": SCALE}))


def made(door: Door, name: str, spec: Any, **more: Any) -> Any:
    answer = door.ask("POST", WIDGETS, widget(name, spec, **more))
    assert answer.code == 201, answer.body
    return answer.body


def test_missing_fields_are_defaulted_and_unwanted_nulls_count_as_missing(served: Door) -> None:
    assert made(served, "d1", {"size": None, "note": None, "maybe": None, "part": {}})["spec"] == {
        "size": 1,
        "maybe": None,
        "part": {"color": "red"},
    }
    assert made(served, "d2", {"ports": [{"port": 1}]})["spec"]["ports"] == [{"port": 1, "protocol": "TCP"}]


def test_unknown_fields_are_pruned_with_a_warning_or_refused(served: Door) -> None:
    spec = {"x": 1, "part": {"y": 1}, "raw": {"any": {"thing": 1}}, "ports": [{"port": 1, "z": 1}]}
    answer = served.ask("POST", WIDGETS, widget("u1", spec, more=1))
    assert answer.body["spec"] == {
        "size": 1, "part": {"color": "red"}, "raw": {"any": {"thing": 1}}, "ports": [{"port": 1, "protocol": "TCP"}],
    }  # fmt: skip
    assert answer.headers["Warning"] == ", ".join(
        f'299 - "unknown field \\"{path}\\""' for path in ("more", "spec.part.y", "spec.ports[0].z", "spec.x")
    )
    assert "Warning" not in served.ask("POST", f"{WIDGETS}?fieldValidation=Ignore", widget("u2", spec)).headers
    strict = served.ask("POST", f"{WIDGETS}?fieldValidation=Strict", widget("u3", spec))
    assert (strict.code, strict.body["message"]) == (
        400,
        f"{UNREAD}: strict decoding error: "
        + ", ".join(f'unknown field "{path}"' for path in ("spec.part.y", "spec.ports[0].z", "spec.x")),
    )
    body = b'{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"u4"},"spec":{"size":1,"size":2}}'
    twice = served.ask("POST", f"{WIDGETS}?fieldValidation=Strict", body)
    assert twice.body["message"].endswith('strict decoding error: duplicate field "spec.size"')


def test_metadata_has_its_own_type_whatever_the_schema_says(served: Door) -> None:
    wrong = widget("m1")
    wrong["metadata"]["labels"] = {"a": 1}
    refused = served.ask("POST", WIDGETS, wrong)
    assert (refused.code, refused.body["message"]) == (
        400,
        f"{UNREAD}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
    )
    odd = widget("m2")
    odd["metadata"]["finalizers"], odd["metadata"]["colour"] = ["plain"], "x"
    warned = served.ask("POST", WIDGETS, odd)
    assert warned.code == 201
    assert 'unknown field \\"metadata.colour\\"' in warned.headers["Warning"]
    assert 'metadata.finalizers: \\"plain\\": prefer a domain-qualified finalizer name' in warned.headers["Warning"]


def test_a_body_must_say_what_it_is(served: Door) -> None:
    cases = [
        ({"metadata": {"name": "k"}}, 400, "Object 'Kind' is missing in 'unstructured object has no kind'"),
        (
            {**widget("k"), "apiVersion": "other.io/v1"},
            400,
            f"the API version in the data (other.io/v1) does not match the expected API version ({GROUP}/v1)",
        ),
        (
            {**widget("k"), "kind": "Gadget"},
            422,
            f'Widget.{GROUP} "k" is invalid: kind: Invalid value: "Gadget": must be Widget',
        ),
    ]
    for body, code, message in cases:
        answer = served.ask("POST", WIDGETS, body)
        assert (answer.code, answer.body["message"]) == (code, message)


def test_generation_counts_what_is_wanted_and_status_has_its_own_door(served: Door) -> None:
    held = made(served, "g1", {}, status={"phase": "x"})
    assert "status" not in held
    path = f"{WIDGETS}/g1"
    labelled = served.patch(path, {"metadata": {"labels": {"a": "b"}}, "status": {"phase": "x"}}).body
    assert (labelled["metadata"]["generation"], "status" in labelled) == (1, False)
    reported = {"status": {"phase": "y"}, "spec": {"size": 9}, "metadata": {"labels": None}}
    held = served.patch(f"{path}/status", reported).body
    assert (held["metadata"]["generation"], held["spec"], held["status"]) == (1, {"size": 1}, {"phase": "y"})
    assert held["metadata"]["labels"] == {"a": "b"}
    assert served.patch(path, {"spec": {"size": 2}}).body["metadata"]["generation"] == 2
    plain = serving(version("v1", SPEC))
    made(plain, "g", {}, status={"phase": "x"})
    assert plain.patch(f"{WIDGETS}/g", {"status": {"phase": "y"}}).body["metadata"]["generation"] == 2
    assert plain.ask("GET", f"{WIDGETS}/g/status").code == 404


def test_a_put_names_the_version_it_saw_and_creates_nothing(served: Door) -> None:
    assert served.put(f"{WIDGETS}/none", widget("none")).code == 404
    held = made(served, "p1", {})
    assert causes(served.put(f"{WIDGETS}/p1", widget("p1"))) == [
        ("metadata.resourceVersion", "Invalid value: 0: must be specified for an update"),
    ]
    held["spec"]["size"] = 2
    assert served.put(f"{WIDGETS}/p1", held).code == 200
    assert served.put(f"{WIDGETS}/p1", held).code == 409


def test_an_apply_owns_elements_by_the_lists_of_the_schema(served: Door) -> None:
    def apply(manager: str, spec: Any, **query: str) -> Any:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        target = f"{WIDGETS}/a1?fieldManager={manager}{more}"
        return served.ask("PATCH", target, widget("a1", spec), content_type=APPLY)

    assert apply("one", {"tags": ["a"], "ports": [{"port": 1, "name": "x"}], "note": "n"}).code == 201
    both = apply("two", {"tags": ["b"], "ports": [{"port": 2}]}).body
    assert both["spec"]["tags"] == ["a", "b"]
    assert [one["port"] for one in both["spec"]["ports"]] == [1, 2]
    owned = {one["manager"]: one["fieldsV1"]["f:spec"] for one in both["metadata"]["managedFields"]}
    assert owned["two"]["f:ports"] == {'k:{"port":2,"protocol":"TCP"}': {".": {}, "f:port": {}}}
    assert owned["one"]["f:tags"] == {'v:"a"': {}}
    conflict = apply("two", {"tags": ["b"], "note": "other"})
    assert (conflict.code, conflict.body["details"]["causes"][0]["field"]) == (409, ".spec.note")
    left = apply("one", {"tags": ["a"], "note": "n"}).body["spec"]
    assert [one["port"] for one in left["ports"]] == [2]
    unknown = apply("one", {"nonsense": 1})
    assert unknown.body["message"].endswith(".spec.nonsense: field not declared in schema")
    free = apply("three", {"raw": {"a": {"b": 1}}}).body
    owned = {one["manager"]: one["fieldsV1"]["f:spec"] for one in free["metadata"]["managedFields"]}
    assert owned["three"]["f:raw"] == {"f:a": {".": {}, "f:b": {}}}


def test_the_scale_reads_and_writes_the_paths_of_the_definition(served: Door) -> None:
    made(served, "s1", {})
    scale = f"{WIDGETS}/s1/scale"
    missing = served.ask("GET", scale)
    assert (missing.code, missing.body["message"]) == (
        500, 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
    )  # fmt: skip
    assert served.patch(scale, {"spec": {"replicas": 3}}).body["spec"] == {"replicas": 3}
    assert served.ask("GET", f"{WIDGETS}/s1").body["metadata"]["generation"] == 2
    assert causes(served.patch(scale, {"spec": {"replicas": -1}}))[0][0] == "spec.replicas"
    whole = served.get(scale).body
    del whole["metadata"]["resourceVersion"]  # may be missing here, unlike in the object itself
    assert served.put(scale, {**whole, "spec": {"replicas": 4}}).body["spec"] == {"replicas": 4}
    assert causes(served.ask("POST", WIDGETS, widget("s2", {"replicas": -1}))) == [
        (".spec.replicas", "Invalid value: -1: should be a non-negative integer"),
    ]
    refused = served.post(scale, {})
    assert (refused.code, refused.body["message"]) == (
        405, f'create is not supported on resources of kind "widgets.{GROUP}"',
    )  # fmt: skip


def test_status_and_scale_can_be_applied(served: Door) -> None:
    made(served, "sa", {})
    status = {**widget("sa"), "status": {"phase": "Ready"}}
    done = served.ask("PATCH", f"{WIDGETS}/sa/status?fieldManager=c", status, content_type=APPLY).body
    assert done["status"] == {"phase": "Ready"}
    head = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "sa"}}
    target = f"{WIDGETS}/sa/scale?fieldManager=s"
    scaled = served.ask("PATCH", target, {**head, "spec": {"replicas": 2}}, content_type=APPLY).body
    assert scaled["spec"] == {"replicas": 2}
    owned = {one.get("manager"): one for one in served.get(f"{WIDGETS}/sa").body["metadata"]["managedFields"]}
    assert owned["c"]["fieldsV1"] == {"f:status": {"f:phase": {}}}
    assert (owned["s"]["fieldsV1"], owned["s"]["subresource"]) == ({"f:spec": {"f:replicas": {}}}, "scale")


def test_dry_runs_default_and_validate_and_store_nothing(served: Door) -> None:
    before = served.cluster.store.revision
    tried = served.ask("POST", f"{WIDGETS}?dryRun=All", widget("dry"))
    assert (tried.code, tried.body["spec"]) == (201, {"size": 1})
    assert served.ask("POST", f"{WIDGETS}?dryRun=All", widget("dry", {"size": "x"})).code == 422
    assert served.cluster.store.revision == before


def test_wrong_objects_inside_of_an_object_are_told_by_their_place() -> None:
    template = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    door = serving(version("v1", {"type": "object", "properties": {"template": template}}))
    inner = {"kind": "Pod", "metadata": {"name": "Not Valid", "extra": 1}, "spec": {"any": 1}}
    answer = door.ask("POST", WIDGETS, widget("e", {"template": inner}))
    assert 'unknown field \\"spec.template.metadata.extra\\"' in answer.headers["Warning"]
    fields = [field for field, _ in causes(answer)]
    assert fields == ["spec.template.apiVersion", "spec.template.metadata.name"]


def test_rules_look_at_what_is_wanted_and_at_what_was() -> None:
    grow = {"message": "max may only grow", "fieldPath": ".max", "reason": "FieldValueForbidden"}
    rules = [
        {"rule": "self.min <= self.max", "messageExpression": "'min ' + string(self.min) + ' is above max'"},
        {"rule": "self.max >= oldSelf.max", **grow},
        {"rule": "!has(self.secret__dash__name) || self.secret__dash__name != 'x'"},
    ]
    number = {"type": "integer"}
    spec = {
        "type": "object",
        "properties": {"min": number, "max": number, "secret-name": {"type": "string"}},
        "x-kubernetes-validations": rules,
    }
    door = serving(version("v1", spec))
    assert causes(door.ask("POST", WIDGETS, widget("r", {"min": 2, "max": 1}))) == [
        ("spec", 'Invalid value: "object": min 2 is above max'),
    ]
    assert causes(door.ask("POST", WIDGETS, widget("r", {"min": 1}))) == [
        ("spec", 'Invalid value: "object": no such key: max evaluating rule: self.min <= self.max'),
    ]
    made(door, "r", {"min": 1, "max": 5})
    assert causes(door.patch(f"{WIDGETS}/r", {"spec": {"max": 3, "secret-name": "x"}})) == [
        ("spec.max", "Forbidden: max may only grow"),
        ("spec", f'Invalid value: "object": failed rule: {rules[2]["rule"]}'),
    ]
    skipped = causes(door.patch(f"{WIDGETS}/r", {"spec": {"max": "x"}}))
    assert skipped[-1][0] == "<nil>"
    assert skipped[-1][1].startswith("Invalid value: null: some validation rules were not checked because the object")


def test_rules_compare_times_and_what_was_not_there_before() -> None:
    text = {"type": "string"}
    properties = {
        "a": {"type": "integer"},
        "when": {**text, "format": "date-time"},
        "day": {**text, "format": "date", "x-kubernetes-validations": [{"rule": "self.getFullYear() > 2020"}]},
        "wait": {**text, "format": "duration"},
        "raw": {**text, "format": "byte"},
        "size": {"x-kubernetes-int-or-string": True},
    }
    rules = [
        {"rule": "!has(self.when) || self.when > timestamp('2020-01-01T00:00:00Z')"},
        {"rule": "!has(self.wait) || self.wait < duration('2h')"},
        {"rule": "!has(self.raw) || size(self.raw) == 5"},
        {"rule": "!has(self.size) || type(self.size) == int || quantity(self.size).isLessThan(quantity('1Gi'))"},
        {"rule": "!oldSelf.hasValue() || self.a >= oldSelf.value().a", "optionalOldSelf": True},
    ]
    door = serving(version("v1", {"type": "object", "properties": properties, "x-kubernetes-validations": rules}))
    right = {
        "when": "2029-01-01T00:00:00Z",
        "day": "2029-01-01",
        "wait": "1h",
        "raw": "aGVsbG8=",
        "size": "2Mi",
        "a": 2,
    }
    wrong = {"when": "2019-01-01T00:00:00Z", "day": "2019-01-01", "wait": "3h", "raw": "aGk=", "size": "2Gi", "a": 1}
    made(door, "r", {**right, "a": 2})
    for name, value in wrong.items():
        assert len(causes(door.patch(f"{WIDGETS}/r", {"spec": {name: value}}))) == 1, name


def test_tables_have_the_columns_of_the_definition() -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type=='Ready')].status"},
        {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    door = serving(version("v1", SPEC, additionalPrinterColumns=columns))
    made(door, "t", {}, status={"conditions": [{"type": "Other", "status": "x"}, {"type": "Ready", "status": "True"}]})
    door.clock.advance(65)
    table = door.ask("GET", WIDGETS, accept="application/json;as=Table;g=meta.k8s.io;v=v1").body
    assert table["rows"][0]["cells"] == ["t", 1, "True", "65s"]
    assert [(one["name"], one["priority"]) for one in table["columnDefinitions"]] == [
        ("Name", 0), ("Size", 0), ("Ready", 1), ("Since", 0),
    ]  # fmt: skip
    assert table["metadata"] == {"resourceVersion": table["metadata"]["resourceVersion"]}
    plain = serving()
    made(plain, "t", {})
    table = plain.ask("GET", WIDGETS, accept="application/json;as=Table;g=meta.k8s.io;v=v1").body
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Age"]


def test_objects_are_selected_by_the_fields_that_the_definition_names() -> None:
    fields = [{"jsonPath": ".spec.size"}, {"jsonPath": ".spec.note"}]
    door = serving(version("v1", SPEC, selectableFields=fields))
    made(door, "f1", {"note": "a"})
    made(door, "f2", {"note": "b", "size": 2})
    watch = door.watch(f"{WIDGETS}?fieldSelector=spec.note%3Da")
    names = [one["metadata"]["name"] for one in door.get(f"{WIDGETS}?fieldSelector=spec.size%3D2").body["items"]]
    assert names == ["f2"]
    door.patch(f"{WIDGETS}/f1", {"spec": {"note": "c"}})
    assert [kind for kind, _ in events(watch)] == ["ADDED", "DELETED"]
    refused = door.get(f"{WIDGETS}?fieldSelector=spec.part%3Dx")
    assert (refused.code, "field label not supported: spec.part" in refused.body["message"]) == (400, True)


def test_whoever_uses_a_deprecated_version_is_told_of_the_better_one() -> None:
    old = version("v1beta1", SPEC, storage=False, deprecated=True)
    door = serving(old, version("v1", SPEC))
    listed = door.get(WIDGETS.replace("/v1/", "/v1beta1/"))
    assert listed.headers["Warning"] == (f'299 - "{GROUP}/v1beta1 Widget is deprecated; use {GROUP}/v1 Widget"')
    assert "Warning" not in door.get(WIDGETS).headers


def test_bookmarks_and_metadata_alone_work_for_custom_resources(served: Door) -> None:
    made(served, "b1", {})
    partial = served.ask(
        "GET", f"{WIDGETS}/b1", accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    ).body
    assert (partial["kind"], "spec" in partial) == ("PartialObjectMetadata", False)
    query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    kind, last = events(served.watch(f"{WIDGETS}?{query}"))[-1]
    assert (kind, last["kind"], last["apiVersion"]) == ("BOOKMARK", "Widget", f"{GROUP}/v1")
    assert last["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_cluster_scoped_ones_have_no_namespace_and_namespaced_ones_need_it(served: Door) -> None:
    door = serving(scope="Cluster")
    path = f"/apis/{GROUP}/v1/widgets"
    held = door.post(path, widget("c")).body
    assert "namespace" not in held["metadata"]
    assert door.get(f"{path}?fieldSelector=metadata.namespace%3Dx").code == 400
    assert door.get(f"{path}/c").code == 200
    assert door.send("GET", WIDGETS).status == 404
    assert served.get(path).code == 200
    assert served.send("POST", path, orjson.dumps(widget("c")), content_type="application/json").status == 404


def test_a_namespace_takes_its_custom_resources_with_it() -> None:
    door = Door(controllers=True)
    door.post("/api/v1/namespaces", {"metadata": {"name": "gone"}})
    door.post(CRDS, definition())
    place = WIDGETS.replace("/default/", "/gone/")
    owner = door.post(place, widget("owner")).body
    kept = {**widget("owned"), "metadata": {"name": "owned"}}
    kept["metadata"]["ownerReferences"] = [
        {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}
    ]
    door.post(place, kept)
    door.delete(f"{place}/owner")
    door.cluster.settle()
    assert door.get(place).body["items"] == []
    door.post(place, widget("left"))
    door.delete("/api/v1/namespaces/gone")
    door.cluster.settle()
    assert door.get("/api/v1/namespaces/gone").code == 404


def test_documents_describe_custom_resources_and_forget_them(served: Door) -> None:
    index = served.get("/openapi/v3").body
    paths = orjson.loads(index)["paths"] if isinstance(index, bytes) else index["paths"]
    document = served.get(paths[f"apis/{GROUP}/v1"]["serverRelativeURL"]).body
    spec = document["components"]["schemas"]["com.example.v1.Widget"]["properties"]["spec"]
    assert spec["properties"]["ports"]["x-kubernetes-list-map-keys"] == ["port", "protocol"]
    patch = document["paths"][f"/apis/{GROUP}/v1/namespaces/{{namespace}}/widgets/{{name}}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
    references = {
        part.split('"')[0] for part in orjson.dumps(document).decode().split('"$ref":"#/components/schemas/')[1:]
    }
    assert references <= document["components"]["schemas"].keys()
    two = served.get("/openapi/v2").body["definitions"]
    assert two["com.example.v1.Widget"]["properties"]["metadata"]["$ref"].endswith("ObjectMeta")
    aggregated = served.ask(
        "GET", "/apis", accept="application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    ).body
    mine = next(one for one in aggregated["items"] if one["metadata"]["name"] == GROUP)
    assert mine["versions"][0]["resources"][0]["responseKind"] == {"group": GROUP, "version": "v1", "kind": "Widget"}
    door = serving()
    door.delete(f"{CRDS}/widgets.{GROUP}")
    assert GROUP not in door.send("GET", "/openapi/v3").body.decode()


def test_merge_patches_keep_their_media_types(served: Door) -> None:
    made(served, "mp", {})
    assert served.ask("PATCH", f"{WIDGETS}/mp", {"spec": {"size": "x"}}, content_type=MERGE).code == 422
    strict = served.ask("PATCH", f"{WIDGETS}/mp?fieldValidation=Strict", {"spec": {"zzz": 1}}, content_type=MERGE)
    assert (strict.code, strict.body["details"]["causes"][0]["field"]) == (422, "patch")
    assert strict.body["message"].endswith('strict decoding error: unknown field "spec.zzz"')
