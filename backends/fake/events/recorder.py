"""Takes what the cluster's components say, and puts it into the store as Events when somebody looks at Events.

The controllers speak to it through their `Client`; the server and the cluster let it write (`write`) before they read
Events, and where somebody watches them it writes at once. Times are those at which something was said. An Event whose
namespace is on its way out is not written: the API server would refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from backends.clock import Clock
from backends.fake import metadata, ownership
from backends.fake.catalogue import Catalogue
from backends.fake.events.correlation import Correlator
from backends.fake.events.expiry import EVENT_TTL_S, Expiry
from backends.fake.events.words import Reference, Saying, Source, Told
from backends.fake.forking import Fork
from backends.fake.ids import Ids
from backends.fake.store import Entry, Key, Store
from backends.kubelet.rfc3339 import micro_stamp
from backends.sharing import SharedDict

Obj = dict[str, Any]

EVENTS: Final = ("", "events")
_NAMESPACES: Final = ("", "namespaces")
_AT_ONCE: Final = 4096
"""So many sayings are kept before they are thrown together, though nobody looks."""
_OWN_IDS: Final = 1 << 64
"""Added to the cluster's seed for the uids of these Events."""


class Recorder:
    """The recorders of all components of one cluster."""

    def __init__(self, store: Store, catalogue: Catalogue, time: Clock, seed: int, expiry: Expiry) -> None:
        self._store = store
        self._time = time
        self._expiry = expiry
        self._correlator = Correlator()
        self._ids = Ids(_OWN_IDS + seed)
        self._core = catalogue.resources["", "v1", "events"]
        self._newer = catalogue.resources["events.k8s.io", "v1", "events"]
        self._said: list[tuple[Any, ...]] = []
        """Flat and plain, so that the garbage collector need not look into them; `Saying.of` makes sense of them."""
        self._unwritten: SharedDict[tuple[str, str], Told] = SharedDict()

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork has still to write what this one has."""
        del fork
        return {"_said": list(self._said)}

    def say(
        self, source: Source, about: Reference, reason: str, message: str, *, warning: bool = False, action: str = ""
    ) -> None:
        """Note that `source` says this about `about`, now."""
        home = self._store.at(_NAMESPACES, "", about.place)
        if home is None or home.terminating:
            return
        kind = "Warning" if warning else "Normal"
        at, monotonic = self._time.wall(), self._time.monotonic()
        self._said.append((*source, *about, kind, reason, message, action, at, monotonic, home.uid))
        if self._store.is_watched(EVENTS):
            self.write()
        elif len(self._said) >= _AT_ONCE:
            self._correlate()

    def write(self) -> None:
        """Put all that was said into the store. The cluster's lock is held, and no commit is under way."""
        if self._said:
            self._correlate()
        if self._unwritten:
            told, self._unwritten = self._unwritten, SharedDict()
            for one in told.values():
                self._write(one)

    def _correlate(self) -> None:
        said, self._said = self._said, []
        for one in said:
            told = self._correlator.observe(Saying.of(one))
            if told is not None:
                place = told.first.about.place, told.name
                self._unwritten.pop(place, None)
                self._unwritten[place] = told
        over = self._time.monotonic() - EVENT_TTL_S
        # In order of the last mention: those that nobody will see any more come first.
        while self._unwritten:
            place = next(iter(self._unwritten))
            if self._unwritten[place].monotonic > over:
                break
            del self._unwritten[place]

    def _write(self, told: Told) -> None:
        namespace = told.first.about.place
        home = self._store.at(_NAMESPACES, "", namespace)
        if home is None or home.terminating or home.uid != told.first.home:
            return
        key = Key(*EVENTS, namespace, told.name)
        entry = self._store.get(key)
        if entry is None:
            self._create(key, told)
        else:
            self._change(entry, told)
        self._expiry.hold(key, told.monotonic)

    def _create(self, key: Key, told: Told) -> None:
        resource, content = (self._newer, _newer(told)) if told.first.source.series else (self._core, _core(told))
        named = {"name": told.name, "namespace": key.namespace}
        obj: Obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": named, **content}
        self._own(obj, None, told)
        entries = obj["metadata"].pop("managedFields")
        obj["metadata"] = metadata.prepare_create(obj["metadata"], self._ids.uid(), told.first.at, "")
        obj["metadata"]["managedFields"] = entries
        self._store.create(key, resource, obj)

    def _change(self, entry: Entry, told: Told) -> None:
        """What the recorder's patch changes."""
        old, new = entry.load(), entry.load()
        if told.first.source.series:
            new["series"] = _series(told)
        else:
            new.update(count=told.times, lastTimestamp=metadata.timestamp(told.at), message=told.message)
        self._own(new, old, told)
        self._store.update(entry, new)

    @staticmethod
    def _own(obj: Obj, old: Obj | None, told: Told) -> None:
        component = told.first.source.component
        manager = _MANAGERS.get(component, "kube-controller-manager")
        writer = ownership.Writer(manager, "", metadata.timestamp(told.at))
        obj["metadata"]["managedFields"] = ownership.track(old, obj, writer, has_status=False)


_MANAGERS: Final = {"kubelet": "kubelet", "default-scheduler": "kube-scheduler"}
"""Of which program a component is a part; all others are of kube-controller-manager."""


def _core(told: Told) -> Obj:
    """The Event in the core group, but for its metadata."""
    first = told.first
    source = {"component": first.source.component, **({"host": first.source.host} if first.source.host else {})}
    return {
        "involvedObject": first.about.told(),
        "reason": first.reason,
        "message": told.message,
        "source": source,
        "firstTimestamp": metadata.timestamp(first.at),
        "lastTimestamp": metadata.timestamp(told.at),
        "count": told.times,
        "type": first.type,
        "eventTime": None,
        "reportingComponent": first.source.component,
        "reportingInstance": first.source.host,
    }


def _newer(told: Told) -> Obj:
    """The Event in events.k8s.io, but for its metadata."""
    first = told.first
    return {
        "eventTime": micro_stamp(first.at),
        **({"series": _series(told)} if told.times > 1 else {}),
        "reportingController": first.source.component,
        "reportingInstance": f"{first.source.component}-{first.source.host}",
        "action": first.action,
        "reason": first.reason,
        "regarding": first.about.told(),
        "note": first.message,
        "type": first.type,
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    }


def _series(told: Told) -> Obj:
    return {"count": told.times, "lastObservedTime": micro_stamp(told.at)}
