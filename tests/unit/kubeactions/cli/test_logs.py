"""Log lines: JSON for machines, short ones for people."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from kubeactions.cli.logs import HumanFormatter, JsonFormatter, set_up


def record(level: int = logging.INFO, **added: object) -> logging.LogRecord:
    found = logging.LogRecord("kubeactions.elector", level, __file__, 1, "lease %s", ("acquired",), None)
    vars(found).update(added)
    return found


def test_a_json_line_has_what_the_caller_added() -> None:
    body = json.loads(JsonFormatter().format(record(term=3, report={"key": "a:v1"})))
    assert (body["level"], body["logger"], body["message"]) == ("info", "kubeactions.elector", "lease acquired")
    assert (body["term"], body["report"]) == (3, {"key": "a:v1"})
    assert body["timestamp"].endswith("Z")


def test_a_human_line_is_short_and_leaves_objects_to_machines() -> None:
    line = HumanFormatter(colour=False).format(record(logging.WARNING, term=3, report={"key": "a:v1"}))
    assert line[8:] == " elector   warning: lease acquired (term=3)"
    assert "\033[33m" in HumanFormatter(colour=True).format(record(logging.WARNING))


def test_an_exception_is_in_the_line() -> None:
    failed = record(logging.ERROR)
    failed.exc_info = (ValueError, ValueError("why"), None)
    assert "ValueError: why" in json.loads(JsonFormatter().format(failed))["exception"]
    assert HumanFormatter(colour=False).format(failed).endswith("ValueError: why")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)
    logging.getLogger("kubeactions").setLevel(logging.NOTSET)


@pytest.mark.parametrize(("log_format", "json_expected"), [("auto", True), ("json", True), ("human", False)])
def test_without_a_terminal_lines_are_json_unless_asked_otherwise(
    root: logging.Logger, log_format: str, json_expected: bool
) -> None:
    stream = io.StringIO()
    set_up(log_format, stream=stream)
    logging.getLogger("kubeactions.x").info("hello")
    logging.getLogger("urllib3").info("not ours")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith("{") is json_expected
