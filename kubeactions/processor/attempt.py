"""One send of an intent, and what came of it: made at once, or aside, in a thread of its own. Used by the execution.

Aside goes what leaves no trace (class X) and may take long: while a command runs, the rounds go on, so other targets'
actions, reports and the loop's liveness do not wait for it. The protocol is the same: the intent is durable and the
send counted as in doubt before the thread starts, its result is taken up in a later round of the same term, and what
is dropped with a term or a process is what a crash would have left: an intent in doubt, never sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from kubeactions.model import Json


@dataclass(slots=True)
class Attempt:
    """One thread owns it, until `done`; a BaseException passes, or ends only the thread and leaves no answer."""

    begun: float
    """When it was begun, in monotonic seconds."""
    doubt_before: bool
    """Whether an earlier send was in doubt."""
    answer: Json = None
    """What `execute` returned."""
    error: Exception | None = None
    _thread: threading.Thread | None = None

    def make(self, execute: Callable[[], Json]) -> None:
        """Send, and keep what came of it."""
        try:
            self.answer = execute()
        except Exception as error:  # noqa: BLE001  Whatever it was: what it means is decided by whoever reads it.
            self.error = error

    def make_aside(self, execute: Callable[[], Json]) -> None:
        """The same in a thread of its own, which ends with the process at the latest."""
        self._thread = threading.Thread(target=self.make, args=(execute,), name="attempt", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether answer and error can be read."""
        return self._thread is None or not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait for it, at most so long; whether it is done."""
        if self._thread is not None:
            self._thread.join(max(seconds, 0.0))
        return self.done
