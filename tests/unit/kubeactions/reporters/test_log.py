"""The log as a destination."""

from __future__ import annotations

import logging

import pytest

from kubeactions.model import Outcome, Status
from kubeactions.reporters.log import LogReporter
from tests.unit.kubeactions.reporters.reports import report


def test_each_report_is_one_line_with_fields_for_machines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kubeactions.report")
    LogReporter().deliver([report("a"), report("b", Outcome(Status.FAILED, "Forbidden", "two\nlines"), action=None)])
    first, second = caplog.records
    assert first.getMessage() == "delete_pod Pod shop/cart-0: succeeded (Deleted): pod deleted [a:v1]"
    assert (first.levelname, second.levelname) == ("INFO", "WARNING")
    assert second.getMessage() == "config: failed (Forbidden): two lines [b:v1]"
    fields = vars(first)["report"]
    assert (fields["key"], fields["status"], fields["resource_name"]) == ("a:v1", "succeeded", "cart-0")


def test_what_a_read_brought_back_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kubeactions.report")
    LogReporter().deliver([report("a", Outcome(Status.SUCCEEDED, "Read", "ok", payload={"x": "hidden-content"}))])
    assert "hidden-content" not in str(vars(caplog.records[0]))
