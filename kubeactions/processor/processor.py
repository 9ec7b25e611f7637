"""The processor: bounded rounds of recover, pull, accept, withdraw, gate, plan, execute, settle, report.

`Agent` calls `step()` in a thread of its own, or a simulation does; each call does one bounded round and returns the
seconds after which to be called again. Nothing that takes long is waited for: what is not finished is state in the
ledger, looked at again in the next round, so it survives a change of leader.

On gaining the lease: open the ledger (claim the next epoch and every open intent in it), make the Lease name it, read
every source in full. On losing it, or on a newer epoch: stop, and write nothing more. A ledger that cannot be trusted
closes everything (`closed` says why) until it can be.

No exception ends the loop; none of ours is a reason to lose an action, because what is durable is in the ledger and
what is not has not been acknowledged. A BaseException is not caught here or anywhere below.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubeactions.clock import Clock
from kubeactions.elector import Elector, Stamp
from kubeactions.errors import Fenced, KubeError, LedgerClosed, LedgerFull
from kubeactions.kube import Kube
from kubeactions.ledger import Anchor, Ledger
from kubeactions.model import Executor, Meter, Outcome, Record, Reporter, Source
from kubeactions.policy import SafetyHook
from kubeactions.processor.alarm import FULL, Alarm
from kubeactions.processor.execution import Execution
from kubeactions.processor.gates import Gates
from kubeactions.processor.inbox import Inbox
from kubeactions.processor.intake import Intake
from kubeactions.processor.outbox import Outbox
from kubeactions.processor.own import own_targets
from kubeactions.processor.pace import Pace
from kubeactions.processor.withdrawals import Withdrawals
from kubeactions.registry import specs
from kubeactions.settings import Settings
from kubeactions.trouble import Trouble

log = logging.getLogger("kubeactions.processor")

FOLLOW_S = 0.5
"""How often a follower asks whether it leads; it costs nothing."""
RETRY_S = 1.0
"""Pause after a round that a failed request ended."""
CLOSED_S = 5.0
"""Pause before a closed ledger is tried again."""
FLUSH_AFTER_S = 1.0
"""How long an amendment waits for another write to ride on."""
PRUNE_EVERY_S = 60.0
SHORTEST_S = 0.05


@dataclass(frozen=True, slots=True)
class Parts:
    """What a processor is made of; the agent builds it."""

    kube: Kube
    clock: Clock
    elector: Elector
    ledger: Ledger
    executors: Mapping[str, Executor]
    sources: Sequence[Source]
    reporters: Sequence[Reporter]
    settings: Settings
    hooks: tuple[SafetyHook, ...] = ()
    pace: Pace = field(default_factory=Pace)
    meter: Meter = field(default_factory=Meter)


class Processor:
    """Executes actions while its replica leads. One thread calls `step`; others may read the public attributes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._elector = parts.elector
        self._settings = parts.settings
        self._meter = parts.meter
        self._trouble = Trouble(parts.clock, log)
        self.ledger = parts.ledger
        self.ledger.watch(self._made_durable)
        self._specs = specs(parts.executors)
        self._intake = Intake(parts.sources, parts.clock, self._specs, parts.settings.limits, parts.meter)
        self._outbox = Outbox(parts.reporters, parts.clock, self._read_again, parts.meter)
        self._inbox = Inbox(parts.kube, parts.clock, parts.settings.ledger_namespace)
        self._gates = Gates(
            parts.kube, parts.clock, parts.settings, self._specs, parts.hooks, self._inbox, parts.ledger
        )
        self._execution = Execution(
            parts.kube,
            parts.clock,
            parts.elector,
            parts.executors,
            self._gates,
            identity=parts.elector.identity,
            pace=parts.pace,
            permits=parts.settings.permits,
            dry_run=parts.settings.safety.dry_run,
            sensitive_words=parts.settings.sensitive_words,
            exec_limits=parts.settings.exec_limits,
            keep_result=self._outbox.keep,
            meter=parts.meter,
        )
        self._withdrawals = Withdrawals(self._inbox, parts.clock, parts.elector.identity)
        self._alarm = Alarm(parts.kube, parts.clock, parts.settings.ledger_namespace, parts.elector.identity)
        self._full = Alarm(parts.kube, parts.clock, parts.settings.ledger_namespace, parts.elector.identity, FULL)
        self._term = 0
        self._pull_at = float("-inf")
        self._prune_at = float("-inf")
        self._follows = False
        """The last round ended because another replica led."""
        self._ahead = False
        """The next round reads what stirs, though the poll is not due."""
        self.closed = ""
        """Why nothing is executed, in one line that says what to do; "" while the ledger is open or we follow."""
        self.last_error = ""
        """What ended the last round early, "" when nothing did."""

    @property
    def leading(self) -> bool:
        """Whether this replica leads and has opened the ledger."""
        return self._term != 0 and self._elector.is_leader()

    def pauses(self) -> tuple[str, ...]:
        """Names of the reasons for which nothing is begun, as last read; for whoever watches, from any thread."""
        return tuple(pause.name for pause in self._inbox.asked.pauses)

    def config_ages_s(self) -> Mapping[str, float]:
        """Seconds since each source was last read in full, by its name; for whoever watches, from any thread."""
        now = self._clock.monotonic()
        return {name: now - at for name, at in tuple(self._intake.pulled_at.items())}

    def step(self) -> float:
        """One bounded round; the seconds after which to be called again. Never raises."""
        try:
            pause = self._step()
            self.last_error = ""
            self._trouble.over("rounds go on again")
            return pause
        except Fenced as error:
            self._meter.fenced("ledger")
            self._stop(f"fenced: {error}")
            return FOLLOW_S
        except LedgerClosed as error:
            self._stop(str(error))
            self.closed = str(error)
            self._alarm.raise_for(str(error))
            return CLOSED_S
        except KubeError as error:
            self.last_error = str(error)
            self._trouble.goes_on(type(error).__name__, f"round ended: {error}")
            return RETRY_S
        except Exception as error:  # The loop outlives every bug; the ledger says where to go on.
            self._stop(f"{type(error).__name__}: {error}")
            log.exception("round ended by an error of ours")
            return RETRY_S

    def stirred(self) -> bool:
        """Whether a round has something to do before the time it asked for: the lease is ours, a source stirs, ...

        Cheap and without a request: the agent's loop asks it while it waits. Nothing else reads a source ahead of its
        poll, so under a simulated clock a round depends on nothing but the clock.
        """
        if not self.leading:
            return self._follows and self._elector.is_leader()
        self._ahead = not self.last_error and self._intake.stirs()
        return self._ahead or self._execution.answered()

    def run_aside(self) -> None:
        """From now on execute what leaves no trace in a thread of its own; not where one thread steps everything."""
        self._execution.aside = True

    def finish(self, within_s: float = 0.0) -> None:
        """Graceful stop: wait so long for what runs aside, make durable what is only amended. Never raises.

        Intents stay as they are.
        """
        try:
            if self.leading and not self.ledger.stale:
                self._execution.wind_up(self.ledger, within_s)
                self.ledger.write(())
        except Exception as error:  # noqa: BLE001  Whatever it was, the next leader goes on from the ledger.
            log.warning("not everything was written at the end: %s: %s", type(error).__name__, error)
        self._term = 0

    def _step(self) -> float:
        if not self._elector.is_leader():
            if self._term:
                self._meter.fenced("lease")
                self._stop("the lease is lost")
            self.closed, self._follows = "", True
            return FOLLOW_S
        self._follows = False
        if self._term != self._elector.term():
            self._promote()
        elif self.ledger.stale:
            self.ledger.refresh()
        more = self._accept()
        self._execution.settle(self.ledger)
        self._withdrawals.settle(self.ledger)  # After what has ended: that cannot be withdrawn any more.
        self._gates.watch_failures()
        more = self._execution.work(self.ledger) or more
        self._gates.watch_failures()
        self._outbox.deliver(self.ledger)
        self._intake.acknowledge(self.ledger)
        self._keep_house(idle=not more)
        return 0.0 if more else self._pause()

    # --- terms ---

    def _promote(self) -> None:
        """Take over. Raises `LedgerClosed` or a `KubeError`; then the next round begins it again."""
        term = self._elector.term()
        self._term = 0
        self._execution.forget()
        self._intake.forget()
        self._withdrawals.forget()
        self._inbox.forget()
        try:
            stamp = self._elector.known_stamp()
        except ValueError as error:
            raise LedgerClosed(str(error)) from error
        anchor = Anchor(stamp.uid, stamp.epoch, stamp.seq, "the Lease") if stamp else None
        if stamp is not None:
            # The server confirms the lease before anything is claimed: a replica that was fenced and still believes to
            # lead (its clock is slow, its renewals are refused) would fence the true leader again and again.
            self._elector.stamp(stamp)
        self.ledger.open(anchor)
        opened = self.ledger.anchor
        if opened is None:
            raise RuntimeError("an open ledger has an anchor")
        self._elector.stamp(Stamp(opened.uid, opened.epoch, opened.seq))
        self._gates.promote(own_targets(self._parts.kube, self._settings.own))
        self._pull_at = float("-inf")
        self._term = term
        self.closed = ""
        self._alarm.clear()
        log.info("leading", extra={"epoch": opened.epoch, "identity": self._elector.identity})

    def _stop(self, why: str) -> None:
        """Stop acting, without a single write."""
        self._term = 0
        self._execution.forget()
        if why != self.last_error:  # A closed ledger is looked at every few seconds: that is no news.
            log.warning("stopped: %s", why)
        self.last_error = why

    # --- the round ---

    def _accept(self) -> bool:
        now = self._clock.monotonic()
        if now >= self._pull_at:
            self._intake.pull(self.ledger.capacity())
            self._pull_at = self._clock.monotonic() + self._settings.poll_interval_s
        elif self._ahead:
            self._intake.glance(self.ledger.capacity())  # The poll keeps its time: what is not whole waits for it.
        self._ahead = False
        try:
            more = self._intake.accept(self.ledger, self._gates.accepts)
        except LedgerFull as error:
            self.last_error = str(error)
            log.warning("not accepted yet: %s", error)
            more = False
        self._intake.acknowledge(self.ledger)
        if self.ledger.full:
            self._full.raise_for(self.ledger.full)
        else:
            self._full.clear()
        return more

    def _keep_house(self, *, idle: bool) -> None:
        """What keeps the ledger small and up to date: at most one prune and one seal a round, and a late flush.

        What makes objects comes last: where that is refused (a quota), pruning makes the room.
        """
        now = self._clock.monotonic()
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY_S
            if self.ledger.prune_due():
                self.ledger.prune(self._intake.lists)
        since = self.ledger.unwritten_since()
        if idle and since is not None and now >= since + FLUSH_AFTER_S:
            self.ledger.write(())
        if self.ledger.seal_due():
            self.ledger.seal()
        elif self.ledger.merge_due():
            self.ledger.merge()

    def _pause(self) -> float:
        """Until the first thing that is due."""
        due = [self._pull_at, self._execution.next_due(self.ledger), self._outbox.next_try(self.ledger)]
        if (since := self.ledger.unwritten_since()) is not None:
            due.append(since + FLUSH_AFTER_S)
        first = min(when for when in due if when is not None)
        return min(max(first - self._clock.monotonic(), SHORTEST_S), max(self._settings.poll_interval_s, SHORTEST_S))

    def _made_durable(self, before: Record | None, after: Record) -> None:
        """The ledger holds this now, by a write of ours: what is counted once over all replicas is counted here."""
        self._gates.noticed(before, after)
        if before is None:
            self._meter.received(after.action.source if after.action else self._intake.source_of(after.marker))
        if not after.open and after.outcome is not None and (before is None or before.open):
            self._meter.settled(after.action.type if after.action else "", after.outcome.status.value)

    def _read_again(self, record: Record) -> Outcome:
        return self._execution.read_again(record)
