"""Objects seen through their shapes: fields, differences, merging, pruning, and what is no such object."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.ownership import values
from backends.fake.ownership.shapes import Map
from backends.fake.ownership.tracking import shape_of


def shape(group: str, version: str, kind: str) -> Map:
    found = shape_of(group, version, kind)
    assert found is not None
    return found


POD = shape("", "v1", "Pod")
SERVICE = shape("", "v1", "Service")


def pod(*containers: Any, **metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "spec": {"containers": list(containers)}}


def named(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def test_list_elements_are_named_by_their_keys() -> None:
    fields = values.fields_of(POD, pod(named("c", image="i", ports=[{"containerPort": 80}])))
    container = fields["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert container["f:ports"] == {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    assert container["f:image"] == {}
    assert "." in container


def test_atomic_values_are_one_field() -> None:
    fields = values.fields_of(POD, {"spec": {"nodeSelector": {"a": "b"}, "containers": [named("c", args=["x", "y"])]}})
    assert fields["f:spec"]["f:nodeSelector"] == {}
    assert fields["f:spec"]["f:containers"]['k:{"name":"c"}']["f:args"] == {}
    assert values.fields_of(SERVICE, {"spec": {"selector": {"app": "web"}}}) == {"f:spec": {"f:selector": {}}}


def test_members_of_plain_maps_and_sets_are_fields() -> None:
    fields = values.fields_of(POD, {"metadata": {"labels": {"a": "1"}, "finalizers": ["x/y"]}})
    assert fields == {"f:metadata": {"f:labels": {"f:a": {}}, "f:finalizers": {'v:"x/y"': {}}}}


@pytest.mark.parametrize(
    ("spec", "claimed"),
    [
        ({"ports": []}, {}),
        ({"ports": [], "type": "ClusterIP"}, {"f:spec": {"f:type": {}}}),
        ({"ports": None}, {"f:spec": {"f:ports": {}}}),
        ({"sessionAffinityConfig": {"clientIP": {}}}, {"f:spec": {"f:sessionAffinityConfig": {"f:clientIP": {}}}}),
        ({}, {"f:spec": {}}),
    ],
)
def test_of_an_empty_list_nobody_claims_anything_nor_of_what_is_around_it(spec: Any, claimed: Any) -> None:
    assert values.fields_of(SERVICE, {"spec": spec}) == claimed


def test_a_comparison_tells_added_removed_and_modified_apart() -> None:
    old = pod(named("a", image="1"), named("b", image="1"), labels={"x": "1", "y": "1"})
    new = pod(named("b", image="2"), named("c", image="1"), labels={"x": "1", "z": "1"})
    found = values.compare(POD, old, new)
    containers = ("f:spec", "f:containers")
    assert found.added["f:metadata"] == {"f:labels": {"f:z": {}}}
    assert found.removed["f:metadata"] == {"f:labels": {"f:y": {}}}
    assert found.added[containers[0]][containers[1]] == {'k:{"name":"c"}': {".": {}, "f:image": {}, "f:name": {}}}
    assert list(found.removed[containers[0]][containers[1]]) == ['k:{"name":"a"}']
    assert found.modified == {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}}


def test_elements_in_another_order_are_no_difference() -> None:
    old, new = pod(named("a"), named("b")), pod(named("b"), named("a"))
    assert not any(values.compare(POD, old, new))


def test_a_new_map_is_a_field_itself() -> None:
    found = values.compare(POD, {"metadata": {}}, {"metadata": {"labels": {"a": "1"}}})
    assert found.added == {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("abc", "b", "abc"),
        ("abc", "ca", "bca"),
        ("abc", "xb", "axbc"),
        ("", "ba", "ba"),
        ("abcd", "dxa", "bcdxa"),
        ("ab", "", "ab"),
    ],
)
def test_list_elements_merge_in_the_order_of_the_applier(live: str, applied: str, merged: str) -> None:
    found = values.merge(POD, pod(*map(named, live)), pod(*map(named, applied)))
    assert "".join(one["name"] for one in found["spec"]["containers"]) == merged


def test_a_merge_keeps_what_is_not_applied() -> None:
    live = pod(named("c", image="1", env=[named("A", value="1")]), labels={"x": "1"})
    merged = values.merge(POD, live, pod(named("c", image="2"), labels={"y": "2"}))
    assert merged["spec"]["containers"] == [{"name": "c", "image": "2", "env": [{"name": "A", "value": "1"}]}]
    assert merged["metadata"]["labels"] == {"x": "1", "y": "2"}
    assert live["metadata"]["labels"] == {"x": "1"}, "inputs are never changed"


def test_pruning_takes_fields_and_elements() -> None:
    value = pod(named("a", image="1"), named("b", image="1"), labels={"x": "1", "y": "1"})
    gone = {
        "f:metadata": {"f:labels": {"f:x": {}}},
        "f:spec": {"f:containers": {'k:{"name":"a"}': {}, 'k:{"name":"b"}': {"f:image": {}}}},
    }
    assert values.pruned(POD, value, gone) == pod(named("b"), labels={"y": "1"})


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"bogus": 1}, ".bogus: field not declared in schema"),
        ({"spec": {"priority": "1"}}, ".spec.priority: expected numeric (int or float), got string"),
        ({"spec": {"hostNetwork": 1}}, ".spec.hostNetwork: expected boolean, got &{1}"),
        (
            {"spec": {"nodeName": 1}},
            ".spec.nodeName: expected string, got &value.valueUnstructured{Value:1}",
        ),
        ({"spec": []}, ".spec: expected map, got &{[]}"),
        ({"spec": {"containers": {}}}, ".spec.containers: expected list, got &{map[]}"),
        (
            {"spec": {"containers": [{"image": "i"}]}},
            (
                '.spec.containers: element 0: associative list with keys has an element that omits key field "name" '
                "(and doesn't have default value)"
            ),
        ),
        (pod(named("c"), named("c")), '.spec.containers: duplicate entries for key [name="c"]'),
        (pod(named("c", tty="y")), '.spec.containers[name="c"].tty: expected boolean, got &{y}'),
    ],
)
def test_what_cannot_be_applied_is_told_with_its_path(value: dict[str, Any], problem: str) -> None:
    assert values.problems(POD, value) == [problem]
