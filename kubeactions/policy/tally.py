"""The memory of what has begun, for rates, actions in flight and blast radius. Owned by the processor.

`Tally` is filled from the ledger's records at each promotion and follows every durable write, so it survives a change
of leader; `about` makes of it the facts (`Traffic`) that traffic.py judges by. Nothing here looks at the cluster.

A rate is a token bucket, kept as the moment at which it is full again ("virtual scheduling", ITU-T I.371): one moment a
bucket, folded over the beginnings in their order. An action takes one token when it is planned, whatever comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kubeactions.model import Action
from kubeactions.safety import EVERY, Rate, Safety


@dataclass(frozen=True, slots=True)
class Beginning:
    """One action that has begun: what it took from the rates, and what it touched."""

    type: str
    kind: str
    namespace: str
    target: str
    """Name of the target."""
    at: datetime
    touched: bool = True
    """False when nothing was sent: a read, a target that was gone or as wanted."""

    @property
    def place(self) -> tuple[str, str]:
        """Kind, case-folded, and namespace: what a blast radius is counted in."""
        return (self.kind.casefold(), self.namespace)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One rate that is about an action."""

    of: str
    """For people: `delete_pod`, `namespace shop`."""
    rate: Rate
    ready_at: datetime
    """When it has a token."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What has begun, seen from one action that would like to."""

    in_flight: tuple[str, ...] = ()
    """Keys of the actions that have begun and not ended."""
    buckets: tuple[Bucket, ...] = ()
    touched: int = 0
    """Other objects of its kind in its namespace that were touched within the blast radius' time."""
    touched_already: bool = False
    """Its own target was: it adds nothing."""
    free_at: datetime | None = None
    """When the oldest of them does not count any more."""
    objects: int | None = None
    """All objects of its kind there, for the share in per cent; None: not known."""


@dataclass(slots=True)
class Tally:
    """Everything that has begun, as far as it still matters. One thread owns it."""

    safety: Safety
    _full_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _touched: dict[tuple[str, str], dict[str, datetime]] = field(default_factory=dict)

    def fill(self, beginnings: Iterable[Beginning], now: datetime) -> None:
        """Begin anew from the ledger's records. A stamp of a clock that was ahead counts as now."""
        self._full_at.clear()
        self._touched.clear()
        for one in sorted(beginnings, key=lambda one: one.at):
            self.add(one, now)

    def add(self, beginning: Beginning, now: datetime) -> None:
        """Count one action that begins."""
        at = min(beginning.at, now)
        for key, rate in self._rates(beginning.type, beginning.namespace):
            self._full_at[key] = max(self._is_full_at(key, rate, at), at) + timedelta(seconds=rate.per_s / rate.count)
        if beginning.touched and self.safety.blast_radius.set:
            self._touched.setdefault(beginning.place, {})[beginning.target] = at

    def untouch(self, beginning: Beginning) -> None:
        """Its plan has come to nothing: the object was not touched."""
        self._touched.get(beginning.place, {}).pop(beginning.target, None)

    def about(self, action: Action, now: datetime, in_flight: tuple[str, ...], objects: int | None) -> Traffic:
        """The facts for one action."""
        buckets = tuple(
            Bucket(" ".join(filter(None, key)), rate, self._ready_at(key, rate, now))
            for key, rate in self._rates(action.type, action.target.namespace)
        )
        place = (action.target.kind.casefold(), action.target.namespace)
        since = now - timedelta(seconds=self.safety.blast_radius.window_s)
        touched = {name: min(at, now) for name, at in self._touched.get(place, {}).items() if at > since}
        self._touched[place] = touched
        others = {name: at for name, at in touched.items() if name != action.target.name}
        oldest = min(others.values(), default=None)
        free_at = oldest + (now - since) if oldest is not None else None
        return Traffic(in_flight, buckets, len(others), action.target.name in touched, free_at, objects)

    def _rates(self, action_type: str, namespace: str) -> list[tuple[tuple[str, str], Rate]]:
        found: list[tuple[tuple[str, str], Rate]] = []
        for scope, name, rates in (
            ("", action_type, self.safety.rate_per_type),
            ("namespace", namespace, self.safety.rate_per_namespace),
        ):
            if name and (rate := rates.get(name, rates.get(EVERY))) is not None:
                found.append(((scope, name), rate))
        return found

    def _ready_at(self, key: tuple[str, str], rate: Rate, now: datetime) -> datetime:
        """A bucket that is full again at `f` has a token when `f` is no more than all but one of them away."""
        return self._is_full_at(key, rate, now) - timedelta(seconds=rate.per_s / rate.count * (rate.count - 1))

    def _is_full_at(self, key: tuple[str, str], rate: Rate, now: datetime) -> datetime:
        """No bucket takes longer than its time to fill, though the clock was set back or its rate made smaller."""
        return min(self._full_at.get(key, now), now + timedelta(seconds=rate.per_s))
