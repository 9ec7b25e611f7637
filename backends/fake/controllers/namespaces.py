"""A namespace that is being deleted: everything in it goes first, then its own finalizer, then it.

kube-controller-manager's `namespace-controller` (pkg/controller/namespace/deletion). Pods get their grace period; what
finalizers hold is waited for, and told in the namespace's conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from backends.fake.controllers.client import Delete, Finalize, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import EVERY_KIND, NAMESPACES, PODS, kind_of
from backends.fake.store import Entry, StoreEvent
from backends.kubelet.pods import Object, with_condition

_FINE = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


class Namespaces(Controller):
    """Empties and finalizes namespaces that terminate. It hears of every kind."""

    name = "namespace-controller"
    kind = NAMESPACES
    watches = EVERY_KIND

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A namespace that changes, and one that terminates when something in it changes."""
        if not event.key.namespace:
            return (("", event.key.name),) if (event.key.group, event.key.plural) == NAMESPACES.stored else ()
        if event.type == "ADDED":
            return ()
        namespace = self.client.entry(NAMESPACES, "", event.key.namespace)
        return (("", event.key.namespace),) if namespace is not None and namespace.terminating else ()

    def step(self, _namespace: str, name: str, now: Now) -> float | None:
        """Delete what is left; say what holds it; finalize when nothing is left."""
        namespace = self.client.get(NAMESPACES, "", name)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return None
        finalizers = (namespace.get("spec") or {}).get("finalizers") or []
        if "kubernetes" not in finalizers:
            return None
        if self._told_to_go(name, pods=True):
            # Pods before everything else (KEP-5080): what they may still need, stays until they are gone. What is left
            # is not counted before that, so the conditions see nothing that remains.
            self.client.apply(_told(namespace, [], now.wall))
            return None
        left = self._told_to_go(name, pods=False)
        writes = _told(namespace, left, now.wall)
        if not left:
            rest = [one for one in finalizers if one != "kubernetes"]
            writes.append(Finalize(NAMESPACES, {**namespace, "spec": {"finalizers": rest}}))
        self.client.apply(writes)
        return None

    def _told_to_go(self, name: str, *, pods: bool) -> list[Entry]:
        """Delete the namespace's pods, or all that it holds; returns what is held by finalizers or its grace period."""
        content = self._content(name, pods=pods)
        self.client.apply([Delete(kind_of(entry), entry.load()) for entry in content if not entry.terminating])
        return self._content(name, pods=pods) if content else []

    def _content(self, name: str, *, pods: bool) -> list[Entry]:
        content = self.client.content(name)
        return [one for one in content if (one.key.group, one.key.plural) == PODS.stored] if pods else content


def _told(namespace: Object, left: list[Entry], now: datetime) -> list[Write]:
    """The status with the conditions, where they say something new."""
    told = _conditions(namespace, left, now)
    return [] if told is None else [UpdateStatus(NAMESPACES, told)]


def _conditions(namespace: Object, content: list[Entry], now: datetime) -> Object | None:
    """The namespace with its five conditions, or None when they say the same already."""
    kinds: Counter[str] = Counter()
    holders: Counter[str] = Counter()
    for entry in content:
        kinds[f"{entry.key.plural}.{entry.key.group}"] += 1
        holders.update(entry.load()["metadata"].get("finalizers") or ())
    remaining = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(kinds.items()))
    held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(holders.items()))
    wanted = [{"type": kind, "status": "False", "reason": reason, "message": text} for kind, reason, text in _FINE]
    wanted.append(
        {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": f"Some resources are remaining: {remaining}",
        }
        if kinds
        else {
            "type": "NamespaceContentRemaining",
            "status": "False",
            "reason": "ContentRemoved",
            "message": "All content successfully removed",
        }
    )
    wanted.append(
        {
            "type": "NamespaceFinalizersRemaining",
            "status": "True",
            "reason": "SomeFinalizersRemain",
            "message": f"Some content in the namespace has finalizers remaining: {held}",
        }
        if holders
        else {
            "type": "NamespaceFinalizersRemaining",
            "status": "False",
            "reason": "ContentHasNoFinalizers",
            "message": "All content-preserving finalizers finished",
        }
    )
    before = (namespace.get("status") or {}).get("conditions") or []
    after = before
    for condition in wanted:
        after = with_condition(after, condition, now)
    if after == before:
        return None
    return {**namespace, "status": {**namespace.get("status", {}), "conditions": after}}
