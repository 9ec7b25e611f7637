"""Refusals as Status bodies."""

from __future__ import annotations

import orjson

from backends.fake import statuses


def test_a_refusal_is_a_status() -> None:
    body = orjson.loads(statuses.not_found("deployments", "web", "apps").body())
    assert body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "web" not found',
        "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


def test_details_and_reason_are_left_out_where_there_are_none() -> None:
    body = orjson.loads(statuses.ApiError(500, "", "what happened").body())
    assert "details" not in body
    assert "reason" not in body


def test_causes_are_told_once_in_words_and_each_in_the_details() -> None:
    one = {"field": "spec.a", "reason": "FieldValueInvalid", "message": "Invalid value: 1: no"}
    two = {"field": "spec.b", "reason": "FieldValueRequired", "message": "Required value"}
    error = statuses.invalid("Pod", "p", "", [one, one])
    assert error.message == 'Pod "p" is invalid: spec.a: Invalid value: 1: no'
    assert (error.details or {})["causes"] == [one, one]
    assert statuses.invalid("Pod", "p", "", [one, two]).message.endswith(
        "[spec.a: Invalid value: 1: no, spec.b: Required value]"
    )


def test_a_plain_refusal_is_its_text() -> None:
    error = statuses.page_not_found()
    assert (error.body(), error.headers["Content-Type"]) == (b"404 page not found\n", "text/plain; charset=utf-8")
