"""What the execution tells of an action: to the meter and to the log, each line with the action's key. Owns nothing."""

from __future__ import annotations

import logging

from kubeactions.clock import Clock
from kubeactions.errors import Conflict, Invalid, KubeError
from kubeactions.model import Meter, Next, Outcome, Record, Verdict
from kubeactions.processor.open_records import action_of, intent_of
from kubeactions.processor.trail import Trail

log = logging.getLogger("kubeactions.execution")


class Telling:
    """Times are in monotonic seconds of the clock that it was given."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self.meter = meter
        self._clock = clock

    def queued(self, record: Record, trail: Trail) -> None:
        """Its turn has come for the first time."""
        if record.intent is None and not trail.failures:
            waited_s = (self._clock.wall() - record.received_at).total_seconds()
            self.meter.took(action_of(record).type, "queue", max(waited_s, 0.0))

    def took(self, record: Record, phase: str, begun: float) -> None:
        """A step of it, begun then, is over."""
        self.meter.took(action_of(record).type, phase, max(self._clock.monotonic() - begun, 0.0))

    def no_answer(self, record: Record, error: Exception) -> None:
        """A send brought back an error instead of an answer."""
        if isinstance(error, (Conflict, Invalid)):
            self.meter.conflicted(action_of(record).type)
        text = str(error) if isinstance(error, KubeError) else f"{type(error).__name__}: {error}"
        log.warning("%s: %s", record.key, text, extra={"action": str(record.key)})

    def decided(self, record: Record, trail: Trail, verdict: Verdict) -> None:
        """What became of an intent that was taken over is counted when it is first known."""
        if intent_of(record).recovered and not trail.counted and verdict.next is not Next.LOOK:
            trail.counted = True
            decision = verdict.outcome.status.value if verdict.outcome else verdict.next.value
            self.meter.recovered(action_of(record).type, decision)

    def ended(self, record: Record, outcome: Outcome) -> None:
        """It is over; counted later, when that is durable."""
        action = action_of(record)
        extra = {"action": str(record.key), "type": action.type, "target": str(action.target)}
        extra |= {"status": outcome.status.value, "reason": outcome.reason}
        log.info("%s: %s (%s): %s", record.key, outcome.status, outcome.reason, outcome.message, extra=extra)
