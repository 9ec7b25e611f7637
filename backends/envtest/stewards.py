"""What a controller manager does for namespaces, and tests cannot do without: it makes them usable, and ends them.

Run by the backend against a kube-apiserver without controllers, where a deleted namespace would stay for ever. A new
namespace gets its service account `default`; one that is being deleted is emptied (everything that can be listed and
deleted, found by discovery) and, when nothing is left, finalized. What holds an object, holds its namespace, as usual.

It is no controller manager: nothing makes pods, and nothing follows its owner into the grave.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from backends.clock import Clock
from backends.following import Follower, Object
from backends.rest import NoAnswer, Rest, path_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

LOOK_S: Final = 0.25
"""How often a namespace is looked at that is being deleted."""
FINALIZER: Final = "kubernetes"


class Steward:
    """Open it with `with`; leaving ends its threads."""

    def __init__(self, client: ApiClient, clock: Clock) -> None:
        self._rest, self._clock = Rest(client), clock
        self._lock = threading.Lock()
        self._new: dict[str, Object] = {}
        self._ending: dict[str, Object] = {}
        self._stop, self._news = threading.Event(), threading.Event()
        self._follower = Follower(self._rest, path_of("v1", "namespaces"), self._hear, clock)
        self._thread = threading.Thread(target=self._run, name="namespaces", daemon=True)

    def __enter__(self) -> Steward:
        self._follower.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._follower.__exit__()
        self._stop.set()
        self._news.set()
        self._thread.join()

    def _hear(self, namespace: Object, gone: bool) -> None:
        name = namespace["metadata"]["name"]
        with self._lock:
            self._ending.pop(name, None)
            if not gone and namespace["metadata"].get("deletionTimestamp"):
                self._new.pop(name, None)
                self._ending[name] = namespace
            elif not gone:
                self._new[name] = namespace
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            with self._lock:
                new, ending = [*self._new], [*self._ending]
            try:
                for name in new:
                    self._furnish(name)
                left = [name for name in ending if not self._end(name)]
            except NoAnswer:
                left = [*new, *ending]
            if left:
                self._clock.sleep(LOOK_S, self._stop)
            else:
                self._news.wait()

    def _furnish(self, name: str) -> None:
        """Give it its service account. One that has it already says so, and that is fine."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        self._rest.send("POST", path_of("v1", "serviceaccounts", name), account)
        with self._lock:
            self._new.pop(name, None)

    def _end(self, name: str) -> bool:
        """Empty it; finalize it when it is empty. Returns whether that is done."""
        if not self._is_empty_after_deleting(name):
            return False
        answer = self._rest.get(path_of("v1", "namespaces", name=name))
        if answer.ok:
            finalizers = [each for each in answer.body["spec"].get("finalizers") or () if each != FINALIZER]
            body = {**answer.body, "spec": {**answer.body["spec"], "finalizers": finalizers}}
            answer = self._rest.send("PUT", path_of("v1", "namespaces", name=name, subresource="finalize"), body)
        with self._lock:
            self._ending.pop(name, None)
        return True

    def _is_empty_after_deleting(self, name: str) -> bool:
        empty = True
        for version, plural in self._kinds():
            path = path_of(version, plural, name)
            found = self._rest.get(path, limit=1)
            if found.ok and found.body.get("items"):
                self._rest.send("DELETE", path)
                empty = empty and not (left := self._rest.get(path, limit=1)).body.get("items") and left.ok
        return empty

    def _kinds(self) -> Iterator[tuple[str, str]]:
        """Version and plural of everything that lives in namespaces and can be listed and deleted at once."""
        groups = self._rest.get("/apis").body.get("groups") or []
        for version in ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]:
            root = "/api/v1" if version == "v1" else f"/apis/{version}"
            for kind in self._rest.get(root).body.get("resources") or ():
                if kind["namespaced"] and {"list", "deletecollection"} <= set(kind["verbs"]):
                    yield version, kind["name"]
