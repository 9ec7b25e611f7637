"""What the API server itself does with definitions: it accepts names, establishes, and clears away.

Three controllers of k8s.io/apiextensions-apiserver run inside of kube-apiserver, so they run here in every cluster,
with other controllers or without: naming (pkg/controller/status), establishing, and the finalizer
(pkg/controller/finalizer). They act before the next request is answered; each step is a request of the server to
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import orjson

from backends.fake import metadata
from backends.fake.custom.approval import approval, is_protected
from backends.fake.messages import Identity, Request, Response
from backends.fake.store import Entry, Key, Store, StoreEvent
from backends.fake.strategies.extensions import CLEANUP, CRDS, condition, condition_of, is_whole, set_condition

Obj = dict[str, Any]

RETRY_S = 5.0
"""How long the server waits before it looks again whether all objects are gone, in seconds."""
_APPROVAL = "KubernetesAPIApprovalPolicyConformant"
_APPROVALS = {
    "missing": ("False", "MissingAnnotation"),
    "invalid": ("False", "InvalidAnnotation"),
    "approved": ("True", "ApprovedAnnotation"),
    "bypassed": ("False", "UnapprovedAnnotation"),
}
_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SERVER = Identity("system:apiserver", "", ("system:masters",))
_HEADERS = {"content-type": "application/json", "user-agent": "kube-apiserver"}

Enqueue = Callable[[tuple[str, str], float, Callable[[], None]], None]


class Wall(Protocol):
    """Where the time of day comes from."""

    def wall(self) -> datetime:
        """Now, in UTC."""


class Lifecycle:
    """The three controllers over one store."""

    def __init__(self, store: Store, clock: Wall, send: Callable[[Request], Response], enqueue: Enqueue) -> None:
        self._store = store
        self._clock = clock
        self._send = send
        self._enqueue = enqueue
        store.subscribe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        """Called inside of a commit: notes which definitions are to be looked at."""
        if event.key[:2] == CRDS:
            self._later(event.key.name)
            return
        custom = event.shown.resource.custom
        if event.new is None and custom is not None:
            definition = self._store.get(Key(*CRDS, "", custom.definition.name))
            if definition is not None and definition.terminating:
                self._later(definition.key.name)

    def _later(self, name: str, delay_s: float = 0.0) -> None:
        self._enqueue(("custom-resource-definitions", name), delay_s, partial(self.step, name))

    def step(self, name: str) -> None:
        """Do all that is to be done about one definition now."""
        revision = -1
        while revision != self._store.revision:
            revision = self._store.revision
            self._once(name)

    def _once(self, name: str) -> None:
        entry = self._store.get(Key(*CRDS, "", name))
        if entry is None:
            self._others(name)
            return
        crd = entry.load()
        if entry.terminating:
            if CLEANUP in (crd["metadata"].get("finalizers") or ()):
                self._clear(crd)
            return
        if not is_whole(crd):
            return
        self._approve(crd)
        if self._name(crd):
            self._others(name, crd["spec"]["group"])

    def _others(self, name: str, group: str = "") -> None:
        """Names may have become free: the other definitions of the group are looked at again."""
        group = group or name.partition(".")[2]
        for entry in self._store.list(*CRDS):
            if entry.key.name != name and entry.key.name.partition(".")[2] == group:
                crd = entry.load()
                if condition(crd, "NamesAccepted") == "False":
                    self._later(entry.key.name)

    def _approve(self, crd: Obj) -> None:
        """Say how a definition in one of Kubernetes' own groups is approved (pkg/controller/apiapproval)."""
        if not is_protected(crd["spec"]["group"]):
            return
        state, text = approval(crd["metadata"].get("annotations") or {})
        status, reason = _APPROVALS[state]
        held = condition_of(crd, _APPROVAL)
        wanted = {"type": _APPROVAL, "status": status, "reason": reason, "message": text}
        if held is None or not _same(held, wanted):
            self._set(crd, wanted)
            self._write(crd)

    # ---- names

    def _name(self, crd: Obj) -> bool:
        """Accept the names that are free; returns whether anything has changed."""
        status = crd.setdefault("status", {})
        spec_names, held = crd["spec"]["names"], status.get("acceptedNames") or {}
        if spec_names == held:
            return self._establish(crd)
        accepted, found = accept(spec_names, held, *self._taken(crd))
        established = condition_of(crd, "Established")
        if (established is None or established["status"] != "True") and found["status"] == "True":
            text = "the initial names have been accepted"
            established = {"type": "Established", "status": "False", "reason": "Installing", "message": text}
        elif established is None:
            text = "not all names are accepted"
            established = {"type": "Established", "status": "False", "reason": "NotAccepted", "message": text}
        before = condition_of(crd, "NamesAccepted")
        if accepted == held and before is not None and _same(before, found):
            return False
        status["acceptedNames"] = accepted
        self._set(crd, found)
        self._set(crd, established)
        return self._write(crd)

    def _taken(self, crd: Obj) -> tuple[set[str], set[str]]:
        """Resource names and kinds that the group's definitions have."""
        resources, kinds = set[str](), set[str]()
        for entry in self._store.list(*CRDS):
            other = entry.load()
            if not is_whole(other) or other["spec"]["group"] != crd["spec"]["group"]:
                continue
            names = (other.get("status") or {}).get("acceptedNames") or {}
            resources |= {names.get("plural") or "", names.get("singular") or "", *(names.get("shortNames") or ())}
            kinds |= {names.get("kind") or "", names.get("listKind") or ""}
        return resources, kinds

    def _establish(self, crd: Obj) -> bool:
        if condition(crd, "NamesAccepted") != "True" or condition(crd, "Established") == "True":
            return False
        text = "the initial names have been accepted"
        self._set(crd, {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": text})
        self._write(crd)
        return False

    # ---- the end

    def _clear(self, crd: Obj) -> None:
        """Delete the objects; when none is left, let the definition go."""
        instances = self._instances(crd)
        if not instances:
            self._end(crd, "InstanceDeletionCompleted", "removed all instances", status="False")
            crd["metadata"]["finalizers"] = [one for one in crd["metadata"]["finalizers"] if one != CLEANUP]
            self._write(crd)
            return
        self._end(crd, "InstanceDeletionInProgress", "CustomResource deletion is in progress", status="True")
        self._write(crd)
        for entry in instances:
            if not entry.terminating:
                self._delete(entry)
        # What finalizers hold is waited for: its end brings this step back, and so does the time.
        if self._instances(crd):
            self._later(crd["metadata"]["name"], RETRY_S)

    def _instances(self, crd: Obj) -> list[Entry]:
        if condition(crd, "Established") != "True" or not is_whole(crd):
            return []
        names = (crd.get("status") or {}).get("acceptedNames") or {}
        plural = names.get("plural") or crd["spec"]["names"]["plural"]
        return list(self._store.list(crd["spec"]["group"], plural))

    def _delete(self, entry: Entry) -> None:
        resource, key = entry.resource, entry.key
        custom = resource.custom
        storage = custom.definition.storage if custom is not None else None
        version = storage.version if storage is not None else resource.version
        place = f"/namespaces/{key.namespace}" if key.namespace else ""
        path = f"/apis/{key.group}/{version}{place}/{key.plural}/{key.name}"
        self._send(Request("DELETE", path, dict(_HEADERS), b"", _SERVER))

    def _end(self, crd: Obj, reason: str, message: str, *, status: str) -> None:
        self._set(crd, {"type": "Terminating", "status": status, "reason": reason, "message": message})

    # ---- conditions

    def _set(self, crd: Obj, wanted: Mapping[str, Any]) -> None:
        """SetCRDCondition: the time is that of the last change of the status."""
        set_condition(crd, dict(wanted), metadata.timestamp(self._clock.wall()))

    def _write(self, crd: Obj) -> bool:
        """Write the status (and the finalizers, as the real one does so); a conflict brings the step back by itself."""
        path = f"{_PATH}/{crd['metadata']['name']}/status"
        return self._send(Request("PUT", path, dict(_HEADERS), orjson.dumps(crd), _SERVER)).status == 200


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(member) == other.get(member) for member in ("status", "reason", "message"))


def accept(wanted: Mapping[str, Any], held: Mapping[str, Any], resources: set[str], kinds: set[str]) -> tuple[Obj, Obj]:
    """The names that a definition has from now on, and its condition NamesAccepted (calculateNamesAndConditions)."""
    accepted: Obj = dict(held)
    conflicts: list[tuple[str, str]] = []
    for member, reason, taken in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
    ):
        _take(member, reason, taken, wanted, held, accepted, conflicts)
    own = {held.get("plural"), held.get("singular"), *(held.get("shortNames") or ())}
    refused = [name for name in wanted.get("shortNames") or () if name not in own and name in resources]
    if not refused:
        _copy(accepted, wanted, "shortNames")
    else:
        texts = [f'"{name}" is already in use' for name in refused]
        conflicts.append(("ShortNamesConflict", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"))
    _take("kind", "KindConflict", kinds, wanted, held, accepted, conflicts)
    _take("listKind", "ListKindConflict", kinds, wanted, held, accepted, conflicts)
    _copy(accepted, wanted, "categories")
    if conflicts:
        reason, message = conflicts[-1]
        return accepted, {"type": "NamesAccepted", "status": "False", "reason": reason, "message": message}
    fine = {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found"}
    return accepted, fine


def _take(
    member: str,
    reason: str,
    taken: set[str],
    wanted: Mapping[str, Any],
    held: Mapping[str, Any],
    accepted: Obj,
    conflicts: list[tuple[str, str]],
) -> None:
    name = wanted.get(member) or ""
    if name != (held.get(member) or "") and name in taken:
        conflicts.append((reason, f'"{name}" is already in use'))
    else:
        _copy(accepted, wanted, member)


def _copy(target: Obj, source: Mapping[str, Any], member: str) -> None:
    if source.get(member):
        target[member] = source[member]
    else:
        target.pop(member, None)
