"""Sets of fields in the form of managedFields: algebra, order, and how paths are shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.fake.ownership import fieldsets
from backends.fake.ownership.fieldsets import Fields

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"c"}', 'v:"x"'])


def built(paths: set[tuple[str, ...]]) -> Fields:
    """The set of these paths, made one path at a time."""
    found: Fields = {}
    for path in paths:
        one: Fields = {}
        for element in reversed(path):
            one = {element: one}
        found = fieldsets.union(found, one)
    return found


PATHS = st.sets(st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple), max_size=8)


@given(PATHS, PATHS)
def test_the_operations_are_those_of_sets_of_paths(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> None:
    left, right = built(a), built(b)
    assert set(fieldsets.members(left)) == a
    assert set(fieldsets.members(fieldsets.union(left, right))) == a | b
    assert set(fieldsets.members(fieldsets.intersection(left, right))) == a & b
    assert set(fieldsets.members(fieldsets.difference(left, right))) == a - b


@given(PATHS, PATHS)
def test_without_takes_what_lies_below_too(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> None:
    kept = {path for path in a if not any(path[: len(one)] == one for one in b)}
    assert set(fieldsets.members(fieldsets.without(built(a), built(b)))) == kept


@given(PATHS)
def test_leaves_have_nothing_below_them(a: set[tuple[str, ...]]) -> None:
    lowest = {path for path in a if not any(one[: len(path)] == path and one != path for one in a)}
    assert set(fieldsets.members(fieldsets.leaves(built(a)))) == lowest


@given(PATHS, PATHS)
def test_every_level_stays_in_order(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> None:
    made = fieldsets.union(built(a), built(b))
    assert list(made) == list(fieldsets.ordered(made))


def test_ports_are_ordered_as_numbers() -> None:
    ports: Fields = {f'k:{{"port":{port}}}': {} for port in (8080, 80, 9)}
    assert [element[10:-1] for element in fieldsets.ordered(ports)] == ["9", "80", "8080"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("f:spec", "f:containers", 'k:{"name":"c"}', "f:image"), '.spec.containers[name="c"].image'),
        (("f:ports", 'k:{"containerPort":80,"protocol":"TCP"}'), '.ports[containerPort=80,protocol="TCP"]'),
        (("f:metadata", "f:finalizers", 'v:"a/b"'), '.metadata.finalizers[="a/b"]'),
    ],
)
def test_a_path_is_shown_as_conflicts_show_it(path: tuple[str, ...], shown: str) -> None:
    assert fieldsets.shown(path) == shown


@pytest.mark.parametrize("wrong", [[], "f:a", {"a": {}}, {"f:a": 1}, {"k:[]": {}}, {"k:{": {}}, {"i:x": {}}, {1: {}}])
def test_what_is_no_set_is_told_apart(wrong: Any) -> None:
    assert not fieldsets.readable(wrong)


def test_what_is_a_set_is_readable() -> None:
    assert fieldsets.readable({"f:a": {".": {}, 'k:{"n":1}': {}, "v:true": {}}, "i:0": {}})
