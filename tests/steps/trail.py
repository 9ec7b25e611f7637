"""The API server's audit trail, asked in the words of the scenarios: how often, by whom, when.

Only what changed something counts: a request that was refused or found nothing to do has had no effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.steps.objects import split

if TYPE_CHECKING:
    from backends.fake.audit import AuditEvent, AuditLog

BOOKKEEPING = {"configmaps", "leases", "events"}
"""What agents write for themselves; everything else that they change is an effect."""


class Trail:
    """The audit log of one cluster, seen from the agents."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def effects(self, agents: Iterable[str]) -> list[AuditEvent]:
        """Every request of these users that changed something which is not their own bookkeeping."""
        names = set(agents)
        self._complete()
        return [
            event
            for event in self._log
            if event.user in names and event.changed and not event.dry_run and event.resource not in BOOKKEEPING
        ]

    def deletions(self, place: str, agents: Iterable[str]) -> list[AuditEvent]:
        """The deletions of a pod by these users."""
        return [event for event in self._of("pods", place, agents) if event.verb == "delete"]

    def restarts(self, place: str, agents: Iterable[str]) -> list[AuditEvent]:
        """The patches of a deployment by these users."""
        return [event for event in self._of("deployments", place, agents) if event.verb in ("patch", "update")]

    def notes(self, agents: Iterable[str]) -> list[AuditEvent]:
        """Every change of the history by these users."""
        names = set(agents)
        self._complete()
        return [event for event in self._log.find(resource="configmaps", changed=True) if event.user in names]

    def reads(self, resource: str, agents: Iterable[str]) -> list[AuditEvent]:
        """Every look of these users at objects of a resource, whatever came of it."""
        names = set(agents)
        self._complete()
        found = self._log.find(resource=resource)
        return [event for event in found if event.user in names and event.verb in ("get", "list", "watch")]

    def story(self, agents: Iterable[str]) -> str:
        """What these users did, line by line, without the lease's renewals: what a failed scenario prints."""
        names = set(agents)
        return "\n".join(
            f"{e.at:%H:%M:%S.%f} {e.user:10} {e.verb:6} {e.resource:11} {e.namespace}/{e.name} {e.code}"
            f"{' changed' if e.changed else ''}"
            for e in self._log
            if e.user in names and e.resource != "leases"
        )

    def _of(self, resource: str, place: str, agents: Iterable[str]) -> list[AuditEvent]:
        namespace, name = split(place)
        found = self.effects(agents)
        return [e for e in found if (e.resource, e.subresource, e.namespace, e.name) == (resource, "", namespace, name)]

    def _complete(self) -> None:
        if self._log.dropped:
            raise AssertionError(f"{self._log.dropped} audit events were dropped: an absence proves nothing")


def told(events: Iterable[AuditEvent]) -> str:
    """The events as a sentence, for a failed assertion."""
    return "; ".join(f"{e.at:%H:%M:%S.%f} {e.user} {e.verb} {e.namespace}/{e.name} {e.code}" for e in events) or "none"
