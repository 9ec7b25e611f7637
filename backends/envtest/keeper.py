"""Ends what a control plane started when whoever started it has died without a word.

Started by `processes.Keeper`, with the interpreter alone (`python -I keeper.py FOLDER`): it imports nothing of this
project. Each line of its standard input is a process to watch. When that input ends, it kills those that still run and
removes the folder. After a proper end there is nothing left to do, so it only ever does harm to leftovers.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable


def main() -> None:
    """Read, then clear up."""
    kill = [end for line in sys.stdin if (end := killer(int(line))) is not None]
    for end in kill:
        with contextlib.suppress(OSError):  # it has ended by itself
            end(signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def killer(pid: int) -> Callable[[int], None] | None:
    """What sends a signal to exactly this process; None when it has ended already."""
    if not hasattr(os, "pidfd_open"):  # not Linux
        return functools.partial(os.kill, pid)
    try:
        # A number may be another process by the time that it is killed; a file descriptor never is.
        return functools.partial(signal.pidfd_send_signal, os.pidfd_open(pid))
    except OSError:
        return None


if __name__ == "__main__":
    main()
