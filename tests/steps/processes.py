"""A replica as a process: `python -m kubeactions run`, as it is installed, behind a proxy of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from backends.proxy import FaultProxy

ROOT = Path(__file__).parents[2]
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
"""What a replica gets of the developer's environment: nothing that it could take for settings."""
PATIENCE_S = 30.0
"""How long a process may take to come up, or to end when it is asked to."""


def environment(more: Mapping[str, str], plugins: Path) -> dict[str, str]:
    """The environment of a `kubeactions` process."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **more, "PYTHONPATH": f"{plugins}{os.pathsep}{ROOT}"}


class Process:
    """One process of the system under test; `close` ends it, whatever became of it."""

    def __init__(self, name: str, proxy: FaultProxy, directory: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.proxy = proxy
        self.asleep = False
        self._lock = Lock()
        self._log = directory / "log"
        self._stack = ExitStack()
        directory.mkdir(parents=True)
        self._stack.enter_context(proxy)
        kubeconfig = proxy.kubeconfig(directory / "kubeconfig")
        output = self._stack.enter_context(self._log.open("wb"))
        command = [sys.executable, "-m", "kubeactions", "run", "--identity", name, "--log-format", "json"]
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

    def await_first_request(self) -> None:
        """Return when it talks to the API server. AssertionError when it does not, with what it said."""
        came = self.proxy.seen.wait(PATIENCE_S)
        assert came, f"{self.name} has sent nothing in {PATIENCE_S} s:\n{self.log()}"

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
        self.kill()
        self._stack.close()


def _leash() -> list[str]:
    """A command that becomes the one behind it, whom the kernel then kills when the thread that started it ends.

    So a run of tests that is killed leaves no replicas behind. From util-linux; without it nothing is done.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
