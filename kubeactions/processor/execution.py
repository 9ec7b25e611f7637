"""From `pending` to an outcome: gate, plan, intent, one request, verdict, settle. Called by the processor.

The order of the arrows is the protocol (kubeactions/protocol.md):

    gate      the policy's ruling, the per-target lock: one action at a time on one target, in order of arrival
    plan      look at the target and resolve everything that depends on now
    intent    make the plan durable; nothing is sent before that
    send      if the lease still lasts for a whole request: one request, never repeated below this file
    verdict   a 2xx body is the evidence; after anything else the executor says whether to look, send again, plan again
    advance   a step of several is done: make that durable, and look again in a later round, under whoever leads then
    settle    make the outcome durable, all of a round in one write

What this process knows of an intent beyond the ledger is a `Trail`: how many sends, whether one ended in doubt. It
lives as long as one term. An intent of our epoch without one was never sent by us: sends leave a trail first. A
recovered intent is in doubt from the start. What has ended and could not be written is kept, too, until it is durable.

An exception of an executor is an outcome with a reason, never the end of the loop: before anything was sent the action
`failed`, after that it is `unknown`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from math import inf

from kubeactions.clock import Clock
from kubeactions.command_policy import ExecLimits
from kubeactions.elector import Elector
from kubeactions.errors import PASSING, KubeError, Refused, TooLarge, Unreachable
from kubeactions.kube import Kube
from kubeactions.ledger import Ledger, note
from kubeactions.model import (
    Circumstances,
    EffectClass,
    Executor,
    Intent,
    Json,
    Meter,
    Next,
    Outcome,
    Phase,
    Plan,
    Record,
    Seen,
    Status,
    Verdict,
)
from kubeactions.policy import Gate, Ruling, opted_out
from kubeactions.processor.attempt import Attempt
from kubeactions.processor.gates import Gates
from kubeactions.processor.open_records import action_of, broken, intended, intent_of, not_sent_again, slim, weigh
from kubeactions.processor.pace import LOOK_AGAIN_S, REPLAN_PAUSE_S, OutOfLease, Pace, in_line
from kubeactions.processor.rehearsal import as_dry_run, rehearse
from kubeactions.processor.telling import Telling
from kubeactions.processor.trail import Trail

log = logging.getLogger("kubeactions.execution")


class Execution:
    """Works on the open records of a ledger, for as long as one term lasts."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        elector: Elector,
        executors: Mapping[str, Executor],
        gates: Gates,
        *,
        identity: str,
        pace: Pace | None = None,
        permits: frozenset[str] = frozenset(),
        dry_run: bool = False,
        sensitive_words: tuple[str, ...] = (),
        exec_limits: ExecLimits | None = None,
        keep_result: Callable[[Record, Mapping[str, Json]], None],
        meter: Meter | None = None,
    ) -> None:
        self._tell = Telling(meter or Meter(), clock)
        self._kube = kube
        self._clock = clock
        self._elector = elector
        self._executors = executors
        self._gates = gates
        self._identity = identity
        self._pace = pace or Pace()
        self._circumstance = partial(
            Circumstances,
            permits=permits,
            sensitive_words=sensitive_words,
            exec_limits=exec_limits or ExecLimits(),
        )
        self._dry_run = dry_run
        self._keep_result = keep_result
        self._trails: dict[str, Trail] = {}
        self.aside = False
        """Whether what leaves no trace is executed in a thread of its own; not where one thread steps everything."""
        self._outgoing: dict[str, Record] = {}
        """Changed records, ended ones above all, that are not durable yet."""

    def forget(self) -> None:
        """A new term: what was known of sends counts no more; recovered intents are in doubt."""
        self._trails, self._outgoing = {}, {}

    def settle(self, ledger: Ledger) -> None:
        """Make durable what an earlier round has ended and could not write. Raises a `KubeError`."""
        self._forget_settled(ledger)
        self._settle(ledger)

    def wind_up(self, ledger: Ledger, within_s: float) -> None:
        """Wait for what runs aside, at most so long, and make durable what has ended. Raises a `KubeError`."""
        until = self._clock.monotonic() + within_s
        for record in [one for one in ledger.records.values() if one.open and self._trail(one).attempt is not None]:
            attempt = self._trail(record).attempt
            if attempt is not None and attempt.wait(until - self._clock.monotonic()):
                self._advance(record)
        self.settle(ledger)

    def answered(self) -> bool:
        """Whether something that runs aside has ended and waits to be taken up. Cheap."""
        return any(trail.attempt is not None and trail.attempt.done for trail in self._trails.values())

    def work(self, ledger: Ledger) -> bool:
        """One bounded round over the open records, after `settle`. True when there is more to do at once.

        Raises a `KubeError` when a write of the ledger failed. What was sent and not settled is settled later.
        """
        try:
            due = self._due(ledger)
            for record in [one for one in due if self._is_intent(one)][: self._pace.batch]:
                self._advance(record)
            intents = self._plan_all(ledger, [one for one in due if not self._is_intent(one)][: self._pace.batch])
            alone = [one for one in intents if self._effect(one) is EffectClass.UNTRACED]
            for group in ([one for one in intents if one not in alone], alone[:1]):
                for record in self._commit(ledger, group):
                    self._send(record)
        except OutOfLease:
            if self._elector.is_leader() and not self._elector.retired:
                self._tell.meter.fenced("slack")
                log.info("the lease is too short for another request: the round ends")
            self._settle(ledger)
            return False
        self._note_waits(ledger)
        self._settle(ledger)
        return bool(self._due(ledger))

    def next_due(self, ledger: Ledger) -> float | None:
        """When an open record is to be worked on again (monotonic seconds); None when none is open."""
        return min((self._trail(record).due_at for record in self._unblocked(ledger)), default=None)

    def read_again(self, record: Record) -> Outcome:
        """Repeat a read whose result is not here any more. Raises a `KubeError`."""
        action = action_of(record)
        executor = self._executors[action.type]
        kube = self._kube.attributed(record.marker)
        planned = executor.plan(action, executor.look(action, None, kube), self._circumstances(record, None))
        return planned if isinstance(planned, Outcome) else Outcome(Status.UNKNOWN, "NotARead", "")

    # --- which records ---

    def _unblocked(self, ledger: Ledger) -> list[Record]:
        first, behind = in_line(ledger.records.values(), self._clock.wall())
        for record, ahead in behind:
            text = f"{ahead.key} is first for {action_of(record).target}"
            self._trail(record).wait(self._clock.monotonic(), "TargetBusy", text)
        return first

    def _due(self, ledger: Ledger) -> list[Record]:
        now = self._clock.monotonic()
        return [
            one
            for one in self._unblocked(ledger)
            if self._trail(one).due_at <= now and one.marker not in self._outgoing
        ]

    def _is_intent(self, record: Record) -> bool:
        return record.phase is Phase.INTENT and not self._trail(record).replan

    def _effect(self, record: Record) -> EffectClass:
        return self._executors[action_of(record).type].spec.effect

    def _trail(self, record: Record) -> Trail:
        found = self._trails.get(record.marker)
        if found is None:
            found = Trail(doubt=record.intent is not None and record.intent.recovered)
            self._trails[record.marker] = found
        return found

    def _forget_settled(self, ledger: Ledger) -> None:
        opened = {name for name, record in ledger.records.items() if record.open}
        self._trails = {name: trail for name, trail in self._trails.items() if name in opened}
        self._outgoing = {name: record for name, record in self._outgoing.items() if name in opened}

    # --- pending -> plan -> intent ---

    def _plan_all(self, ledger: Ledger, records: Iterable[Record]) -> list[Record]:
        """The records with their new intents, to be written; none while plans that have begun fill the ledger."""
        intents: list[Record] = []
        size = 0
        for record in records:
            if ledger.bytes > self._pace.full_bytes:
                self._wait(self._trail(record), LOOK_AGAIN_S, "LedgerFull", "the ledger is full of what has begun")
                continue
            if size > self._pace.batch_bytes:
                break
            self._check_lease()
            plan = self._plan(record)
            if plan is not None:
                intents.append(intended(record, plan, self._clock.wall()))
                size += weigh(plan.resolved)
        return intents

    def _plan(self, record: Record) -> Plan | None:
        """A plan; None when it has ended or has to wait."""
        action, trail = action_of(record), self._trail(record)
        if not self._may_plan(record, trail):
            return None
        executor = self._executors[action.type]
        begun = self._clock.monotonic()
        self._tell.queued(record, trail)
        try:
            seen = executor.look(action, None, self._kube.attributed(record.marker))
            if executor.spec.effect is not EffectClass.READ and (refusal := opted_out(seen.target)) is not None:
                self._end(record, Outcome(refusal.status, refusal.reason, refusal.message))
                return None
            planned = executor.plan(action, seen, self._circumstances(record, record.intent))
            if isinstance(planned, Plan):
                weigh(planned.resolved)
            if executor.spec.effect is not EffectClass.READ and (self._dry_run or action.dry_run):
                planned = self._rehearsed(record, planned)
            self._tell.took(record, "plan", begun)
        except KubeError as error:
            self._look_failed(record, trail, error)
            return None
        except Exception as error:  # noqa: BLE001  An executor's bug is this action's outcome.
            self._end(record, broken(action, error, Status.FAILED))
            return None
        if isinstance(planned, Outcome):
            self._end(record, planned)
            return None
        return planned

    def _rehearsed(self, record: Record, planned: Plan | Outcome) -> Outcome:
        """The end of a dry run. Raises a `KubeError`: then it is tried again."""
        if isinstance(planned, Outcome):
            return as_dry_run(planned)
        action, intent = action_of(record), intent_of(intended(record, planned, self._clock.wall()))
        return rehearse(self._executors[action.type], action, intent, planned, self._kube.attributed(record.marker))

    def _may_plan(self, record: Record, trail: Trail) -> bool:
        """Whether the gates let it through; otherwise it has ended or waits."""
        ruling = self._gates.begin(record)
        tried = record.intent.attempt if record.intent else 0
        if ruling.gate is Gate.REJECT:
            self._end(record, Outcome(ruling.status, ruling.reason, ruling.message))
        elif ruling.gate is Gate.WAIT:
            until = self._clock.monotonic() + (ruling.retry_after_s or LOOK_AGAIN_S)
            trail.wait(until, ruling.reason, ruling.message, ruling.when)
        elif tried >= self._pace.max_attempts:
            text = f"{action_of(record).target} was changed by others at each of {tried} tries: nothing was applied"
            self._end(record, Outcome(Status.FAILED, "Conflict", text))
        else:
            return True
        return False

    def _commit(self, ledger: Ledger, planned: list[Record]) -> list[Record]:
        """Make intents durable, with what has ended so far, and begin their trails."""
        if not planned:
            return []
        self._check_lease()
        intents = [replace(one, intent=replace(intent_of(one), epoch=ledger.epoch)) for one in planned]
        ledger.write([*intents, *self._outgoing.values()])
        self._outgoing = {}
        self._trails |= {record.marker: Trail() for record in intents}
        return intents

    def _circumstances(self, record: Record, previous: Intent | None) -> Circumstances:
        return self._circumstance(now=self._clock.wall(), marker=record.marker, previous=previous)

    def _look_failed(self, record: Record, trail: Trail, error: KubeError) -> None:
        """Nothing was sent for it, so a refusal is an end; anything else is tried again until the action expires."""
        if isinstance(error, Refused) and not isinstance(error, PASSING):
            text = f"{action_of(record).target} cannot be looked at: {error.message}"
            self._end(record, Outcome(Status.FAILED, type(error).__name__, text))
        else:
            self._back_off(trail, error)

    # --- intent -> send -> verdict ---

    def _advance(self, record: Record) -> None:
        """One step with an intent that was found: ours of an earlier round, or recovered."""
        trail = self._trail(record)
        if trail.attempt is not None:
            attempt, trail.attempt = trail.attempt, None
            return self._answered(record, attempt)
        ruling = self._gates.standing(action_of(record))
        if action_of(record).type not in self._executors:
            status = Status.UNKNOWN if trail.doubt else ruling.status
            return self._end(record, Outcome(status, ruling.reason, ruling.message))
        if ruling.gate is Gate.WAIT and trail.doubt:
            return self._wait(trail, ruling.retry_after_s or LOOK_AGAIN_S, ruling.reason, ruling.message)
        if ruling.gate is Gate.WAIT and not trail.sends:
            return self._back_to_pending(record, ruling)
        if trail.sends == 0 and not trail.doubt:
            if ruling.gate is Gate.REJECT:
                return self._end(record, Outcome(ruling.status, ruling.reason, ruling.message))
            return self._send(record)
        if trail.resend and ruling.gate is Gate.ALLOW:
            return self._send(record)
        return self._decide(record, None, ruling)

    def _back_to_pending(self, record: Record, ruling: Ruling) -> None:
        """Allowed to the epoch that wrote the intent, as long as nothing was sent for it."""
        self._wait(self._trail(record), ruling.retry_after_s or LOOK_AGAIN_S, ruling.reason, ruling.message)
        why = note(record.why, "gate", ruling.reason, ruling.message, self._clock.wall())
        self._outgoing[record.marker] = replace(record, phase=Phase.PENDING, intent=None, why=why)

    def _send_parts(self, record: Record, parts: tuple[str, ...]) -> None:
        """One request for each part, each if the lease lasts for it; decided in the next round. Raises `OutOfLease`."""
        action, trail, intent = action_of(record), self._trail(record), intent_of(record)
        kube = self._kube.attributed(record.marker)
        trail.look = True
        trail.wait(self._clock.monotonic(), "", "")
        for part in parts:
            if self._gates.just_before(action).gate is not Gate.ALLOW:
                return  # Decided anew in the next round, under that ruling.
            if not self._elector.leads(self._kube.deadline_s):
                raise OutOfLease
            trail.sends += 1
            tried = trail.tries(part, self._clock.wall())
            try:
                one = replace(intent, resolved={**intent.resolved, "part": part})
                self._executors[action.type].execute(action, one, kube)
                trail.parts[part] = replace(tried, answered=True, doubt=False)
            except (Refused, Unreachable) as error:  # After Unreachable nothing was sent, and it is tried again.
                trail.parts[part] = replace(tried, refused=error if isinstance(error, Refused) else None)
            except Exception as error:  # noqa: BLE001  Whatever it was, the request may have been applied.
                log.warning("%s: %s: %s: %s", record.key, part, type(error).__name__, error)

    def _send(self, record: Record) -> None:
        """The one request, if the lease lasts for it. Raises `OutOfLease`.

        Doubt comes first and goes only when the answer is definite: whatever happens in between, an exception of the
        executor or of the verdict, leaves it.
        """
        action, trail = action_of(record), self._trail(record)
        if (ruling := self._gates.just_before(action)).gate is not Gate.ALLOW:
            return self._held_back(record, trail, ruling)
        begun, slack_s, doubt_before = self._clock.monotonic(), self._elector.slack_s(), trail.doubt
        if not self._elector.leads(self._kube.deadline_s):  # No look at the clock may come between this and the send.
            raise OutOfLease
        self._tell.meter.slack(slack_s)
        trail.sends, trail.doubt, trail.refused, trail.resend = trail.sends + 1, True, None, False
        kube, attempt = self._kube.attributed(record.marker), Attempt(begun, doubt_before)
        execute = partial(self._executors[action.type].execute, action, intent_of(record), kube)
        if self.aside and self._effect(record) is EffectClass.UNTRACED:
            attempt.make_aside(execute)
            trail.attempt = attempt
            return trail.wait(inf, "", "")
        attempt.make(execute)
        return self._answered(record, attempt)

    def _answered(self, record: Record, attempt: Attempt) -> None:
        """What came of a send: a definite no is no doubt; whatever else it was, it may have been applied."""
        trail, error = self._trail(record), attempt.error
        if isinstance(error, (Refused, Unreachable)):
            if self._effect(record) is not EffectClass.UNTRACED:  # What else such an executor did, nobody knows.
                trail.doubt = attempt.doubt_before
            if isinstance(error, Refused):
                trail.refused = error
            elif not trail.doubt:
                trail.sends -= 1
                return self._back_off(trail, error)
        if error is not None:
            self._tell.no_answer(record, error)
        self._tell.took(record, "effect", attempt.begun)
        if attempt.answer is None:
            trail.failures += 1
        return self._decide(record, attempt.answer, None)

    def _held_back(self, record: Record, trail: Trail, ruling: Ruling) -> None:
        """A gate has closed since it was asked last: nothing is sent."""
        if ruling.gate is Gate.REJECT:
            return self._end(record, not_sent_again(record, ruling, doubt=trail.doubt))
        if not trail.sends and not trail.doubt:
            return self._back_to_pending(record, ruling)
        trail.resend = True
        return self._wait(trail, ruling.retry_after_s or LOOK_AGAIN_S, ruling.reason, ruling.message)

    def _decide(self, record: Record, answer: Json, ruling: Ruling | None) -> None:
        """Ask the executor what the evidence means, and look when it asks for that, or asked for it before a pause."""
        action, trail = action_of(record), self._trail(record)
        ruling = ruling or self._gates.standing(action)
        waited, begun = trail.look, self._clock.monotonic()
        try:
            seen: Seen | None = None
            if not waited:
                verdict = self._verdict(record, answer, seen, ruling)
            if waited or (verdict.next is Next.LOOK and not verdict.after_s):
                kube = self._kube.attributed(record.marker)
                seen = self._executors[action.type].look(action, record.intent, kube)
                verdict = self._verdict(record, answer, seen, ruling)
                trail.look = False
        except KubeError as error:
            return self._blind(record, trail, error)
        except Exception as error:  # noqa: BLE001  An executor's bug is this action's outcome.
            status = Status.UNKNOWN if trail.doubt else Status.FAILED
            return self._end(record, broken(action, error, status))
        self._tell.took(record, "verify", begun)
        return self._obey(record, verdict, ruling, looked=seen is not None, waited=waited)

    def _verdict(self, record: Record, answer: Json, seen: Seen | None, ruling: Ruling) -> Verdict:
        action, barred = action_of(record), ruling.message if ruling.gate is Gate.REJECT else ""
        evidence = self._trail(record).evidence(answer, seen, self._clock.wall(), barred)
        verdict = self._executors[action.type].verdict(action, intent_of(record), evidence)
        weigh(verdict.resolved or {})
        return verdict

    def _obey(self, record: Record, verdict: Verdict, ruling: Ruling, *, looked: bool, waited: bool) -> None:
        """`looked`: the verdict comes from a look; `waited`: that look came after a pause, which is not made twice."""
        trail = self._trail(record)
        self._tell.decided(record, trail, verdict)
        if verdict.outcome is not None:
            return self._end(record, verdict.outcome)
        if verdict.next is Next.LOOK:
            trail.looks += 1
            trail.look = True
            return self._wait(trail, verdict.after_s or LOOK_AGAIN_S, verdict.reason, verdict.text)
        if verdict.next is Next.ADVANCE:
            return self._advanced(record, verdict)
        if verdict.next is Next.REPLAN:
            trail.replan = True  # Gates and expiry are asked again by the plan.
            return self._wait(trail, REPLAN_PAUSE_S, verdict.reason, verdict.text)
        if verdict.undone:
            trail.sends, trail.doubt = 0, False
        if ruling.gate is Gate.REJECT:
            return self._end(record, not_sent_again(record, ruling, doubt=trail.doubt))
        if ruling.gate is Gate.ALLOW and verdict.parts:
            return self._send_parts(record, verdict.parts)
        if ruling.gate is Gate.ALLOW and not verdict.after_s and (waited or not trail.failures):
            return self._send(record)
        trail.resend, trail.look = not looked, looked  # What a look decided is decided anew after the pause.
        if ruling.gate is Gate.WAIT:
            return self._wait(trail, max(verdict.after_s, ruling.retry_after_s), ruling.reason, ruling.message)
        return self._wait(trail, max(verdict.after_s, trail.pause_s()), verdict.reason, verdict.text)

    def _advanced(self, record: Record, verdict: Verdict) -> None:
        """A step is done; the next one begins with a look, when this is durable."""
        trail, now = self._trail(record), self._clock.wall()
        trail.look, trail.looks, trail.failures, trail.refused = True, 0, 0, None
        self._wait(trail, verdict.after_s, verdict.reason, verdict.text)
        intent = replace(intent_of(record), resolved=dict(verdict.resolved or {}))
        why = note(record.why, "advance", verdict.reason, verdict.text, now)
        self._outgoing[record.marker] = replace(record, intent=intent, why=why)

    def _blind(self, record: Record, trail: Trail, error: KubeError) -> None:
        """The look that would decide failed: again later, until there is no hope in it."""
        definite = isinstance(error, (Refused, TooLarge)) and not isinstance(error, PASSING)
        if definite and self._gates.standing(action_of(record)).gate is Gate.REJECT:
            text = f"{action_of(record).target} cannot be looked at: {error.message}"
            return self._end(record, Outcome(Status.UNKNOWN, type(error).__name__, text))
        return self._back_off(trail, error)

    # --- the end ---

    def _end(self, record: Record, outcome: Outcome) -> None:
        """It is over; durable with the next write."""
        if outcome.payload:
            self._keep_result(record, outcome.payload)
        now, trail = self._clock.wall(), self._trail(record)
        why = trail.noted(record.why, now) if trail.reason else record.why
        self._tell.ended(record, outcome)
        self._outgoing[record.marker] = replace(
            record,
            phase=Phase.SETTLED,
            intent=slim(record.intent),
            outcome=replace(outcome, payload={}),
            settled_at=now,
            replica=self._identity,
            why=note(why, "settle", outcome.reason, "", now),
        )

    def _settle(self, ledger: Ledger) -> None:
        """Make durable what has ended. Raises a `KubeError`, and keeps it then for the next round."""
        if self._outgoing:
            ledger.write(self._outgoing.values())
            self._outgoing = {}
            for trail in self._trails.values():
                if trail.reason == "TooManyInFlight":
                    trail.not_before = self._clock.monotonic()

    def _check_lease(self) -> None:
        if self._elector.retired or not self._elector.is_leader():
            raise OutOfLease

    def _wait(self, trail: Trail, seconds: float, reason: str, text: str) -> None:
        trail.wait(self._clock.monotonic() + seconds, reason, text)

    def _back_off(self, trail: Trail, error: KubeError) -> None:
        trail.back_off(self._clock.monotonic(), error)
        log.warning("%s", error)

    def _note_waits(self, ledger: Ledger) -> None:
        """What open records wait for becomes part of their history; it rides on the next write."""
        for name, trail in self._trails.items():
            record = ledger.records.get(name)
            if trail.reason and record is not None and record.open and name not in self._outgoing:
                why = trail.noted(record.why, self._clock.wall())
                if why != record.why:
                    ledger.amend(replace(record, why=why))
