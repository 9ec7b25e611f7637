"""The policy's hands: collects the facts, asks `policy.judge`, and remembers what has begun. Called by the processor.

Three questions are asked of it, by intake and execution:

    standing      is there anything against it now? (acceptance, and whatever has begun)
    begin         may it be planned now? Takes its place in rates and blast radius when it may
    just_before   is it still so, right before its request? Pauses are read again when they were read a while ago

What has begun and what has failed is filled from the ledger's records at each promotion and follows every durable
write, so a new leader goes on where the old one was. It decides nothing: see kubeactions/policy.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from kubeactions.clock import Clock
from kubeactions.errors import KubeError
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import BREAKER, Ledger, Pause
from kubeactions.ledger.codec import Known, known_of
from kubeactions.model import Action, EffectClass, Phase, Record, Spec, Status, Target
from kubeactions.policy import (
    Beginning,
    Facts,
    Failure,
    Gate,
    Ruling,
    SafetyHook,
    Tally,
    broken_by,
    judge,
    names_of,
)
from kubeactions.processor.inbox import Inbox
from kubeactions.processor.open_records import action_of
from kubeactions.settings import Settings

log = logging.getLogger("kubeactions.gates")

FRESH_S = 1.0
"""How old, in seconds, the reading of pauses may be when a request is sent."""
COUNT_FOR_S = 10.0
"""How long the number of objects of a kind is believed."""
_TRIED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN})
_FAILED = frozenset({Status.FAILED, Status.UNKNOWN})


class Gates:
    """One replica's view of what may run, for as long as it leads."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        settings: Settings,
        specs: Mapping[str, Spec],
        hooks: Sequence[SafetyHook],
        inbox: Inbox,
        ledger: Ledger,
    ) -> None:
        self._kube = kube
        self._clock = clock
        self._settings = settings
        self._specs = specs
        self._hooks = hooks
        self._inbox = inbox
        self._ledger = ledger
        self._tally = Tally(settings.safety)
        self._failures: list[Failure] = []
        self._planned: dict[str, Beginning] = {}
        """Let through, and not durable yet."""
        self._counts: dict[tuple[str, str], tuple[float, int | None]] = {}
        self._own: tuple[Target, ...] = ()

    def promote(self, own: tuple[Target, ...]) -> None:
        """A new term: know what has begun and what has failed, from the ledger alone."""
        now = self._clock.wall()
        self._own = own
        self._planned, self._counts = {}, {}
        known = list(self._ledger.history.all())
        self._tally.fill((one for one in map(beginning_of, known) if one is not None), now)
        self._failures = [one for one in map(_failure, known) if one is not None]
        self._forget_old_failures()

    def noticed(self, before: Record | None, after: Record) -> None:
        """A record was made durable."""
        known, planned = known_of(after), self._planned.pop(after.marker, None)
        if before is not None and before.phase is Phase.INTENT and after.phase is Phase.PENDING:
            if (place := beginning_of(known_of(before))) is not None:
                self._planned[after.marker] = place  # It keeps its place.
            return
        was_pending = before is None or before.phase is Phase.PENDING
        if was_pending and planned is not None and after.intent is None:
            self._tally.untouch(planned)
        elif was_pending and planned is None and (found := beginning_of(known)) is not None:
            self._tally.add(found, self._clock.wall())
        if (before is None or before.open) and (failure := _failure(known)) is not None:
            self._failures.append(failure)

    # --- the questions ---

    def standing(self, action: Action) -> Ruling:
        """Everything but what is asked once, at its beginning."""
        return self._judge(action, begun=True)

    def accepts(self, action: Action) -> Ruling:
        """What the intake asks: only a no counts there."""
        return self._judge(action, begun=False)

    def begin(self, record: Record) -> Ruling:
        """Whether it may be planned now. An action that is planned again has its place already."""
        action = action_of(record)
        begun = record.intent is not None or record.marker in self._planned
        ruling = self._judge(action, begun=begun, record=record)
        if ruling.gate is Gate.ALLOW and not begun:
            target = action.target
            beginning = Beginning(action.type, target.kind, target.namespace, target.name, self._clock.wall())
            self._planned[record.marker] = beginning
            self._tally.add(beginning, beginning.at)
        return ruling

    def just_before(self, action: Action) -> Ruling:
        """What has changed since it was asked; the hooks have had their say. Raises a `KubeError`: then do not send."""
        self._inbox.recent(FRESH_S)
        return self._judge(action, begun=True, hooks=(_silent,))

    # --- the breaker ---

    def watch_failures(self) -> None:
        """Pause the system when too much has failed. Until that is written, it is paused by our own knowledge."""
        self._forget_old_failures()
        pause = self._broken()
        if pause is None or any(f"pause.{one.name}" == BREAKER for one in self._inbox.asked.pauses):
            return
        try:
            if self._inbox.requests.pause(pause):
                log.error("paused by the circuit breaker: %s", pause.reason, extra={"reason": "BreakerOpen"})
            self._inbox.read()
        except KubeError as error:
            log.warning("the breaker's pause is not written yet: %s", error)

    def _broken(self) -> Pause | None:
        """The breaker's pause, from what this process knows."""
        now, breaker = self._clock.wall(), self._settings.safety.breaker
        counted = broken_by(self._failures, now, breaker, self._inbox.asked.resumed)
        if not counted:
            return None
        latest = ", ".join(f"{one.key} {one.reason}" for one in counted[-3:])
        reason = f"circuit breaker: {len(counted)} actions failed or ended unknown within {breaker.window_s:g} s, "
        reason += f"the latest: {latest}; look at them, then: kubeactions resume"
        return Pause(BREAKER.removeprefix("pause."), reason, "kubeactions", now, counted[-1].at)

    def _forget_old_failures(self) -> None:
        since = self._clock.wall() - timedelta(seconds=self._settings.safety.breaker.window_s)
        self._failures = [one for one in self._failures if one.at > since]

    # --- facts ---

    def _judge(
        self,
        action: Action,
        *,
        begun: bool,
        record: Record | None = None,
        hooks: Sequence[SafetyHook] | None = None,
    ) -> Ruling:
        spec = self._specs.get(action.type)
        if spec is None:  # Recorded by a version that knew it.
            return Ruling(Gate.REJECT, "UnknownActionType", f"no executor for action type {action.type}")
        asked = self._inbox.asked
        content = (action.key.marker, action.digest)
        approvers = [one.by for one in asked.approvals if (one.marker, one.digest) == content]
        facts = Facts(
            now=self._clock.wall(),
            own_namespace=self._settings.own.namespace,
            untouchable=(*self._ledger.targets(), self._lease(), *self._own),
            pauses=self._pauses(),
            approved_by=names_of(approvers, action.requested_by),
            accepted=begun or record is not None,
            begun=begun,
        )
        if record is None or begun:
            return judge(action, spec, facts, self._settings, self._hooks if hooks is None else hooks)
        traffic = self._tally.about(action, facts.now, self._in_flight(), self._objects(action, spec))
        return judge(action, spec, replace(facts, traffic=traffic), self._settings, self._hooks)

    def _pauses(self) -> tuple[str, ...]:
        pauses = self._inbox.asked.pauses
        known = {f"pause.{one.name}" for one in pauses}
        mine = self._broken() if BREAKER not in known else None
        return tuple(str(one) for one in (*pauses, *((mine,) if mine else ())))

    def _lease(self) -> Target:
        settings = self._settings
        return Target("coordination.k8s.io/v1", "Lease", settings.election.lease_name, settings.ledger_namespace)

    def _in_flight(self) -> tuple[str, ...]:
        """Keys of what has begun and not ended, the oldest first."""
        records = self._ledger.records.items()
        begun = [one for name, one in records if one.phase is Phase.INTENT or name in self._planned]
        return tuple(str(one.key) for one in sorted(begun, key=lambda one: one.order))

    def _objects(self, action: Action, spec: Spec) -> int | None:
        """How many objects of its kind there are in its namespace, if that is asked; None when nobody can tell."""
        if not self._settings.safety.blast_radius.percent or spec.effect is EffectClass.READ:
            return None
        place = (action.target.kind, action.target.namespace)
        at, count = self._counts.get(place, (float("-inf"), None))
        if self._clock.monotonic() - at > COUNT_FOR_S:
            count = count_objects(self._kube, action, spec)
            self._counts[place] = (self._clock.monotonic(), count)
        return count


def count_objects(kube: Kube, action: Action, spec: Spec) -> int | None:
    """All objects of the target's kind in its namespace: one of them and the number behind it, in one GET.

    None when nobody can tell: then one may be touched.
    """
    if (kind := spec.kinds.get(action.target.kind)) is None:
        return None
    try:
        found = kube.get(path_of(*kind, namespace=action.target.namespace), limit=1)
    except KubeError as error:
        log.warning("objects of kind %s cannot be counted, one may be touched: %s", action.target.kind, error)
        return None
    return len(found.get("items") or ()) + int((found.get("metadata") or {}).get("remainingItemCount") or 0)


def _silent(_action: Action, _facts: Facts) -> None:
    return None


def beginning_of(known: Known) -> Beginning | None:
    """What a record has taken from rates and blast radius: one that has an intent, or was tried and came to nothing."""
    sent = known.begun_at is not None
    at = known.begun_at or (known.settled_at if known.status in _TRIED else None)
    if at is None or not known.type:
        return None
    return Beginning(known.type, known.kind, known.namespace, known.target, at, touched=sent)


def _failure(known: Known) -> Failure | None:
    if known.status not in _FAILED or known.settled_at is None:
        return None
    return Failure(str(known.key), known.settled_at, known.reason)
