"""Values as JSON has them or as text, and what is wrong with the rest, in words."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.executors._parameters import check_waiting, choice, exactly_one, flag, json_value, whole


@pytest.mark.parametrize(("given", "read"), [(3, 3), ("3", 3), ("+3", 3), ("-3", -3), (0, 0)])
def test_a_whole_number_may_be_text(given: Any, read: int) -> None:
    assert whole(-5, 5)(given) == read


@pytest.mark.parametrize("given", [6, "6", 1.0, "1.0", True, "", "three", None, [], "٣"])
def test_anything_else_is_no_whole_number(given: Any) -> None:
    with pytest.raises(ValueError, match="a whole number from -5 to 5 is expected"):
        whole(-5, 5)(given)


@pytest.mark.parametrize("given", ["+2", "+0"])
def test_a_signed_number_is_not_taken_for_an_absolute_one(given: str) -> None:
    """`replicas: "+2"` of a Deployment with ten would have scaled it down to two."""
    with pytest.raises(ValueError, match="it is no difference, so it takes no sign"):
        whole(0, 5)(given)


@pytest.mark.parametrize(("given", "read"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_a_flag_may_be_text(given: Any, read: bool) -> None:
    assert flag(given) is read


@pytest.mark.parametrize("given", [1, 0, "yes", "True", None, []])
def test_anything_else_is_no_flag(given: Any) -> None:
    with pytest.raises(ValueError, match="true or false"):
        flag(given)


def test_a_mistyped_word_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"did you mean merge\?"):
        choice("strategic-merge", "merge", "json")("merg")


def test_integers_in_a_patch_survive_as_they_were_written() -> None:
    assert json_value('{"a": 9007199254740993}') == {"a": 9007199254740993}
    assert json_value({"a": 9007199254740993}) == {"a": 9007199254740993}


@pytest.mark.parametrize("given", ["{", "3", '"text"', '{"a": 1, "a": 2}', '{"a": NaN}', 7, None])
def test_what_is_no_object_or_list_is_no_patch(given: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_value(given)


def test_rules_across_parameters() -> None:
    check = exactly_one("replicas", "delta")
    check({"replicas": 1})
    for given in ({}, {"replicas": 1, "delta": 1}):
        with pytest.raises(ValueError, match="one of replicas and delta"):
            check(given)
    with pytest.raises(ValueError, match="goes with wait"):
        check_waiting({"timeout_seconds": 5})
    check_waiting({"timeout_seconds": 5, "wait": "rollout"})
