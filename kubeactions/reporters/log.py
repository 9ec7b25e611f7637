"""The structured log as a destination: one line a settled action, level INFO or WARNING, a `report` for machines.

It goes through the standard `logging` (logger `kubeactions.report`), whose handlers the command line sets up. A line is
acknowledged by being handed over; a repeat after a crash is one more line, with the same `key`. What a read brought
back is not logged: that may be large, and a log is read by many.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from kubeactions.model import Report, Status
from kubeactions.reporters import Surroundings, refuse_options, summary

logger = logging.getLogger("kubeactions.report")
_GOOD = frozenset({Status.SUCCEEDED, Status.DUPLICATE, Status.CANCELLED, Status.DRY_RUN})


class LogReporter:
    """A `Reporter` that writes to the log."""

    name = "log"

    def deliver(self, reports: Sequence[Report]) -> None:
        """Log each report, in order."""
        for report in reports:
            level = logging.INFO if report.outcome.status in _GOOD else logging.WARNING
            logger.log(level, "%s", summary(report), extra={"report": fields(report)})


def fields(report: Report) -> dict[str, Any]:
    """What a machine wants of a report, flat; names are those of the payload where there is one."""
    found: dict[str, Any] = {
        "key": str(report.key),
        "marker": report.key.marker,
        "status": str(report.outcome.status),
        "reason": report.outcome.reason,
        "inferred": report.outcome.inferred,
        "replica": report.replica,
        "settled_at": report.settled_at.isoformat(),
    }
    if (action := report.action) is not None:
        found |= {
            "action_type": action.type,
            "resource_kind": action.target.kind,
            "resource_namespace": action.target.namespace,
            "resource_name": action.target.name,
            "action_id": action.action_id,
            "requested_by": action.requested_by,
        }
    return found


def open_log(options: Mapping[str, Any], _surroundings: Surroundings) -> LogReporter:
    """The factory behind `log`; it has no options."""
    refuse_options("log", options)
    return LogReporter()
