"""What the API server saw, asked in the words of the scenarios: how often, by whom, when.

In the simulated world that is the fake's audit log, in a real one what passed through the replicas' proxies.
Only what changed something counts: a request that was refused or found nothing to do has had no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from tests.steps.objects import split
from tests.steps.places import Places


class Seen(Protocol):
    """One request that the API server answered: an audit event of the fake, or a passage through a proxy."""

    @property
    def at(self) -> datetime: ...
    @property
    def user(self) -> str: ...
    @property
    def verb(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def audit_id(self) -> str: ...
    @property
    def dry_run(self) -> bool: ...
    @property
    def changed(self) -> bool: ...


class Log(Protocol):
    """All of them, oldest first."""

    @property
    def dropped(self) -> int:
        """How many are not there any more."""
        ...

    def __iter__(self) -> Iterator[Seen]: ...


SWITCHED = 101
"""A WebSocket was opened: a command has begun in a container, though nothing of it is stored."""
BOOKKEEPING = {"configmaps", "leases", "events"}
"""What agents write for themselves; everything else that they change is an effect."""


class Trail:
    """The requests of one scenario, seen from the agents."""

    def __init__(self, log: Log, places: Places) -> None:
        self._log = log
        self._places = places

    def effects(self, agents: Iterable[str]) -> list[Seen]:
        """Every request of these users that changed something which is not their own bookkeeping."""
        names = set(agents)
        self._complete()
        return [
            event
            for event in self._log
            if event.user in names
            and (event.changed or event.code == SWITCHED)
            and not event.dry_run
            and event.resource not in BOOKKEEPING
        ]

    def deletions(self, place: str, agents: Iterable[str]) -> list[Seen]:
        """The deletions of a pod by these users."""
        return [event for event in self._of("pods", place, agents) if event.verb == "delete"]

    def restarts(self, place: str, agents: Iterable[str]) -> list[Seen]:
        """The patches of a deployment by these users."""
        return [event for event in self._of("deployments", place, agents) if event.verb in ("patch", "update")]

    def commands(self, place: str, agents: Iterable[str]) -> list[Seen]:
        """The commands that these users began in a pod."""
        namespace, name = split(self._places.real(place))
        return [e for e in self.effects(agents) if (e.subresource, e.namespace, e.name) == ("exec", namespace, name)]

    def notes(self, agents: Iterable[str]) -> list[Seen]:
        """Every change of the history by these users."""
        names = set(agents)
        self._complete()
        return [
            event for event in self._log if event.user in names and event.resource == "configmaps" and event.changed
        ]

    def reads(self, resource: str, agents: Iterable[str]) -> list[Seen]:
        """Every look of these users at objects of a resource, whatever came of it."""
        names = set(agents)
        self._complete()
        looks = ("get", "list", "watch")
        return [e for e in self._log if e.user in names and e.resource == resource and e.verb in looks]

    def story(self, agents: Iterable[str]) -> str:
        """What these users did, line by line, without the lease's renewals: what a failed scenario prints."""
        names = set(agents)
        return "\n".join(
            f"{e.at:%H:%M:%S.%f} {e.user:10} {e.verb:6} {e.resource:11} {e.namespace}/{e.name} {e.code}"
            f"{' changed' if e.changed else ''}"
            for e in self._log
            if e.user in names and e.resource != "leases"
        )

    def _of(self, resource: str, place: str, agents: Iterable[str]) -> list[Seen]:
        namespace, name = split(self._places.real(place))
        found = self.effects(agents)
        return [e for e in found if (e.resource, e.subresource, e.namespace, e.name) == (resource, "", namespace, name)]

    def _complete(self) -> None:
        if self._log.dropped:
            raise AssertionError(f"{self._log.dropped} audit events were dropped: an absence proves nothing")


def told(events: Iterable[Seen]) -> str:
    """The events as a sentence, for a failed assertion."""
    return "; ".join(f"{e.at:%H:%M:%S.%f} {e.user} {e.verb} {e.namespace}/{e.name} {e.code}" for e in events) or "none"
