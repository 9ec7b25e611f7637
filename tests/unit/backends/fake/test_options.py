"""CreateOptions, PatchOptions, DeleteOptions."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake import options
from backends.fake.call import Call, parse_query
from backends.fake.messages import Request
from backends.fake.registry import DeleteOptions
from backends.fake.statuses import ApiError


def call(query: str = "", body: bytes = b"", media: str = "application/json") -> Call:
    return Call(Request("POST", f"/x?{query}", {"content-type": media}, body), "/x", parse_query(query))


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("dryRun=Some", "dryRun", 'Unsupported value: ["Some"]: supported values: "All"'),
        ("dryRun=All&dryRun=", "dryRun", 'Unsupported value: ["All",""]: supported values: "All"'),
        ("fieldValidation=Loud", "fieldValidation", 'supported values: "", "Ignore", "Strict", "Warn"'),
        ("fieldManager=" + "x" * 129, "fieldManager", "Too long: may not be more than 128 bytes"),
        ("fieldManager=a%01", "fieldManager", "invalid character U+0001 (at position 1)"),
        ("force=true", "force", "may not be specified for non-apply patch"),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_name_of_its_options(query: str, field: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        options.check_write(call(query), "PatchOptions")
    details = refused.value.details or {}
    assert (refused.value.code, details["kind"], details["group"]) == (422, "PatchOptions", "meta.k8s.io")
    assert details["causes"][0]["field"] == field
    assert words in details["causes"][0]["message"]


@pytest.mark.parametrize(("query", "dry_run"), [("", False), ("dryRun=All", True), ("dryRun=All&dryRun=All", True)])
def test_a_dry_run_is_noted(query: str, dry_run: bool) -> None:
    asked = call(query)
    options.check_write(asked, "CreateOptions")
    assert asked.dry_run is dry_run


@pytest.mark.parametrize("timeout", ["30s", "1h2m", "1.5s", "0", "100ms", "-.5h"])
def test_a_go_duration_is_a_timeout(timeout: str) -> None:
    options.check_timeout({"timeout": timeout})


@pytest.mark.parametrize(
    ("timeout", "words"),
    [
        ("30", 'missing unit in duration "30"'),
        ("1s1", 'missing unit in duration "1s1"'),
        ("5x", 'unknown unit "x" in duration "5x"'),
        ("bad", 'invalid duration "bad"'),
        ("-", 'invalid duration "-"'),
    ],
)
def test_anything_else_is_none(timeout: str, words: str) -> None:
    with pytest.raises(ApiError, match=words):
        options.check_timeout({"timeout": timeout})


def test_delete_options_are_read_from_the_query() -> None:
    query = "gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All"
    assert options.read_delete(call(query)) == DeleteOptions(grace_period_s=5, propagation="Orphan", dry_run=True)
    assert options.read_delete(call("orphanDependents=false")) == DeleteOptions(orphan_dependents=False)


def test_delete_options_are_read_from_the_body() -> None:
    body = b'{"gracePeriodSeconds":0,"preconditions":{"uid":"u","resourceVersion":"7"},"dryRun":["All"],"unknown":1}'
    assert options.read_delete(call("gracePeriodSeconds=9", body)) == DeleteOptions(
        grace_period_s=0, uid="u", resource_version="7", dry_run=True
    )


@pytest.mark.parametrize(
    ("text", "words"), [("x", "invalid syntax"), ("1.0", "invalid syntax"), ("9" * 30, "out of range"), ("", "invalid")]
)
def test_a_number_is_a_64_bit_integer(text: str, words: str) -> None:
    with pytest.raises(ApiError, match=words):
        options.integer(text)
    assert options.integer("-5") == -5


@pytest.mark.parametrize("found", [{"dryRun": [1]}, {"propagationPolicy": ""}])
def test_values_of_the_right_type_and_no_sense_are_refused_too(found: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        options.check_delete(found)
