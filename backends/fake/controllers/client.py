"""A controller's access to the cluster: it reads the store as an informer would, and writes as everybody does.

Every write is a request through the server's whole chain, under the controller's own user name: it is validated,
defaulted, audited and refused like any other. Reads come from the store (as a real controller's come from its cache);
what is read is the reader's own copy.

It refuses to hide a refusal: whatever is not a success is raised as `Refused`, and the work is done again later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from backends.fake.controllers import pod_news
from backends.fake.controllers.kinds import Kind
from backends.fake.events import Recorder, Reference, Source
from backends.fake.messages import Identity, Request, Response
from backends.fake.store import Entry, Key, Store
from backends.kubelet.news import News
from backends.kubelet.pods import Object

Send = Callable[[Request], Response]
Entries = list[Entry]
Objects = list[Object]

_HEADERS = {"accept": "application/json", "content-type": "application/json"}


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """The server said no: `code`, `reason` and the whole Status."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        super().__init__(f"{code} {status.get('reason', '')}: {status.get('message', '')}")
        self.code = code
        self.reason: str = status.get("reason", "")
        self.message: str = status.get("message", "")
        self._causes = (status.get("details") or {}).get("causes") or ()

    @property
    def namespace_terminating(self) -> bool:
        """Whether the namespace is on its way out: no controller complains about that, nor tries again."""
        return any(cause.get("reason") == "NamespaceTerminating" for cause in self._causes)


class Create(NamedTuple):
    """A new object; its namespace is in its metadata. With `owner`, an Event of that one tells of it."""

    kind: Kind
    obj: Object
    owner: Object | None = None


class Update(NamedTuple):
    """The whole object, under its resourceVersion."""

    kind: Kind
    obj: Object


class Amend(NamedTuple):
    """The object's owners and finalizers, by a patch: all that some controllers may change of it."""

    kind: Kind
    obj: Object


class UpdateStatus(NamedTuple):
    """The whole object through its status subresource."""

    kind: Kind
    obj: Object


class Finalize(NamedTuple):
    """The whole namespace through its finalize subresource."""

    kind: Kind
    obj: Object


class Bind(NamedTuple):
    """A pod to the node called `node`."""

    kind: Kind
    obj: Object
    node: str


class Delete(NamedTuple):
    """The deletion of exactly this object (by uid); gone already is as good. With `owner`, an Event of it tells so."""

    kind: Kind
    obj: Object
    grace_s: int | None = None
    propagation: str | None = None
    owner: Object | None = None


class Tell(NamedTuple):
    """An Event about `obj`, once what comes before it is done."""

    obj: Object
    news: News


_SUBRESOURCES: Mapping[type, str] = {UpdateStatus: "status", Finalize: "finalize"}

Write = Create | Update | Amend | UpdateStatus | Finalize | Bind | Delete | Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision comes to: the writes in order, and when to look again (seconds, > 0) even if nothing changes."""

    writes: list[Write]
    again_in_s: float | None = None


class Client:
    """What one controller sees and does, as the service account that the real one runs under."""

    def __init__(self, store: Store, send: Send, user: str, recorder: Recorder, source: Source) -> None:
        self._store = store
        self._send = send
        self._recorder = recorder
        self._source = source
        groups: tuple[str, ...] = ("system:authenticated",)
        if user.startswith("system:serviceaccount:"):
            groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", *groups)
        self._identity = Identity(user, groups=groups)
        self._agent = {"user-agent": user.rsplit(":", 1)[-1] if user.count(":") == 1 else "kube-controller-manager"}

    def act_as(self, user: str, groups: tuple[str, ...], host: str) -> None:
        """Write as somebody else from now on, on the node `host`: one kubelet speaks for many nodes."""
        if user != self._identity.name:
            self._agent = {"user-agent": "kubelet"}
            self._identity = Identity(user, groups=groups)
            self._source = self._source._replace(host=host)

    # ---- reading

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        entry = self._store.get(Key(kind.group, kind.plural, namespace, name))
        return entry.load() if entry is not None else None

    def entry(self, kind: Kind, namespace: str, name: str) -> Entry | None:
        """One object as it is stored, or None: cheap, where labels, owners and uid are enough."""
        return self._store.get(Key(kind.group, kind.plural, namespace, name))

    def entries(self, kind: Kind, namespace: str = "") -> Entries:
        """All objects of a kind as they are stored, in a namespace or everywhere."""
        return self._store.list(kind.group, kind.plural, namespace)

    def list(
        self, kind: Kind, namespace: str = "", matches: Callable[[Mapping[str, str]], bool] | None = None
    ) -> Objects:
        """All objects of a kind whose labels match. Costs a look at each, and a parse of those that match."""
        entries = self.entries(kind, namespace)
        return [entry.load() for entry in entries if matches is None or matches(entry.labels)]

    def content(self, namespace: str) -> Entries:
        """Everything in a namespace, of whatever kind, as it is stored."""
        return list(self._store.in_namespace(namespace))

    def dependents(self, uid: str) -> Entries:
        """The objects that name `uid` as an owner, as they are stored."""
        found = (self._store.get(key) for key in self._store.dependents(uid))
        return [entry for entry in found if entry is not None]

    # ---- writing

    def apply(self, writes: Iterable[Write]) -> None:
        """Do the writes in order; the first refusal ends it, raised as `Refused`.

        Several writes to one object may follow each other: each takes over the revision that the last one made.
        """
        revisions: dict[str, str] = {}
        for write in writes:
            if isinstance(write, Create):
                self._create_for(write)
            elif isinstance(write, Tell):
                self.tell(write.obj, write.news)
            elif isinstance(write, Bind):
                target = {"apiVersion": "v1", "kind": "Node", "name": write.node}
                place = {key: write.obj["metadata"][key] for key in ("namespace", "name")}
                body = {"apiVersion": "v1", "kind": "Binding", "metadata": place, "target": target}
                self.create(write.kind, body, "binding")
            elif isinstance(write, Delete):
                self._delete_for(write)
            else:
                metadata = write.obj["metadata"]
                metadata["resourceVersion"] = revisions.get(metadata["uid"], metadata["resourceVersion"])
                if isinstance(write, Amend):
                    new = self.amend(write.kind, write.obj)
                else:
                    new = self.replace(write.kind, write.obj, _SUBRESOURCES.get(type(write), ""))
                revisions[metadata["uid"]] = new["metadata"]["resourceVersion"]

    def apply_and_tell(self, writes: Sequence[Write]) -> None:
        """As `apply`, but a refused pod keeps nobody from saying how things stand: the status is written all the same.

        For those whose status counts what there was before the writes. Raises `Refused` for the first refusal.
        """
        try:
            self.apply(writes)
        except Refused:
            self.apply([write for write in writes if isinstance(write, UpdateStatus)])
            raise

    def _create_for(self, write: Create) -> None:
        try:
            made = self.create(write.kind, write.obj)
        except Refused as refused:
            if write.owner is not None and not refused.namespace_terminating:
                self.tell(write.owner, pod_news.not_created(write.owner, write.obj, refused.message))
            raise
        if write.owner is not None:
            self.tell(write.owner, pod_news.created(write.owner, made))

    def _delete_for(self, write: Delete) -> None:
        try:
            self.delete(write.kind, write.obj, grace_s=write.grace_s, propagation=write.propagation)
        except Refused as refused:
            if write.owner is not None:
                self.tell(write.owner, pod_news.not_deleted(write.owner, write.obj, refused.message))
            raise
        if write.owner is not None:
            self.tell(write.owner, pod_news.deleted(write.owner, write.obj))

    def tell(self, obj: Object, news: News, *, action: str = "") -> None:
        """Say something about an object in an Event. `action` is for the newer recorder: what was tried."""
        about = Reference.to(obj, news.part)
        self._recorder.say(self._source, about, news.reason, news.message, warning=news.warning, action=action)

    def read(self, kind: Kind, namespace: str, name: str, subresource: str) -> Object:
        """GET an object's subresource, which no informer has. Raises `Refused`."""
        return self._call("GET", kind.path(namespace, name, subresource), None)

    def create(self, kind: Kind, obj: Object, subresource: str = "") -> Object:
        """POST the object; with a subresource, to that of the object that `obj` names."""
        metadata = obj["metadata"]
        name = metadata["name"] if subresource else ""
        body = obj if "kind" in obj else {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
        return self._call("POST", kind.path(metadata.get("namespace", ""), name, subresource), body)

    def replace(self, kind: Kind, obj: Object, subresource: str = "") -> Object:
        """PUT the whole object, or its subresource, under its resourceVersion."""
        metadata = obj["metadata"]
        return self._call("PUT", kind.path(metadata.get("namespace", ""), metadata["name"], subresource), obj)

    def amend(self, kind: Kind, obj: Object) -> Object:
        """PATCH the object's owners and finalizers to what `obj` has, under its uid and resourceVersion."""
        metadata = obj["metadata"]
        members = ("uid", "resourceVersion", "ownerReferences", "finalizers")
        body = {"metadata": {member: metadata.get(member) or None for member in members}}
        path = kind.path(metadata.get("namespace", ""), metadata["name"])
        return self._call("PATCH", path, body, {"content-type": "application/merge-patch+json"})

    def delete(
        self,
        kind: Kind,
        obj: Object,
        *,
        grace_s: int | None = None,
        propagation: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """DELETE exactly this object; that it is gone, or another one by now, is as good."""
        metadata = obj["metadata"]
        preconditions = {"uid": metadata["uid"]}
        if resource_version is not None:
            preconditions["resourceVersion"] = resource_version
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        if propagation is not None:
            body["propagationPolicy"] = propagation
        try:
            self._call("DELETE", kind.path(metadata.get("namespace", ""), metadata["name"]), body)
        except Refused as refused:
            now = self.entry(kind, metadata.get("namespace", ""), metadata["name"])
            if now is not None and now.uid == metadata["uid"]:
                raise refused

    def _call(self, method: str, path: str, body: Object | None, extra: Mapping[str, str] | None = None) -> Object:
        headers = {**_HEADERS, **self._agent, **(extra or {})}
        data = b"" if body is None else orjson.dumps(body)
        response = self._send(Request(method, path, headers, data, self._identity))
        answer: Object = orjson.loads(response.body)
        if response.status >= 300:
            raise Refused(response.status, answer)
        return answer
