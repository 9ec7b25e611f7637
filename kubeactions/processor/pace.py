"""How much one round of the execution may do, who is next in it, and what ends it early. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kubeactions.model import Phase, Record
from kubeactions.processor.open_records import action_of

REPLAN_PAUSE_S = 0.5
"""Pause before a new plan: a Deployment's controller writes once more after whoever used up the pin."""
LOOK_AGAIN_S = 2.0
"""Pause before a second look that the first one asked for without saying when."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one round may do."""

    batch: int = 8
    """Intents in one write, and requests in one round."""
    batch_bytes: int = 64 * 1024
    """Plans of one round stop at this: a plan may hold a whole pod template, and all of them lie in one ConfigMap."""
    full_bytes: int = 512 * 1024
    """A ledger whose head is longer takes no new plans: one round's more must fit into the 1 MiB of a ConfigMap."""
    max_attempts: int = 5
    """Plans for one action, when others keep changing its target."""


class OutOfLease(Exception):  # noqa: N818  It ends a round; nothing went wrong.
    """The lease does not last for another request: the round ends, intents stay as they are."""


def in_line(records: Iterable[Record], now: datetime) -> tuple[list[Record], list[tuple[Record, Record]]]:
    """The first open record of each target in order of arrival, and each other one with the one that it waits for.

    What has begun comes before what came first. What asks to begin later takes its place in the line when its time has
    come, and holds nobody up until then; it is among the first, to be told so.
    """
    first: dict[tuple[str, str, str, str], Record] = {}
    later: list[Record] = []
    behind: list[tuple[Record, Record]] = []
    opened = (one for one in records if one.open)
    for record in sorted(opened, key=lambda one: (one.phase is not Phase.INTENT, one.order)):
        action = action_of(record)
        if record.phase is Phase.PENDING and action.not_before is not None and action.not_before > now:
            later.append(record)
        elif (ahead := first.setdefault(action.target.lock, record)) is not record:
            behind.append((record, ahead))
    return sorted((*first.values(), *later), key=lambda one: one.order), behind
