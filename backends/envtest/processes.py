"""The processes of a control plane: started apart from the terminal, their output kept, ended for certain.

Called by `control_plane`. A process gets a group of its own, so that Ctrl-C reaches only us, and we end it in order.
`Keeper` is the promise for the case that we cannot: killed, it still leaves no process and no folder.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from backends.base import BackendError
from backends.envtest import keeper
from backends.envtest.flags import HOST

INHERITED: Final = ("PATH", "HOME", "TMPDIR", "GOMAXPROCS", "GODEBUG", "ETCD_UNSUPPORTED_ARCH")
"""What the programs get of our environment. etcd takes every ETCD_* variable for a flag, and both know proxies."""
PORTS: Final = range(18000, 32768)
"""Among these are the ports that programs listen on."""
TAIL_LINES: Final = 12
TAIL_CHARS: Final = 2000
STOP_S: Final = 10.0
"""How long a process may take to end when it is asked to; then it is killed."""


class Keeper:
    """A process that outlives us for a moment, if we die. Give it every process that is started."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own file
            [sys.executable, "-I", "-S", keeper.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def watch(self, pid: int) -> None:
        """End this one too."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{pid}\n".encode())
        self._process.stdin.flush()


class Program:
    """One program that runs, from its start to its end."""

    def __init__(self, name: str, binary: Path, arguments: Sequence[str], log: Path, watcher: Keeper) -> None:
        """Start it. Raises `BackendError` when the operating system will not."""
        self.name = name
        self._log = log
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603  the user's own binary
                    [str(binary), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={name: os.environ[name] for name in INHERITED if name in os.environ},
                    cwd=log.parent,
                    process_group=0,
                )
            except OSError as error:
                raise BackendError(f"envtest: cannot start {binary}: {error.strerror}") from error
        watcher.watch(self._process.pid)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def death(self) -> str:
        """How it ended and what it said last; "" while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{self.name} {how}; {self.said()}"

    def said(self) -> str:
        """The end of its output."""
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        lines = text[-TAIL_CHARS:].splitlines()[-TAIL_LINES:]
        return "it said:\n  " + "\n  ".join(lines) if lines else "it said nothing"

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after `STOP_S`; returns when it has ended. One that has ended is fine."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass  # it does not listen
        finally:  # also when we are interrupted while we wait
            self._process.kill()
            self._process.wait()


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback that nobody has now; somebody may, by the time that they are used.

    Not from the range out of which systems choose for connections (32768 and up on Linux): there, any client on this
    machine may be given one meanwhile, and whoever connects to one that nobody listens on may meet himself.
    """
    found: list[int] = []
    dice = random.SystemRandom()
    for _ in range(1000):
        port = dice.randrange(PORTS.start, PORTS.stop)
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            found += [port] if port not in found else []
        if len(found) == count:
            return found
    raise BackendError(f"envtest: no free port between {PORTS.start} and {PORTS.stop} on {HOST}")


def has_flag(binary: Path, flag: str, environment: Mapping[str, str]) -> bool:
    """Whether the program's `--help` knows `flag`. Raises `BackendError` when it cannot be asked."""
    try:
        done = subprocess.run(  # noqa: S603  the user's own binary
            [str(binary), "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={name: environment[name] for name in INHERITED if name in environment},
            timeout=STOP_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"--help does not end within {STOP_S:.0f} s"
        raise BackendError(f"envtest: cannot start {binary}: {reason}") from error
    return f"--{flag}".encode() in done.stdout
