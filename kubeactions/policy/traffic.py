"""Whether one more may begin: actions in flight, rates, blast radius. Pure; asked by `judge`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kubeactions.model import Action, EffectClass, Spec
from kubeactions.policy.ruling import Gate, Ruling
from kubeactions.policy.tally import Traffic
from kubeactions.safety import BlastRadius, Safety
from kubeactions.words import counted


def limit_of(blast_radius: BlastRadius, objects: int | None) -> int | None:
    """How many objects may be touched: the smaller of both bounds, rounded down, never below one; None: no bound.

    A share of nobody knows how many is one.
    """
    bounds = [blast_radius.absolute] if blast_radius.absolute else []
    if blast_radius.percent:
        bounds.append(int((objects or 0) * blast_radius.percent / 100))
    return max(1, min(bounds)) if bounds else None


def gate(action: Action, spec: Spec, traffic: Traffic, now: datetime, safety: Safety) -> Ruling | None:
    """Too much at once, too much in a time, or too much of one kind."""

    def wait(reason: str, text: str, until: datetime | None) -> Ruling:
        pause = (until - now).total_seconds() if until is not None else 1.0
        when = f"the next may begin at {_z(until)}" if until is not None else ""
        return Ruling(Gate.WAIT, reason, text, retry_after_s=min(max(pause, 0.1), 60.0), when=when)

    if spec.effect is not EffectClass.READ and len(traffic.in_flight) >= safety.max_in_flight:
        text = f"{counted(len(traffic.in_flight), 'action')} in flight; {safety.max_in_flight} may be at a time"
        when = f"the next may begin when {_one_of(traffic.in_flight)} has ended"
        return Ruling(Gate.WAIT, "TooManyInFlight", text, retry_after_s=1.0, when=when)
    for bucket in traffic.buckets:
        if bucket.ready_at > now:
            return wait("RateLimited", f"rate of {bucket.of}: {bucket.rate}", bucket.ready_at)
    limit = limit_of(safety.blast_radius, traffic.objects)
    if spec.effect is EffectClass.READ or limit is None or traffic.touched_already or traffic.touched < limit:
        return None
    where = f"in namespace {action.target.namespace}" if action.target.namespace else "of the cluster"
    total = f" of {traffic.objects}" if traffic.objects is not None else ""
    text = f"{traffic.touched}{total} objects of kind {action.target.kind} {where} were touched in the last "
    text += f"{safety.blast_radius.window_s:g} s; {limit} may be"
    return wait("BlastRadius", text, traffic.free_at)


def _one_of(keys: tuple[str, ...]) -> str:
    if len(keys) == 1:
        return keys[0]
    more = f" or {len(keys) - 2} more" if len(keys) > 2 else ""
    return f"one of {keys[0]}, {keys[1]}{more}"


def _z(at: datetime) -> str:
    """To the second, rounded up: asked at that time, it is so."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return f"{whole + timedelta(seconds=whole < at):%Y-%m-%dT%H:%M:%SZ}"
