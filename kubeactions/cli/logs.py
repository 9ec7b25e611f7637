"""Log lines for people or machines: short and coloured on a terminal, one JSON object a line otherwise."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO, Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "1;31"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp (RFC 3339, UTC), level, logger, message, and whatever the caller added.

    What is about one action has its key under `action`, and on its end `type`, `target`, `status` and `reason`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        body: dict[str, Any] = {
            "timestamp": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        body |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            body["exception"] = self.formatException(record.exc_info)
        return json.dumps(body, default=str, ensure_ascii=False)


class HumanFormatter(logging.Formatter):
    """`12:03:55 kubeactions.elector  text`, in local time, warnings and errors in colour where there is a terminal.

    What the caller added follows in brackets where the text does not say it; whole objects are for machines only.
    """

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The line; an exception follows on lines of its own."""
        clock = _time(record).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        added = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        said = record.getMessage()
        short = {name: value for name, value in added.items() if not isinstance(value, dict | list)}
        more = ", ".join(f"{name}={value}" for name, value in short.items() if str(value) not in said)
        text = f"{level}{said}{f' ({more})' if more else ''}"
        if self._colour and (code := _COLOURS.get(record.levelno)):
            text = f"\033[{code}m{text}\033[0m"
        line = f"{clock} {record.name.removeprefix('kubeactions.'):<9} {text}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def set_up(log_format: str, *, verbose: bool = False, stream: IO[str] | None = None) -> None:
    """Send this project's logs to `stream` (standard error). `log_format`: "human", "json", or "auto" by terminal."""
    stream = stream or sys.stderr
    human = log_format == "human" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanFormatter(colour=stream.isatty()) if human else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("kubeactions").setLevel(logging.DEBUG if verbose else logging.INFO)
