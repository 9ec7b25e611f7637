"""Where the witnesses of a real world listen: replicas bring reports and ring the bell over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from backends.faults import ReplicaDied
from kubeactions.model import ActionKey, Outcome, Report, Status
from tests.steps.witnesses import NotAcknowledgedError

Take = Callable[[str, str, list[Report]], object]
"""Called with replica, destination and reports. May raise `NotAcknowledgedError` or `ReplicaDied`."""
Ring = Callable[[str], object]
"""Called with the replica that rings. RuntimeError: the bell is broken."""


class Listener:
    """Open it with `with`. One thread a connection; it answers 200, 503 (not acknowledged) or hangs up (died)."""

    def __init__(self, take: Take, ring: Ring) -> None:
        self._server = _Server(take, ring)
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, take: Take, ring: Ring) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.take, self.ring = take, ring

    def handle_error(self, request: object, client_address: object) -> None:
        """A replica that died in the middle is what scenarios are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, replica, what, *name = unquote(self.path).split("/")
        try:
            if what == "bell":
                self.server.ring(replica)
            else:
                reports = [report_of(json.loads(line)) for line in body.splitlines()]
                self.server.take(replica, name[0], reports)
        except (NotAcknowledgedError, RuntimeError) as error:
            self.send_error(503, str(error))
        except ReplicaDied:
            return
        else:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The standard library's name.
        """Say nothing."""


def report_of(line: dict[str, Any]) -> Report:
    """The report that a JSON line tells of, but for the action, which no step asks for."""
    key = ActionKey(line["id"], line["version"], line["index"], batch="#" in line["key"])
    outcome = Outcome(Status(line["status"]), line["reason"], line["message"], line["inferred"], line["payload"])
    return Report(key, None, outcome, line["replica"], datetime.fromisoformat(line["settled_at"]), line["uid"])
