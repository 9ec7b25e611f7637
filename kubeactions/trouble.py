"""What goes wrong is said once, then at rising intervals while it lasts, and once when it is over.

The elector and the processor have one each. A cluster that is away for an hour makes a dozen lines, not two thousand.
It decides nothing and keeps nothing back: each line carries the text of that moment.
"""

from __future__ import annotations

import logging
from typing import Any

from kubeactions.clock import Clock

AGAIN_AFTER_S = (10.0, 30.0, 60.0, 300.0)
"""Seconds from one line to the next; the last one repeats."""


class Trouble:
    """One kind of trouble at a time: another kind (`kind`) is said at once. Not thread-safe; one thread owns it."""

    def __init__(self, clock: Clock, log: logging.Logger) -> None:
        self._clock = clock
        self._log = log
        self._kind = ""
        self._began = 0.0
        self._said_at = 0.0
        self._times_said = 0
        self._tries = 0

    def goes_on(self, kind: str, text: str, **extra: Any) -> None:
        """It happened (again). `kind` (not "") tells whether it is the same trouble as before."""
        now = self._clock.monotonic()
        if kind != self._kind:
            self._kind, self._began, self._times_said, self._tries = kind, now, 0, 0
        self._tries += 1
        if self._times_said and now - self._said_at < AGAIN_AFTER_S[min(self._times_said, len(AGAIN_AFTER_S)) - 1]:
            return
        more = f" (for {now - self._began:.0f} s, {self._tries} tries)" if self._times_said else ""
        self._log.warning("%s%s", text, more, extra=extra)
        self._times_said, self._said_at = self._times_said + 1, now

    def over(self, text: str, **extra: Any) -> None:
        """It works again: said if anything was said, with the seconds that it took."""
        if self._kind:
            self._log.warning("%s after %.0f s", text, self._clock.monotonic() - self._began, extra=extra)
        self._kind = ""
