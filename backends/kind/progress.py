"""What a person sees while a node boots: one line a phase, with its seconds; a spinner on a terminal.

Written to standard error, so that a command's output stays its own. `Timings` is kept by the boot and read by the
benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from backends.clock import Clock, SystemClock

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status


class Progress(Protocol):
    """Where a boot tells how far it is."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """`name` is under way until the block ends."""
        ...

    def detail(self, text: str) -> None:
        """What goes on within the phase; of passing interest."""
        ...

    def say(self, text: str) -> None:
        """Something that a person has to know: a fallback, a leftover that was removed."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Nothing."""
        del name
        yield

    def detail(self, text: str) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


class Shown:
    """Shows phases on a console: a spinner with the passing details on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console | None = None, clock: Clock | None = None) -> None:
        from rich.console import Console

        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._clock = clock or SystemClock()
        self._status: Status | None = None
        self._phase = ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show `name` until the block ends, then its seconds; a failed one is shown as such."""
        started, self._phase = self._clock.monotonic(), name
        if self._console.is_terminal:
            self._status = self._console.status(f"kind: {name}")
            self._status.start()
        outcome = "failed after "
        try:
            yield
            outcome = ""
        finally:
            if self._status is not None:
                self._status.stop()
                self._status = None
            seconds = self._clock.monotonic() - started
            self._console.print(f"kind: {name} ... {outcome}{seconds:.1f} s", markup=False)

    def detail(self, text: str) -> None:
        """Beside the spinner; nothing where there is none."""
        if self._status is not None:
            from rich.markup import escape

            self._status.update(f"kind: {self._phase} [dim]{escape(text[:100])}[/dim]")

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(f"kind: {text}", markup=False)
