"""Calls that leave the server: what admission webhooks are asked, and what they have answered.

A request is answered under the cluster's lock, and a webhook may take its time, or ask the cluster something. So the
plugin does not call: it raises `Suspended` with what it wants to know. Nothing has been stored by then. Whoever sent
the request lets go of the lock, has the calls made (`Callouts.perform`) and sends it again; this time the answers are
there. The same question has the same answer until the request is done: names that are drawn anew each time are left out
of what questions are told apart by.

Where a controller's write is suspended, its step waits here (`Callouts.wait`) until the cluster has had the calls made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

MOST_ANSWERS = 1000
"""Answers that nobody has come back for are forgotten when there are more."""


class Callout(NamedTuple):
    """One question to one webhook."""

    key: str
    url: str
    """Where it is said to be: in messages, and to go to unless `address` says otherwise."""
    address: str
    """Where it is; empty where that is not known."""
    body: bytes
    timeout_s: float
    """Real seconds, for everything."""
    ca_bundle: bytes
    server_name: str
    """Whose certificate it shows; empty: that of the host."""


class Answer(NamedTuple):
    """What came back: a status code and a body, or the reason why nothing did."""

    code: int = 0
    body: bytes = b""
    problem: str = ""


Caller = Callable[[Callout], Answer]


class Suspended(Exception):  # noqa: N818 - a request that waits, not an error
    """The request cannot be answered before these calls have been made."""

    def __init__(self, calls: Iterable[Callout]) -> None:
        self.calls = tuple(calls)
        super().__init__(f"{len(self.calls)} calls to webhooks")


class Callouts:
    """The questions and answers of one cluster. `caller` makes one call; it may be called from several threads."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._answers: dict[str, Answer] = {}
        self._waiting: list[tuple[tuple[Callout, ...], Callable[[], None]]] = []

    def answer(self, key: str) -> Answer | None:
        """What a webhook has answered; None where it has not been asked."""
        return self._answers.get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """The request that asked is done."""
        for key in keys:
            self._answers.pop(key, None)

    def perform(self, calls: tuple[Callout, ...]) -> None:
        """Make these calls, side by side. The cluster's lock must not be held. Raises nothing that a webhook does."""
        if len(calls) == 1:
            self._keep(calls[0])
            return
        threads = [threading.Thread(target=self._keep, args=(call,), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _keep(self, call: Callout) -> None:
        self._answers[call.key] = self._caller(call)
        while len(self._answers) > MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]

    # ---- steps that wait

    @property
    def waiting(self) -> bool:
        """Whether a step waits for calls to be made."""
        return bool(self._waiting)

    def wait(self, calls: tuple[Callout, ...], resume: Callable[[], None]) -> None:
        """Have these calls made as soon as the lock is free, and call `resume` then, under it."""
        self._waiting.append((calls, resume))

    def take(self) -> list[tuple[tuple[Callout, ...], Callable[[], None]]]:
        """What waits; it is the caller's from now on."""
        taken, self._waiting = self._waiting, []
        return taken
