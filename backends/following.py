"""Follows one collection of an API server: a list, then watches, again and again, in a thread of its own.

Called by whoever plays a part of a cluster from outside (the built-in kubelet, the keeper of namespaces). Level, not
edge: whatever happens to the connection, the latest state of every object arrives, and the end of each. It refuses to
end on its own: an API server that does not answer is asked again every `AGAIN_S`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from backends.clock import Clock
from backends.rest import NoAnswer, Rest, Watch

Object = dict[str, Any]
Sink = Callable[[Object, bool], None]
"""Is given each object as it is now, and whether it has gone. Called in the follower's thread."""

AGAIN_S: Final = 0.5
WATCH_S: Final = 60


class Follower:
    """Start it with `with`; leaving ends the thread. `path` is a collection, in all namespaces or one."""

    def __init__(self, rest: Rest, path: str, sink: Sink, clock: Clock) -> None:
        self._rest, self._path, self._sink, self._clock = rest, path, sink, clock
        self._known: dict[str, Object] = {}
        self._watch: Watch | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow {path}", daemon=True)
        self.refused = ""
        """Why the API server last refused; "" when it did not."""

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if (watch := self._watch) is not None:
            watch.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                version = self._list()
                while version and not self._stop.is_set():
                    version = self._follow(version)
            except NoAnswer:
                pass
            self._clock.sleep(AGAIN_S, self._stop)

    def _list(self) -> str:
        """The version of the whole list, "" when it is refused."""
        answer = self._rest.get(self._path)
        if not answer.ok:
            self.refused = answer.why
            return ""
        self.refused = ""
        seen = {item["metadata"]["uid"]: item for item in answer.body.get("items") or ()}
        for uid in self._known.keys() - seen.keys():
            self._sink(self._known.pop(uid), True)
        for item in seen.values():
            self._tell(item, gone=False)
        return str(answer.body["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str:
        """One watch to its end; the version that it reached, "" when that is too old to go on from."""
        self._watch = self._rest.watch(self._path, version, WATCH_S)
        if self._stop.is_set():  # it was set before there was something to close
            self._watch.close()
        for event in self._watch:
            found, kind = event["object"], event["type"]
            if kind == "ERROR":
                gone = found.get("code") == HTTPStatus.GONE
                self.refused = "" if gone else str(found.get("message", found))
                return ""
            version = found["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._tell(found, gone=kind == "DELETED")
        return version

    def _tell(self, found: Object, *, gone: bool) -> None:
        if gone:
            self._known.pop(found["metadata"]["uid"], None)
        else:
            self._known[found["metadata"]["uid"]] = found
        self._sink(found, gone)
