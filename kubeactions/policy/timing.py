"""When an action may run: its age, `not_before`, maintenance windows. Pure; asked by `judge`.

Expiry counts from the moment from which the action is wanted: its stamp, or `not_before`. Windows say when actions
that change something may run: inside of one that allows, if any is about it, and outside of all that deny. How long a
window is open is counted in seconds that pass; when it begins is read from the clocks on the wall, as cron does it
when they are changed: what lies in the missing hour begins after it, what lies in the repeated one begins once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from kubeactions.model import Action, EffectClass, Spec, Status
from kubeactions.policy.ruling import Gate, Ruling
from kubeactions.safety import Window
from kubeactions.settings import Settings

LONGEST_WAIT_S = 60.0
"""A gate that is far ahead is asked again after this: clocks are set right, settings and time zones change."""
_AMBIGUITY = timedelta(hours=3)
"""More than any change of the clocks: how far ahead the search for the last beginning starts."""


def age(action: Action, now: datetime, settings: Settings, *, accepted: bool = False) -> Ruling | None:
    """Too old, stamped in the future, or put off for too long. Exactly at a bound passes.

    What was `accepted` is stamped in the future only where the clock has gone back, or is another leader's: it waits.
    """
    stamp = _z(action.created_at)
    late = now - action.due_at
    if late > timedelta(seconds=settings.expiry_s):
        since = f"stamped {stamp}" if action.not_before is None else f"wanted from {_z(action.due_at)} on"
        text = f"{since}, {late.total_seconds():.0f} s ago; actions expire after {settings.expiry_s:g} s"
        return Ruling(Gate.REJECT, "Expired", text, status=Status.EXPIRED)
    ahead = action.created_at - now
    tolerance = timedelta(seconds=settings.future_tolerance_s)
    if ahead > tolerance and accepted:
        text = f"stamped {stamp} and accepted, and the clock of this leader is {ahead.total_seconds():.0f} s behind"
        return _until(now + (ahead - tolerance), now, "ClockBehind", text)
    if ahead > tolerance:
        text = f"stamped {stamp}, {ahead.total_seconds():.0f} s in the future; {settings.future_tolerance_s:g} s "
        return Ruling(Gate.REJECT, "StampInFuture", text + "are tolerated")
    limit_s = settings.safety.not_before_limit_s
    if action.due_at - action.created_at > timedelta(seconds=limit_s):
        text = f"not_before {_z(action.due_at)} is more than {limit_s:g} s after its stamp {stamp}"
        return Ruling(Gate.REJECT, "NotBeforeTooFar", text)
    return None


def not_before(action: Action, now: datetime) -> Ruling | None:
    """It asks to begin later."""
    if action.not_before is None or now >= action.not_before:
        return None
    return _until(action.not_before, now, "NotBefore", f"it may begin at {_z(action.not_before)}")


def windows(action: Action, spec: Spec, now: datetime, given: Iterable[Window]) -> Ruling | None:
    """The maintenance windows that are about it; what only reads needs none."""
    if spec.effect is EffectClass.READ:
        return None
    about = [window for window in given if _is_about(window, action)]
    for window in about:
        if window.deny and (ends := open_until(window, now)) is not None:
            return _until(ends, now, "WindowDenies", f"nothing runs in the window {window}, until {_z(ends)}")
    allowing = [window for window in about if not window.deny]
    if not allowing or any(open_until(window, now) is not None for window in allowing):
        return None
    opens = min(next_beginning(window, now) for window in allowing)
    return _until(opens, now, "OutsideWindow", f"it runs in windows only; the next one opens at {_z(opens)}")


def open_until(window: Window, now: datetime) -> datetime | None:
    """When the window that is open now closes (aware UTC); None when it is closed. It is closed at its end."""
    for begun in CronSim(window.schedule, (now + _AMBIGUITY).astimezone(window.zone), reverse=True):
        began = begun.astimezone(UTC)
        if began <= now:
            ends = began + timedelta(seconds=window.duration_s)
            return ends if now < ends else None
    return None


def next_beginning(window: Window, now: datetime) -> datetime:
    """When it opens the next time, later than now (aware UTC)."""
    for begins in CronSim(window.schedule, (now - _AMBIGUITY).astimezone(window.zone)):
        if (found := begins.astimezone(UTC)) > now:
            return found
    raise RuntimeError(f"window {window} never opens: the settings let none such through")


def _is_about(window: Window, action: Action) -> bool:
    return (not window.actions or action.type in window.actions) and (
        not window.namespaces or action.target.namespace in window.namespaces
    )


def _until(when: datetime, now: datetime, reason: str, text: str) -> Ruling:
    pause = min((when - now).total_seconds(), LONGEST_WAIT_S)
    return Ruling(Gate.WAIT, reason, text, retry_after_s=max(pause, 0.1))


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
