"""One rule: what it allows, and what several leave uncovered."""

from __future__ import annotations

import pytest

from backends.fake.authorization.rules import Rule, rules_of, uncovered

GET_PODS = Rule(("get",), ("",), ("pods",))


@pytest.mark.parametrize(
    ("rule", "asked", "allowed"),
    [
        (GET_PODS, ("get", "", "pods"), True),
        (GET_PODS, ("list", "", "pods"), False),
        (GET_PODS, ("get", "apps", "pods"), False),
        (GET_PODS, ("get", "", "pods/log"), False),
        (Rule(("*",), ("*",), ("*",)), ("anything", "any.group", "x/y"), True),
        (Rule(("get",), ("",), ("pods/*",)), ("get", "", "pods/log"), False),
        (Rule(("get",), ("",), ("*/scale",)), ("get", "", "deployments/scale"), True),
        (Rule(("get",), ("",), ("*/scale",)), ("get", "", "deployments"), False),
        (Rule(("get",), ("",), ("pods/log",)), ("get", "", "pods"), False),
    ],
)
def test_a_rule_allows_what_it_names(rule: Rule, asked: tuple[str, str, str], allowed: bool) -> None:
    assert rule.allows(*asked) is allowed


@pytest.mark.parametrize(
    ("url", "path", "allowed"),
    [
        ("/api", "/api", True),
        ("/api", "/api/v1", False),
        ("/api/*", "/api/v1", True),
        ("/api/*", "/api", False),
        ("/ap*", "/apis", True),
        ("*", "/x", True),
    ],
)
def test_a_star_at_the_end_of_a_path_is_any_rest(url: str, path: str, allowed: bool) -> None:
    assert Rule(("get",), urls=(url,)).allows_url("get", path) is allowed
    assert not Rule(("post",), urls=(url,)).allows_url("get", path)


def test_what_is_held_covers_what_is_asked_piece_by_piece() -> None:
    held = [Rule(("get", "list"), ("",), ("pods",)), Rule(("*",), ("apps",), ("*",))]
    assert uncovered(held, [Rule(("get",), ("", "apps"), ("pods",))]) == []
    missing = uncovered(held, [Rule(("get", "delete", "patch"), ("",), ("pods", "secrets"))])
    assert [str(rule) for rule in missing] == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "patch"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "patch"]}',
    ]
    missing = uncovered(held, [Rule(("get", "list"), ("",), ("secrets",), ("b", "a"))])
    assert [str(rule) for rule in missing] == [
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get" "list"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get" "list"]}',
    ]


@pytest.mark.parametrize(
    ("held", "asked", "covered"),
    [
        (("a",), ("a",), True),
        (("a", "b"), ("a",), True),
        ((), ("a",), True),
        (("a",), (), False),
        (("a",), ("b",), False),
    ],
)
def test_a_right_to_some_names_covers_those_alone(held: tuple[str, ...], asked: tuple[str, ...], covered: bool) -> None:
    own = Rule(("get",), ("",), ("pods",), held)
    assert (uncovered([own], [Rule(("get",), ("",), ("pods",), asked)]) == []) is covered


def test_paths_are_covered_by_paths_and_by_stars() -> None:
    own = [Rule(("get",), urls=("/api/*", "/version"))]
    assert uncovered(own, [Rule(("get",), urls=("/api/v1", "/version"))]) == []
    assert [str(rule) for rule in uncovered(own, [Rule(("get",), urls=("/metrics",))])] == [
        '{NonResourceURLs:["/metrics"], Verbs:["get"]}'
    ]
    assert uncovered([GET_PODS], [Rule(("get",), urls=("/api",))]) != []


def test_rules_are_read_as_they_are_written() -> None:
    read = rules_of({"rules": [{"verbs": ["b", "a"], "apiGroups": [""], "resources": ["x"], "resourceNames": ["n"]}]})
    assert read == (Rule(("b", "a"), ("",), ("x",), ("n",)),)
    assert rules_of({"rules": None}) == ()
