"""Removes a node whose owner died without doing so: by SIGKILL, by SIGTERM, by a crash.

A process of its own, `python -m backends.kind.janitor SESSION`, that reads standard input from a pipe which the owner
holds open. Input that ends without the word means that the owner is gone. It needs no image and no access for others to
the engine's socket, which is why it stands in for testcontainers' Ryuk. Killed together with its owner, it leaves the
node to the sweep at the next start (`leftovers`). It removes nothing but what one boot made.

What the owner had asked of the engine last may still be under way when the owner dies, so it looks until it has found
everything gone for a while.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Self

RELEASE = b"released\n"
"""What the owner writes when the janitor is not needed any more."""
PATIENCE_S = 10.0
ROUNDS = 4
"""How often it looks after a dead owner's things, `BETWEEN_S` apart."""
BETWEEN_S = 1.0


class Janitor:
    """The owner's handle on its janitor."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def hire(cls, session: str) -> Self:
        """Start one that will remove what `session` made, unless it is released."""
        # A session of its own: Ctrl-C goes to the whole foreground group.
        process = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", __name__, session],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        return cls(process)

    def leave(self) -> None:
        """Let it try what we could not do ourselves; do not wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.returncode = 0  # no ResourceWarning: it is meant to outlive us

    def release(self) -> None:
        """There is nothing left to remove, or it is to stay."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(RELEASE)
            self._process.stdin.close()
        except BrokenPipeError:
            self._process.stdin = None  # it was killed, so there is nobody to tell
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(session: str) -> None:
    """Wait for the owner's word or end."""
    if sys.stdin.buffer.read() == RELEASE:
        return
    from backends.base import BackendError
    from backends.clock import SystemClock
    from backends.kind import engine, leftovers

    clock, client = SystemClock(), engine.connect()
    try:
        for number in range(ROUNDS):
            if number:
                clock.sleep(BETWEEN_S)
            try:
                leftovers.bury(client, session)
            except BackendError:  # A busy engine may answer the next time; the next start says what is left after all.
                if number == ROUNDS - 1:
                    raise
    finally:
        client.close()


if __name__ == "__main__":
    main(sys.argv[1])
