"""What is wrong with definitions, in the words of apiextensions-apiserver."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake import cel
from backends.fake.custom import patterns, references, values
from backends.fake.custom.structural import parse
from tests.unit.backends.fake.custom.definitions import CRDS, GROUP, causes, definition, serving, version
from tests.unit.backends.fake.door import Door

ROOT = "spec.validation.openAPIV3Schema"


def refusal(**changes: Any) -> list[tuple[str, str]]:
    return causes(Door().ask("POST", CRDS, definition(**changes)))


def schema_refusal(schema: Any, **more: Any) -> list[tuple[str, str]]:
    """Field (below the schema of the spec) and message of what is wrong with a schema."""
    made = version("v1", schema, **more)
    return [
        (field.replace(f"{ROOT}.properties[spec]", "~"), text)
        for field, text in causes(Door().ask("POST", CRDS, definition(made)))
    ]


def test_names_and_groups_are_checked() -> None:
    door = Door()
    wrong = definition(scope="Sometimes", names={"kind": "Wid get", "listKind": "L", "shortNames": ["X"]})
    wrong["metadata"]["name"] = "other.example.com"
    found = dict(causes(door.ask("POST", CRDS, wrong)))
    assert found["metadata.name"] == ('Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group')
    assert found["spec.scope"] == 'Unsupported value: "Sometimes": supported values: "Cluster", "Namespaced"'
    assert found["spec.names.kind"].startswith(
        'Invalid value: "Wid get": may have mixed case, but should otherwise match: a DNS-1035 label must consist of'
    )
    assert found["spec.names.shortNames[0]"].startswith('Invalid value: "X": a DNS-1035 label')
    assert refusal(group="nodots") == [
        ("spec.group", 'Invalid value: "nodots": should be a domain with at least one dot'),
    ]
    assert refusal(names={"listKind": "Widget"}) == [
        ("spec.names.listKind", 'Invalid value: "Widget": kind and listKind may not be the same'),
    ]


def test_one_version_is_stored_and_every_version_has_a_schema() -> None:
    unstored = version(storage=False)
    found = dict(causes(Door().ask("POST", CRDS, definition(unstored))))
    assert found["spec.versions"].endswith(": must have exactly one version marked as storage version")
    assert found["status.storedVersions"] == "Invalid value: null: must have at least one stored version"
    bare = version()
    del bare["schema"]
    assert causes(Door().ask("POST", CRDS, definition(bare))) == [
        ("spec.versions[0].schema.openAPIV3Schema", "Required value: schemas are required"),
    ]


def test_the_groups_of_kubernetes_need_an_approval() -> None:
    found = refusal(group="x.k8s.io")
    annotation = "metadata.annotations[api-approved.kubernetes.io]"
    assert [one for one, _ in found] == [annotation]
    assert found[0][1].startswith("Required value: protected groups must have approval annotation")
    approved = definition(group="x.k8s.io")
    approved["metadata"]["annotations"] = {"api-approved.kubernetes.io": "https://example.com/1"}
    door = Door()
    assert door.ask("POST", CRDS, approved).code == 201
    conditions = door.ask("GET", f"{CRDS}/widgets.x.k8s.io").body["status"]["conditions"]
    shown = {one["type"]: one["message"] for one in conditions}
    assert shown["KubernetesAPIApprovalPolicyConformant"] == "approved in https://example.com/1"


SUPPORTED = '"array", "boolean", "integer", "number", "object", "string"'
EMBEDDED = "x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
WRONG_PATTERN = 'Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp:'
KEYED = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
RULE = '{"Rule":"\'a\'","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}'


def rules(*given: Any, **schema: Any) -> Any:
    return {"type": "object", "x-kubernetes-validations": list(given), **schema}


def listed(kind: str, items: Any, *keys: str) -> Any:
    extra = {"x-kubernetes-list-map-keys": list(keys)} if keys else {}
    return {"type": "array", "x-kubernetes-list-type": kind, "items": items, **extra}


def with_properties(properties: Any, **more: Any) -> Any:
    return {"type": "object", "properties": properties, **more}


@pytest.mark.parametrize(
    ("schema", "field", "message"),
    [
        ({}, "~.type", "Required value: must not be empty for specified object fields"),
        ({"type": "array"}, "~.items", "Required value: must be specified"),
        ({"type": "array", "items": {}}, "~.items.type", "Required value: must not be empty for specified array items"),
        ({"type": "text"}, "~.type", f'Unsupported value: "text": supported values: {SUPPORTED}'),
        ({"type": "object", "$ref": "x"}, "~.$ref", "Forbidden: $ref is not supported"),
        (
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "~.uniqueItems",
            "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            with_properties({"a": {"type": "string"}}, additionalProperties={"type": "string"}),
            "~.additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            {"type": "object", "anyOf": [{"type": "object"}]},
            "~.anyOf[0].type",
            "Forbidden: must be empty to be structural",
        ),
        (
            with_properties({"a": {"type": "integer", "default": "x"}}),
            "~.properties[a].default",
            'Invalid value: "string":  in body must be of type integer: "string"',
        ),
        (
            with_properties({"a": {"type": "integer"}}, default={"b": 1}),
            "~.default",
            'Invalid value: {"b":1}: must not have unknown fields',
        ),
        (
            with_properties({"a": rules({"rule": "self >= 1"}, type="integer", default=0)}),
            "~.properties[a].default",
            'Invalid value: "integer": failed rule: self >= 1',
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": False},
            "~.x-kubernetes-preserve-unknown-fields",
            "Invalid value: false: must be true or undefined",
        ),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True},
            "~.properties",
            f"Required value: must not be empty if {EMBEDDED}",
        ),
        (
            listed("map", {"type": "object"}),
            "~.x-kubernetes-list-map-keys",
            "Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            listed("map", with_properties({"k": {"type": "string"}}), "k"),
            "~.items.properties[k].default",
            f"Required value: {KEYED}",
        ),
        (
            listed("set", {"type": "object"}),
            "~.items.x-kubernetes-map-type",
            "Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
        ),
        (
            {"type": "string", "x-kubernetes-map-type": "atomic"},
            "~.type",
            'Invalid value: "string": must be object if x-kubernetes-map-type is specified',
        ),
        (
            {"type": "string", "pattern": "("},
            "~.pattern",
            f"{WRONG_PATTERN} missing closing ): `(`",
        ),
        (rules({"rule": " "}), "~.x-kubernetes-validations[0].rule", "Required value: rule is not specified"),
        (
            rules({"rule": "'a'"}),
            "~.x-kubernetes-validations[0].rule",
            f"Invalid value: {RULE}: cel expression must evaluate to a bool",
        ),
        (
            rules({"rule": "1\n== 1"}),
            "~.x-kubernetes-validations[0].message",
            "Required value: message must be specified if rule contains line breaks",
        ),
    ],
)
def test_a_schema_must_be_structural_and_say_what_it_may(schema: Any, field: str, message: str) -> None:
    assert schema_refusal(schema) == [(field, message)]


def test_alternatives_of_integer_and_string_are_structural_for_what_may_be_both() -> None:
    both = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert Door().ask("POST", CRDS, definition(version("v1", both))).code == 201


def test_what_is_restricted_at_the_root_is_described_there() -> None:
    made = version()
    made["schema"]["openAPIV3Schema"]["allOf"] = [{"properties": {"more": {"minimum": 1}}}]
    assert causes(Door().ask("POST", CRDS, definition(made))) == [
        (f"{ROOT}.properties[more]", f"Required value: because it is defined in {ROOT}.allOf[0].properties[more]"),
    ]


def test_metadata_and_the_root_are_restricted() -> None:
    made = version()
    root = made["schema"]["openAPIV3Schema"]
    root["properties"]["metadata"] = {"type": "object", "properties": {"labels": {"type": "object"}}}
    text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
    assert causes(Door().ask("POST", CRDS, definition(made))) == [
        (f"{ROOT}.properties[metadata]", f"Forbidden: {text}"),
    ]
    made = version(subresources={"status": {}})
    made["schema"]["openAPIV3Schema"]["oneOf"] = [{"required": ["spec"]}]
    field, message = causes(Door().ask("POST", CRDS, definition(made)))[0]
    assert field == ROOT
    assert message.endswith(
        "XValidations] fields are allowed at the root of the schema if the status subresource is enabled"
    )


def test_versions_that_differ_are_told_apart_by_their_place() -> None:
    good = version("v1", {"type": "object", "properties": {"a": {"type": "string"}}})
    assert causes(Door().ask("POST", CRDS, definition(good, version("v2", {}, storage=False)))) == [
        (
            "spec.versions[1].schema.openAPIV3Schema.properties[spec].type",
            "Required value: must not be empty for specified object fields",
        ),
    ]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (
            {"subresources": {"scale": {"specReplicasPath": ".replicas", "statusReplicasPath": "status.r"}}},
            [
                (
                    "spec.subresources.scale.specReplicasPath",
                    'Invalid value: ".replicas": should be a json path under .spec',
                ),
                (
                    "spec.subresources.scale.statusReplicasPath",
                    'Invalid value: "status.r": must be a simple json path starting with .',
                ),
            ],
        ),
        (
            {"additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": "x"}]},
            [
                (
                    "spec.additionalPrinterColumns[0].type",
                    'Invalid value: "text": must be one of boolean,date,integer,number,string',
                ),
                (
                    "spec.additionalPrinterColumns[0].jsonPath",
                    'Invalid value: "x": must be a simple json path starting with .',
                ),
            ],
        ),
        (
            {"deprecationWarning": "old"},
            [("spec.versions[0].deprecationWarning", 'Invalid value: "old": can only be set for deprecated versions')],
        ),
    ],
)
def test_subresources_and_columns_are_checked(more: Any, found: list[tuple[str, str]]) -> None:
    assert schema_refusal({"type": "object"}, **more) == found


def test_what_is_established_does_not_change_its_scope_or_kind() -> None:
    door = serving()
    crd = door.ask("GET", f"{CRDS}/widgets.{GROUP}").body
    crd["spec"]["scope"] = "Cluster"
    crd["spec"]["names"]["kind"] = "Gadget"
    assert causes(door.ask("PUT", f"{CRDS}/widgets.{GROUP}", crd)) == [
        ("spec.scope", 'Invalid value: "Cluster": field is immutable'),
        ("spec.names.kind", 'Invalid value: "Gadget": field is immutable'),
    ]
    crd["spec"]["scope"], crd["spec"]["names"]["kind"] = "Namespaced", "Widget"
    crd["spec"]["versions"][0]["name"] = "v2"
    assert causes(door.ask("PUT", f"{CRDS}/widgets.{GROUP}", crd)) == [
        ("status.storedVersions[0]", 'Invalid value: "v1": must appear in spec.versions'),
    ]


def test_unknown_formats_are_warned_of_once_and_webhooks_are_refused() -> None:
    door = Door()
    made = door.ask("POST", CRDS, definition(version("v1", {"type": "string", "format": "odd"})))
    assert (made.code, made.headers["Warning"]) == (201, '299 - "unrecognized format \\"odd\\""')
    webhook = {"clientConfig": {"url": "https://example.com"}, "conversionReviewVersions": ["v1"]}
    refused = door.ask(
        "POST", CRDS, definition(plural="gadgets", conversion={"strategy": "Webhook", "webhook": webhook})
    )
    assert (refused.code, "webhook" in refused.body["message"]) == (501, True)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array", "items": {"type": 1}}, "of type string"),
        ({"type": "array", "items": {"type": "array", "items": {"properties": []}}}, "map[string]"),
        ({"type": "object", "additionalProperties": "yes"}, "boolean or JSON schema expected"),
    ],
)
def test_nested_schemas_are_read_like_any_other(schema: Any, why: str) -> None:
    refused = Door().ask("POST", CRDS, definition(version("v1", schema)))
    assert refused.code == 400
    assert why in refused.body["message"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("self.size > 0 && self.inner.deep == 'self.none'", ""),
        ("self.x__dash__y == 1 && self.map.anything == 'a' && self.names.all(n, n != '')", ""),
        ("has(self.sise)", "ERROR: <input>:1:4: undefined field 'sise'\n | has(self.sise)\n | ...^"),
        (
            "self.inner.depp == 'a'",
            "ERROR: <input>:1:11: undefined field 'depp'\n | self.inner.depp == 'a'\n | ..........^",
        ),
    ],
)
def test_a_rule_names_fields_that_there_are(rule: str, found: str) -> None:
    schema = with_properties(
        {
            "size": {"type": "integer"},
            "x-y": {"type": "integer"},
            "names": {"type": "array", "items": {"type": "string"}},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "inner": with_properties({"deep": {"type": "string"}}),
        },
        **{"x-kubernetes-validations": [{"rule": rule}]},
    )
    assert references.undefined(rule, parse(schema), at_root=False) == found
    if found:
        field, message = schema_refusal(schema)[0]
        assert field == "~.x-kubernetes-validations[0].rule"
        assert message.endswith(f"compilation failed: {found}")
    else:
        assert Door().ask("POST", CRDS, definition(version("v1", schema))).code == 201


def test_rules_are_refused_where_there_is_no_library_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: str) -> None:
        raise cel.NotInstalledError

    monkeypatch.setattr(cel, "environment", missing)
    patterns.matcher.cache_clear()
    refused = Door().ask("POST", CRDS, definition(version("v1", rules({"rule": "self.a == 1"}))))
    assert (refused.code, "pip install 'kubeactions[cel]'" in refused.body["message"]) == (501, True)
    pattern = {"type": "string", "pattern": "^[[:alpha:]]+$"}
    assert Door().ask("POST", CRDS, definition(version("v1", pattern))).code == 201
    wrong = values.problems({"type": "object", "properties": {"a": pattern}}, {"a": "a1"})
    assert [one.field for one in wrong] == ["a"]
    patterns.matcher.cache_clear()
