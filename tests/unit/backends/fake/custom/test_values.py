"""What is wrong with a value by its schema, in the words of kube-openapi."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.custom import limits, lists, values
from backends.fake.custom.structural import parse

TYPE = "FieldValueTypeInvalid"


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "integer"}, "x", 'Invalid value: "string": a in body must be of type integer: "string"'),
        ({"type": "integer"}, 1.5, 'Invalid value: "number": a in body must be of type integer: "number"'),
        ({"type": "integer"}, 2.0, None),
        ({"type": "number"}, 2, None),
        ({"type": "string"}, True, 'Invalid value: "boolean": a in body must be of type string: "boolean"'),
        ({"type": "object"}, [], 'Invalid value: "array": a in body must be of type object: "array"'),
        ({"type": "string"}, None, 'Invalid value: "null": a in body must be of type string: "null"'),
        ({"type": "string", "nullable": True}, None, None),
        (
            {"x-kubernetes-int-or-string": True},
            True,
            'Invalid value: "boolean": a in body must be of type integer,string: "boolean"',
        ),
        ({"x-kubernetes-int-or-string": True}, "50%", None),
        ({"type": "string", "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        ({"type": "string", "minLength": 2}, "a", 'Invalid value: "a": a in body should be at least 2 chars long'),
        ({"type": "string", "pattern": "^a+$"}, "b", "Invalid value: \"b\": a in body should match '^a+$'"),
        ({"type": "string", "pattern": "^a+$"}, "aa\n", "Invalid value: \"aa\\n\": a in body should match '^a+$'"),
        ({"type": "string", "pattern": "^[[:alpha:]]+$"}, "abc", None),
        (
            {"type": "string", "format": "date-time"},
            "now",
            'Invalid value: "now": a in body must be of type date-time: "now"',
        ),
        ({"type": "string", "format": "date-time"}, "2026-01-02T03:04:05Z", None),
        ({"type": "string", "format": "ipv4"}, "10.0.0.1", None),
        (
            {"type": "string", "format": "cidr"},
            "10.0.0.1",
            'Invalid value: "10.0.0.1": a in body must be of type cidr: "10.0.0.1"',
        ),
        ({"type": "string", "format": "no-such"}, "x", None),
        ({"type": "integer", "minimum": 1}, 0, "Invalid value: 0: a in body should be greater than or equal to 1"),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            1,
            "Invalid value: 1: a in body should be greater than 1",
        ),
        ({"type": "number", "maximum": 1.5}, 2.5, "Invalid value: 2.5: a in body should be less than or equal to 1.5"),
        ({"type": "integer", "multipleOf": 3}, 4, "Invalid value: 4: a in body should be a multiple of 3"),
        ({"type": "number", "multipleOf": 0.5}, 1.5, None),
        ({"enum": [1, 2]}, 3, 'Unsupported value: 3: supported values: "1", "2"'),
        ({"type": "array", "minItems": 1}, [], "Invalid value: 0: a in body should have at least 1 items"),
        ({"type": "array", "maxItems": 1}, [1, 2], "Too many: 2: must have at most 1 items"),
        ({"type": "object", "minProperties": 1}, {}, "Invalid value: 0: a in body should have at least 1 properties"),
        ({"type": "object", "maxProperties": 0}, {"x": 1}, "Too many: 1: must have at most 0 items"),
    ],
)
def test_a_value_that_breaks_a_rule_is_told_so(schema: Any, value: Any, message: str | None) -> None:
    found = values.problems({"type": "object", "properties": {"a": schema}}, {"a": value})
    assert [(one.field, one.message) for one in found] == ([] if message is None else [("a", message)])


def test_paths_lead_into_lists_maps_and_required_members() -> None:
    item = {"type": "object", "required": ["name"], "properties": {"qty": {"type": "integer"}}}
    schema: Any = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "parts": {"type": "array", "items": item},
            "more": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    value = {"parts": [{"name": "a"}, {"qty": "x"}], "more": {"k": 1}}
    assert [(one.field, one.reason) for one in values.problems(schema, value)] == [
        ("more.k", TYPE),
        ("parts[1].qty", TYPE),
        ("parts[1].name", "FieldValueRequired"),
        ("spec", "FieldValueRequired"),
    ]
    assert [one.field for one in values.problems(schema["properties"]["parts"], value["parts"], "status.parts")] == [
        "status.parts[1].qty",
        "status.parts[1].name",
    ]


@pytest.mark.parametrize(
    ("rules", "value", "texts"),
    [
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, []),
        (
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"a": 1, "b": 1},
            ['Invalid value: "": "s" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
        ),
        (
            {"oneOf": [{"required": ["a"]}]},
            {},
            [
                'Invalid value: "": "s" must validate one and only one schema (oneOf). Found none valid',
                "Required value",
            ],
        ),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}]},
            {"b": 1},
            ['Invalid value: "": "s" must validate at least one schema (anyOf)', "Required value"],
        ),
        (
            {"allOf": [{"required": ["a"]}]},
            {},
            ["Required value", 'Invalid value: "": "s" must validate all the schemas (allOf). None validated'],
        ),
        ({"not": {"required": ["a"]}}, {"a": 1}, ['Invalid value: "": "s" must not validate the schema (not)']),
        ({"not": {"required": ["a"]}}, {}, []),
    ],
)
def test_alternatives_that_do_not_fit_are_told_without_a_field(rules: Any, value: Any, texts: list[str]) -> None:
    found = values.problems({"type": "object", "properties": {"s": {"type": "object", **rules}}}, {"s": value})
    assert [one.message for one in found] == texts
    assert all((one.field == "<nil>") == one.message.startswith("Invalid") for one in found)


def test_what_was_wrong_before_may_stay_as_it_is() -> None:
    rule = {"type": "string", "maxLength": 1}
    item = {"type": "object", "properties": {"name": {"type": "string"}, "x": rule}}
    keyed = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    schema = {
        "type": "object",
        "properties": {"a": rule, "b": rule, "l": keyed, "plain": {"type": "array", "items": rule}},
    }
    old = {"a": "long", "b": "x", "l": [{"name": "n", "x": "long"}], "plain": ["long"]}
    new = {"a": "long", "b": "long", "l": [{"name": "m"}, {"name": "n", "x": "long"}], "plain": ["long", "x"]}
    assert [one.field for one in values.problems(schema, new, old=old)] == ["b", "plain[0]"]


def test_sets_and_maps_hold_nothing_twice() -> None:
    schema = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {"type": "object"},
            },
        },
    }
    ports = [{"port": 1, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}, {"port": 1, "protocol": "TCP", "x": 1}]
    found = lists.duplicates({"tags": ["a", "b", "a"], "ports": ports}, parse(schema))
    assert [(one.field, one.message) for one in found] == [
        ("tags[2]", 'Duplicate value: "a"'),
        ("ports[2]", 'Duplicate value: {"port":1,"protocol":"TCP"}'),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(1.5, "1.5"), (100000.0, "100000"), (1e6, "1e+06"), (0.00001, "1e-05"), (-2.0, "-2")]
)
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert limits.go_float(value) == text


def test_a_pattern_takes_no_longer_than_the_text_is_long() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(a+)+$"}}}
    assert len(values.problems(schema, {"a": "a" * 5000 + "b"})) == 1
    assert values.problems({"type": "string", "pattern": r"^\p{L}+$"}, "\u00e9") == []
