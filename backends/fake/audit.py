"""The audit trail: every request that the server answered, by whom, on what, when, and whether it changed anything.

Written by the server at the end of each request; read by scenarios, which assert on it. Recording must cost next to
nothing, so what is kept is a tuple, and an `AuditEvent` is made of it when somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backends.fake.forking import Fork

LIMIT = 200_000
"""Events kept; older ones are dropped and counted in `AuditLog.dropped`."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One request, answered."""

    at: datetime
    monotonic: float
    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    uid: str
    """Of the object that was answered with or changed; empty where there was none."""
    code: int
    audit_id: str
    dry_run: bool
    method: str
    target: str
    changed: bool
    """Did it commit anything?"""
    notes: tuple[tuple[str, str], ...]
    """What admission wrote down: pod security, policies, webhooks."""
    revision: int
    """The cluster's revision when it was answered: if it changed something, that of the (last) change."""

    @property
    def annotations(self) -> dict[str, str]:
        """The notes by their keys."""
        return dict(self.notes)

    def as_event(self) -> dict[str, Any]:
        """It as kube-apiserver's audit log has it: an audit.k8s.io/v1 Event of the level Metadata."""
        reference = {
            "resource": self.resource, "namespace": self.namespace, "name": self.name, "uid": self.uid,
            "apiGroup": self.group, "subresource": self.subresource,
        }  # fmt: skip
        at = self.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": self.audit_id,
            "stage": "ResponseComplete",
            "requestURI": self.target,
            "verb": self.verb,
            "user": {"username": self.user},
            "responseStatus": {"metadata": {}, "code": self.code},
            "requestReceivedTimestamp": at,
            "stageTimestamp": at,
        }
        if self.notes:
            event["annotations"] = self.annotations
        if self.resource:
            event["objectRef"] = {name: value for name, value in reference.items() if value}
        return event


# What is kept of a request until somebody looks: the fields of `AuditEvent`, in their order.
AuditRecord = tuple[
    datetime, float, str, str, str, str, str, str, str, str, int, str, bool, str, str, bool,
    tuple[tuple[str, str], ...], int,
]  # fmt: skip
_FIELDS = tuple(AuditEvent.__dataclass_fields__)


class AuditLog:
    """The events of one cluster, oldest first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._records: deque[AuditRecord] = deque(maxlen=limit)
        self._shared = False
        """Has a fork the same records? Then they are copied before the next one."""
        self.recorded = 0
        """Requests recorded since the beginning."""

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork has the same past, copied by whichever of both writes first."""
        del fork
        self._shared = True
        return {"_records": self._records, "_shared": True}

    def append(self, record: AuditRecord) -> None:
        """Keep one more request."""
        if self._shared:
            self._records, self._shared = self._records.copy(), False
        self.recorded += 1
        self._records.append(record)

    @property
    def dropped(self) -> int:
        """How many old events are no longer here. Not 0: a scenario must not conclude anything from an absence."""
        return self.recorded - len(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[AuditEvent]:
        return (AuditEvent(*record) for record in tuple(self._records))

    def author(self, revision: int) -> AuditEvent | None:
        """The request that committed a revision; None where that is not on record (it was loaded, or dropped)."""
        records = self._records
        # By halves over all of them: revisions never fall. The one that changed something comes first among equals.
        low, high = 0, len(records)
        while low < high:
            middle = (low + high) // 2
            if records[middle][-1] < revision:
                low = middle + 1
            else:
                high = middle
        found = AuditEvent(*records[low]) if low < len(records) else None
        return found if found is not None and found.changed else None

    def find(self, **filters: object) -> list[AuditEvent]:
        """The events that all `filters` take, oldest first: a field equals its value, or its value is called with it.

        So `find(verb="delete", code=lambda code: code >= 400)`. TypeError for a field that there is none of.
        """
        unknown = set(filters) - set(_FIELDS)
        if unknown:
            raise TypeError(f"an audit event has no {', '.join(sorted(unknown))}")
        wanted = [(_FIELDS.index(field), value) for field, value in filters.items()]
        return [
            AuditEvent(*record)
            for record in tuple(self._records)
            if all(value(record[index]) if callable(value) else record[index] == value for index, value in wanted)
        ]
