"""Label selectors are read and refused as the server reads and refuses them."""

from __future__ import annotations

import pytest

from backends.fake.selectors import SelectorError, labels_of, parse_labels

OBJECTS = {
    "a": {"app": "web", "tier": "front"},
    "b": {"app": "web", "tier": "back"},
    "c": {"app": "db", "weight": "7"},
    "d": {},
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", "abcd"), ("app=web", "ab"), ("app==db", "c"), ("app!=web", "cd"), ("app,app!=web", "c"),
        ("app in (web,db),tier", "ab"), ("app notin (web),app", "c"), ("app,!tier", "c"), ("!app", "d"),
        (" app = web , tier in ( back ) ", "b"), ("app in (,)", ""), ("tier=", ""), ("weight>5", "c"),
        ("weight<5", ""), ("in=x", ""), ("notin", ""), ("app notin (web, db)", "d"), ("x in ()x", None),
    ],
)  # fmt: skip
def test_what_a_selector_selects(text: str, selected: str | None) -> None:
    if selected is None:
        with pytest.raises(SelectorError):
            parse_labels(text)
        return
    matches = parse_labels(text)

    assert "".join(name for name, labels in OBJECTS.items() if matches(labels)) == selected
    assert matches.everything is (text == "")


def test_an_object_without_labels_is_selected_by_absence_alone() -> None:
    assert parse_labels("!app")(None)
    assert not parse_labels("app")(None)


QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
OF_REQUIREMENT = {
    "app===x": "found '=', expected: identifier",
    "app in web": "found 'web' expected: '('",
    "bad key=x": "found 'key', expected: in, notin, =, ==, !=, gt, lt",
    "!": "found '', expected: identifier",
    "a in ()": "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    "a>x": """values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer""",
    "-a": f'<nil>: Invalid value: "-a": name part {QUALIFIED}',
    "a=b/c": f'values[0][a]: Invalid value: "b/c": {VALUE}',
}
OTHERS = {
    "app=bad value!": "found 'value', expected: ',' or 'end of string'",
    "a,": "found '', expected: identifier after ','",
    "=a": "found '=', expected: !, identifier, or 'end of string'",
}
ERRORS = {**{text: f"unable to parse requirement: {error}" for text, error in OF_REQUIREMENT.items()}, **OTHERS}


@pytest.mark.parametrize(("text", "error"), ERRORS.items())
def test_what_a_selector_that_cannot_be_read_is_told(text: str, error: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_labels(text)

    assert str(caught.value) == error


def test_a_selector_object_selects_by_labels_and_expressions() -> None:
    matches = labels_of({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]})

    assert matches is not None
    assert [name for name, labels in OBJECTS.items() if matches(labels)] == ["a", "b"]


def test_no_selector_object_selects_nothing_and_an_empty_one_everything() -> None:
    everything = labels_of({})

    assert labels_of(None) is None
    assert everything is not None
    assert everything.everything


def test_an_operator_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SelectorError, match='"Like" is not a valid label selector operator'):
        labels_of({"matchExpressions": [{"key": "a", "operator": "Like"}]})
