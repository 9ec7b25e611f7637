"""What a ResourceQuota has used: counted anew when the quota changes, and when something goes that it may have counted.

kube-controller-manager's `resourcequota-controller` (pkg/controller/resourcequota). What is created is charged by the
admission plugin at once; only what is given back has to be counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from backends.fake import amounts, quota
from backends.fake.controllers.client import UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import EVERY_KIND, QUOTAS
from backends.fake.store import Entry, StoreEvent
from backends.kubelet.pods import Object

RECOUNT_S = 300.0
"""--resource-quota-sync-period: how often it counts without an event."""
_SHRINKING = frozenset({("", "pods"), ("", "services"), ("", "persistentvolumeclaims")})
"""What can count for less without being deleted."""


class ResourceQuotas(Controller):
    """Recounts one quota."""

    name = "resourcequota-controller"
    kind = QUOTAS
    watches = EVERY_KIND
    reaction_s = 0.0
    """A pod that follows its quota, or another pod's end, closely would be refused; in reality that is a race."""

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A quota; all quotas of a namespace in which something is given back."""
        key = event.key
        if not key.namespace:
            return ()
        storage = (key.group, key.plural)
        if storage == QUOTAS.stored and event.type != "DELETED":
            return ((key.namespace, key.name),)
        if event.type == "DELETED" or (event.type == "MODIFIED" and storage in _SHRINKING):
            return [(key.namespace, entry.key.name) for entry in self.client.entries(QUOTAS, key.namespace)]
        return ()

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Count, and write what changed."""
        held = self.client.get(QUOTAS, namespace, name)
        if held is None:
            return None
        hard = (held.get("spec") or {}).get("hard") or {}
        used = _used(held, hard, self.client.content(namespace), now.wall)
        status = {"hard": hard, "used": used} if hard else {}
        if status != (held.get("status") or {}):
            held["status"] = status
            self.client.apply([UpdateStatus(QUOTAS, held)])
        return RECOUNT_S


def _used(held: Object, hard: dict[str, str], content: Iterable[Entry], now: datetime) -> dict[str, str]:
    found = dict.fromkeys(hard, "0")
    names: dict[tuple[str, str], list[str]] = {}
    for entry in content:
        storage = (entry.key.group, entry.key.plural)
        counted = names.get(storage)
        if counted is None:
            counted = names[storage] = quota.names_counted(storage, hard)
        if not counted:
            continue
        obj = entry.load()
        if quota.matches(held, hard, storage, obj):
            usage = quota.usage_of(storage, obj, now)
            for name in counted:
                if name in usage:
                    found[name] = amounts.added(found[name], usage[name])
    return found
