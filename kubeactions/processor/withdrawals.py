"""Withdraws pending actions that somebody has asked to cancel (`kubeactions cancel`). Called by the processor.

It looks before each round of effects, and once at each promotion: one GET, and none when nothing is open. What is
pending becomes `cancelled`, with who asked and when; what has begun or ended goes on as it is, and whoever asked reads
that in the record. A request is taken out only when what became of it is durable, so a crash in between repeats it.

A look that gets no answer ends the round before anything is sent: a request that is there must not be passed by.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from kubeactions.clock import Clock
from kubeactions.errors import KubeError
from kubeactions.ledger import Approval, Cancellation, Ledger, note
from kubeactions.model import Outcome, Phase, Record, Status
from kubeactions.processor.inbox import Inbox

log = logging.getLogger("kubeactions.withdrawals")

KEPT_FOR = timedelta(days=1)
"""How long a request stays that is about no record we know: another leader may know it."""
MAX_PROBLEMS = 1000
"""Problems remembered so that each is said once."""


class Withdrawals:
    """One replica's reading of the requests, for as long as it leads."""

    def __init__(self, inbox: Inbox, clock: Clock, identity: str) -> None:
        self._inbox = inbox
        self._clock = clock
        self._identity = identity
        self._look_anyway = True
        self._said: set[str] = set()

    def forget(self) -> None:
        """A new term: look once even when nothing is pending, for what an earlier leader has left."""
        self._look_anyway = True

    def settle(self, ledger: Ledger) -> None:
        """Cancel what is pending and asked for. Raises a `KubeError`; then the request is still there."""
        pending = {name: record for name, record in ledger.records.items() if record.phase is Phase.PENDING}
        if not self._look_anyway and not any(record.open for record in ledger.records.values()):
            return
        asked = self._inbox.read()
        now = self._clock.wall()
        found = [(pending[name], one) for name, one in asked.cancellations.items() if name in pending]
        if found:
            self._look_anyway = True  # Should the write's answer get lost, the requests are still to be taken out.
            ledger.write([self._cancelled(record, one, now) for record, one in found])
            for record, one in found:
                log.info("%s: cancelled, as %s asked", record.key, one.requested_by)
        self._look_anyway = False
        done = [name for name, one in asked.cancellations.items() if self._done_with(one, ledger, now)]
        done += [one.name for one in asked.approvals if self._is_spent(one, ledger, now)]
        for name, problem in asked.malformed.items():
            self._say(f"request {name} is malformed and dropped: {problem}")
        self._remove([*done, *asked.malformed])

    def _cancelled(self, record: Record, asked: Cancellation, now: datetime) -> Record:
        who = asked.requested_by or "somebody unnamed"
        text = f"withdrawn by {who} at {asked.at:%Y-%m-%dT%H:%M:%SZ}, before it had begun"
        text += f": {asked.reason}" if asked.reason else ""
        return replace(
            record,
            phase=Phase.SETTLED,
            outcome=Outcome(Status.CANCELLED, "Withdrawn", text),
            settled_at=now,
            replica=self._identity,
            why=note(record.why, "withdraw", "Withdrawn", f"asked for by {who}", now),
        )

    def _done_with(self, asked: Cancellation, ledger: Ledger, now: datetime) -> bool:
        """It is cancelled, or it came too late; or nobody knows what it is about, for a long time.

        A leader that has been replaced and does not know it yet may be wrong about what it does not know, but an
        intent or an outcome that it has read never goes away.
        """
        known = ledger.history.get(asked.marker)
        if known is None:
            self._say(f"request {asked.marker} is about no action on record: {asked.key}")
            return now - asked.at > KEPT_FOR
        if known.reason != "Withdrawn":
            log.warning("%s: not cancelled, as %s asked: it had begun", asked.key, asked.requested_by)
        return True

    def _is_spent(self, approval: Approval, ledger: Ledger, now: datetime) -> bool:
        """What it was about has ended; or nobody knows it, for a long time."""
        known = ledger.history.get(approval.marker)
        return known.status is not None if known is not None else now - approval.at > KEPT_FOR

    def _remove(self, names: list[str]) -> None:
        """Take out what is done with. It does no harm where it stays; the next look finds it again."""
        if not names:
            return
        try:
            self._inbox.requests.remove(names)
        except KubeError as error:
            self._look_anyway = True
            log.warning("requests that are done with stay: %s", error)

    def _say(self, text: str) -> None:
        """Each problem once."""
        if text not in self._said and len(self._said) < MAX_PROBLEMS:
            self._said.add(text)
            log.warning("%s", text)
