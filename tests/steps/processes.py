"""A replica as a process: `python -m kubeactions run`, as it is installed, behind a proxy of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

from backends.faults import Faults
from backends.proxy import FaultProxy, Traffic

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

ROOT = Path(__file__).parents[2]
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
"""What a replica gets of the developer's environment: nothing that it could take for settings."""
PATIENCE_S = 120.0
"""How long a process may take to come up, or to end when it is asked to: long, since only a failure waits so long."""


def environment(more: Mapping[str, str], plugins: Path) -> dict[str, str]:
    """The environment of a `kubeactions` process."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **more, "PYTHONPATH": f"{plugins}{os.pathsep}{ROOT}"}


class Process:
    """One process of the system under test, which has sent its first request; `close` ends it, whatever became of it.

    AssertionError when it does not come up, with what it said.
    """

    def __init__(
        self, name: str, client: ApiClient, faults: Faults, traffic: Traffic, directory: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.asleep = False
        self._lock = Lock()
        self._log = directory / "log"
        directory.mkdir(parents=True)
        with ExitStack() as stack:
            self.proxy = stack.enter_context(FaultProxy(client, faults, traffic, name, self.kill))
            kubeconfig = self.proxy.kubeconfig(directory / "kubeconfig")
            output = stack.enter_context(self._log.open("wb"))
            with a_turn_to_start():
                self._start(kubeconfig, output, env)
                stack.callback(self.kill)
                came = self.proxy.seen.wait(PATIENCE_S)
            assert came, f"{name} has sent nothing in {PATIENCE_S} s:\n{self.log()}"
            self._stack = stack.pop_all()

    def _start(self, kubeconfig: Path, output: IO[bytes], env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "kubeactions", "run", "--identity", self.name, "--log-format", "json"]
        self._popen = subprocess.Popen(
            [*_leash(), *command, "--kubeconfig", str(kubeconfig)],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    @property
    def alive(self) -> bool:
        """Whether it runs, or stands still."""
        return self._popen.poll() is None

    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def kill(self) -> None:
        """SIGKILL; returns when it is dead. From any thread."""
        with self._lock:
            self._popen.kill()
            self._popen.wait()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.asleep = True
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._popen.send_signal(signal.SIGCONT)
        self.asleep = False

    def shut_down(self) -> None:
        """SIGTERM, and wait. AssertionError when it does not end well."""
        self._popen.send_signal(signal.SIGTERM)
        code = self._popen.wait(PATIENCE_S)
        assert code == 0, f"{self.name} ended with {code}:\n{self.log()}"

    def close(self) -> None:
        """Leave nothing behind."""
        self._stack.close()


@contextmanager
def a_turn_to_start() -> Iterator[None]:
    """Wait until no more processes are coming up on this machine than it has processors.

    An interpreter that starts takes a processor for half a second; many at once, started by the workers of one run of
    tests, would starve the leaders of all of them out of their short leases.
    """
    # Any files that are there do, since a lock needs no writing: so there are none to be left.
    slots = sorted(Path(__file__).parent.glob("*.py"))[: os.cpu_count() or 1]
    with ExitStack() as stack:
        files = [stack.enter_context(slot.open("rb")) for slot in slots]
        while not any(_locked(file) for file in files):
            time.sleep(0.05)
        yield


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leash() -> list[str]:
    """A command that becomes the one behind it, whom the kernel then kills when the thread that started it ends.

    So a run of tests that is killed leaves no replicas behind. From util-linux; without it nothing is done.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
