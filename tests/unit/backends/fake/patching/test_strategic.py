"""Strategic merge patch merges lists by the keys of the schema, and orders them as the server does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.fake.patching import PatchError, go_format, strategic
from backends.fake.schema import Schema, StructType

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "web"}, "finalizers": ["example.com/a"]},
    "spec": {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {
            "spec": {
                "containers": [
                    {"name": "c", "image": "app:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                    {"name": "side", "image": "side:1"},
                ]
            }
        },
    },
}


def type_of(group: str, kind: str) -> StructType:
    found = Schema.load().kind(group, "v1", kind)
    assert found is not None
    return found.type


def apply(patch: dict[str, Any], doc: dict[str, Any] = DEPLOYMENT) -> dict[str, Any]:
    before = copy.deepcopy((doc, patch))
    result = strategic.apply(doc, patch, type_of("apps", "Deployment"))
    assert (doc, patch) == before, "an input was changed"
    return result


def pod_spec(**members: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": members}}}


def containers(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = apply(pod_spec(containers=list(elements)))["spec"]["template"]["spec"]["containers"]
    return found


def names(result: dict[str, Any]) -> list[str]:
    return [container["name"] for container in result["spec"]["template"]["spec"]["containers"]]


def test_an_element_is_found_by_its_merge_key_and_keeps_its_place() -> None:
    assert [container["image"] for container in containers({"name": "side", "image": "side:2"})] == ["app:1", "side:2"]


def test_lists_inside_elements_merge_too() -> None:
    changed = containers({"name": "c", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]})

    assert changed[0]["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]
    assert changed[0]["image"] == "app:1"


def test_a_directive_deletes_an_element() -> None:
    assert containers({"name": "c", "env": [{"name": "A", "$patch": "delete"}]})[0]["env"] == [
        {"name": "B", "value": "2"}
    ]


def test_a_directive_replaces_a_whole_list() -> None:
    assert containers({"name": "c", "env": [{"name": "Z", "value": "9"}, {"$patch": "replace"}]})[0]["env"] == [
        {"name": "Z", "value": "9"}
    ]


def test_a_new_element_goes_before_those_that_only_the_server_has() -> None:
    assert names(apply(pod_spec(containers=[{"name": "new"}]))) == ["new", "c", "side"]


def test_an_order_directive_orders_what_it_names() -> None:
    patch = pod_spec(
        **{"$setElementOrder/containers": [{"name": "side"}, {"name": "c"}], "containers": [{"name": "c"}]}
    )

    assert names(apply(patch)) == ["side", "c"]


def test_an_order_directive_works_without_elements_and_on_a_list_that_is_new() -> None:
    alone = pod_spec(**{"$setElementOrder/containers": [{"name": "side"}, {"name": "c"}]})
    new = pod_spec(
        **{"$setElementOrder/initContainers": [{"name": "b"}, {"name": "a"}],
           "initContainers": [{"name": "b"}, {"name": "a"}]}
    )  # fmt: skip

    assert names(apply(alone)) == ["side", "c"]
    assert apply(new)["spec"]["template"]["spec"]["initContainers"] == [{"name": "b"}, {"name": "a"}]


def test_elements_that_contradict_the_order_directive_are_refused() -> None:
    patch = pod_spec(
        **{"$setElementOrder/containers": [{"name": "c"}, {"name": "side"}],
           "containers": [{"name": "side"}, {"name": "c"}]}
    )  # fmt: skip

    with pytest.raises(PatchError, match="The order in patch list") as caught:
        apply(patch)
    assert caught.value.status == 500


def test_lists_of_plain_values_merge_as_sets_and_have_a_directive_to_delete() -> None:
    assert apply({"metadata": {"finalizers": ["example.com/b"]}})["metadata"]["finalizers"] == [
        "example.com/b",
        "example.com/a",
    ]
    deleting = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    assert apply(deleting)["metadata"]["finalizers"] == []


def test_a_list_without_merge_strategy_is_replaced() -> None:
    doc = {"spec": {"template": {"spec": {"tolerations": [{"key": "a"}]}}}}

    assert apply(pod_spec(tolerations=[{"key": "b"}]), doc)["spec"]["template"]["spec"]["tolerations"] == [{"key": "b"}]


def test_retained_keys_are_the_only_ones_that_stay() -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}

    assert apply(patch)["spec"]["strategy"] == {"type": "Recreate"}


def test_a_map_can_be_replaced_or_emptied_by_directive() -> None:
    replaced = apply({"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}}})
    emptied = apply({"spec": {"strategy": {"$patch": "delete"}}})

    assert replaced["spec"]["strategy"] == {"type": "Recreate"}
    assert emptied["spec"]["strategy"] == {}


def test_null_deletes_and_is_dropped_from_what_is_new() -> None:
    patch = {"metadata": {"labels": {"app": None, "x": "y"}, "annotations": {"a": None, "b": "c"}}}

    assert apply(patch)["metadata"] == {
        "name": "web", "labels": {"x": "y"}, "annotations": {"b": "c"}, "finalizers": ["example.com/a"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "status", "text"),
    [
        (pod_spec(containers=[{"image": "x"}]), 500, "map: map[image:x] does not contain declared merge key: name"),
        (pod_spec(containers=[{"name": "c", "$patch": "explode"}]), 500,
         "unknown patch type: explode in map: map[$patch:explode name:c]"),
        ({"spec": {"$patch": "explode"}}, 500, "unknown patch type: explode in map: map[$patch:explode]"),
        (pod_spec(containers=[{"name": "c", "$patch": "merge"}]), 500,
         "merging lists cannot yet be specified in the patch"),
        ({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}}, 400,
         "invalid patch format of retainKeys"),
        ({"metadata": {"$deleteFromPrimitiveList": ["x"]}}, 400, "invalid patch format of primitive list"),
        ({"metadata": {"$setElementOrder/finalizers": "x"}}, 500,
         "expected a []interface {}, but received a string"),
        (pod_spec(containers=[{"name": "c"}, "c"]), 500, "list element types are not identical: object string"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_in_the_servers_words(patch: dict[str, Any], status: int, text: str) -> None:
    with pytest.raises(PatchError) as caught:
        apply(patch)

    assert (caught.value.status, str(caught.value)) == (status, text)


def test_what_is_no_object_is_400() -> None:
    with pytest.raises(PatchError) as caught:
        strategic.check([1])

    assert caught.value.status == 400


ELEMENTS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcde"), "image": st.sampled_from("xyz")}),
    max_size=5,
    unique_by=lambda element: element["name"],
)


@settings(max_examples=200, deadline=None)
@given(ELEMENTS, ELEMENTS)
def test_merging_twice_changes_nothing_more_and_loses_nothing(have: list[Any], patch: list[Any]) -> None:
    once = apply(pod_spec(containers=patch), pod_spec(containers=have))
    found = {item["name"]: item["image"] for item in once["spec"]["template"]["spec"]["containers"]}

    assert found == {item["name"]: item["image"] for item in [*have, *patch]}
    assert apply(pod_spec(containers=patch), once) == once
    wanted = [item["name"] for item in patch]
    assert [name for name in names(once) if name in wanted] == wanted


def test_values_are_printed_as_go_prints_them() -> None:
    assert go_format({"b": [1, "x", None, True], "a": {"z": 1.5}}) == "map[a:map[z:1.5] b:[1 x <nil> true]]"
