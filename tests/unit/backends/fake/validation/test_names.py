"""Names, keys and values are refused with the server's texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backends.fake.validation import names

Rule = Callable[[str], tuple[str, ...]]

GOOD: list[tuple[Rule, list[str]]] = [
    (names.label_1123_errors, ["a", "a-1", "0", "a" * 63]),
    (names.subdomain_1123_errors, ["a", "a.b", "1.2", "a" * 253]),
    (names.label_1035_errors, ["a", "a-1"]),
    (names.label_key_errors, ["a", "A.b_c-d", "example.com/Name"]),
    (names.label_value_errors, ["", "A", "a.b"]),
    (names.config_key_errors, [".a", "A-b_c", "..."[:1] + "x"]),
    (names.path_segment_errors, ["system:node", "A B"]),
]
BAD: list[tuple[Rule, str, str]] = [
    (names.label_1123_errors, "A", "a lowercase RFC 1123 label must consist of"),
    (names.label_1123_errors, "a.b", "must not contain dots"),
    (names.label_1123_errors, "a" * 64, "must be no more than 63 characters"),
    (names.subdomain_1123_errors, "a..b", "a lowercase RFC 1123 subdomain must consist of"),
    (names.subdomain_1123_errors, "a" * 254, "must be no more than 253 characters"),
    (names.label_1035_errors, "1a", "a DNS-1035 label must consist of"),
    (names.label_key_errors, "a/b/c", "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"),
    (names.label_key_errors, "/b", "prefix part must be non-empty"),
    (names.label_key_errors, "A/b", "prefix part a lowercase RFC 1123 subdomain"),
    (names.label_key_errors, "a/", "name part must be non-empty"),
    (names.label_key_errors, "b" * 64, "name part must be no more than 63 characters"),
    (names.label_value_errors, "x" * 64, "must be no more than 63 characters"),
    (names.config_key_errors, "..", "must not be '..'"),
    (names.config_key_errors, "..a", "must not start with '..'"),
    (names.config_key_errors, "a/b", "a valid config key must consist of"),
    (names.path_segment_errors, "a/b", "may not contain '/'"),
    (names.path_segment_errors, "..", "may not be '..'"),
]


@pytest.mark.parametrize(("rule", "values"), GOOD)
def test_what_is_a_name_passes(rule: Rule, values: list[str]) -> None:
    assert [text for value in values for text in rule(value)] == []


@pytest.mark.parametrize(("rule", "value", "text"), BAD)
def test_what_is_no_name_is_told_why(rule: Rule, value: str, text: str) -> None:
    assert any(text in error for error in rule(value))


@pytest.mark.parametrize(
    ("rule", "longest"),
    [
        (names.label_1123_errors, 63),
        (names.label_1035_errors, 63),
        (names.label_value_errors, 63),
        (names.subdomain_1123_errors, 253),
        (names.config_key_errors, 253),
    ],
)
def test_the_longest_name_passes_and_one_more_character_does_not(rule: Rule, longest: int) -> None:
    assert rule("a" * longest) == ()
    assert rule("a" * (longest + 1)) == (f"must be no more than {longest} characters",)
