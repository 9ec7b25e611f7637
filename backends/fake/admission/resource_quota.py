"""ResourceQuota: the last plugin charges the quotas of the namespace, or refuses.

plugin/resourcequota of k8s.io/apiserver. Checked and written in one step, under the cluster's lock: two writes can
never spend the same rest. A real server charges a write that then fails (the name is taken), until its controller
recounts; here it is not charged.
"""

from __future__ import annotations

from typing import Any

from backends.clock import Clock
from backends.fake import quota
from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Store

Obj = dict[str, Any]

_UNCOUNTED = frozenset({("", "events")})


class ResourceQuota(Base):
    """The plugin over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New objects in namespaces, and changes that can make them bigger."""
        if not resource.namespaced or resource.storage in _UNCOUNTED or "get" not in resource.verbs:
            return None
        if operation == CREATE and not subresource:
            return self._charge
        return self._charge if operation == UPDATE and quota.counts_update(resource.storage, subresource) else None

    def _charge(self, write: Attributes) -> None:
        entries = self._store.list("", "resourcequotas", write.namespace)
        if not entries:
            return
        quotas = [entry.load() for entry in entries]
        try:
            charges = quota.charge(quotas, write.resource.storage, write.obj, write.old, self._clock.wall())
        except quota.Refusal as refusal:
            raise write.forbidden(str(refusal)) from None
        if write.dry_run or write.doomed:
            return
        for charge in charges:
            charged = quotas[charge.at]
            charged["status"]["used"] = charge.used
            self._store.update(entries[charge.at], charged)
