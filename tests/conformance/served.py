"""A real `kubeactions fake serve` process for the tests that need one: HTTP, kubectl, signals, exit codes."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

START_LIMIT_S = 15.0
"""A loaded machine may take its time; an idle one needs a third of a second."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    url: str
    kubeconfig: Path
    process: subprocess.Popen[str]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait; the exit status and everything that it printed, both streams."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=START_LIMIT_S)
        return self.process.returncode, output


def command(*arguments: object) -> list[str]:
    """The command line of `kubeactions fake serve` with `arguments`."""
    return [sys.executable, "-m", "kubeactions", "fake", "serve", *map(str, arguments)]


@contextlib.contextmanager
def serve(folder: Path, *arguments: object) -> Iterator[Served]:
    """Run `fake serve` with `arguments`, its kubeconfig in `folder`; killed at the end if it still runs."""
    kubeconfig = folder / "kubeconfig"
    process = subprocess.Popen(
        command("--kubeconfig", kubeconfig, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        limit = time.monotonic() + START_LIMIT_S
        while not kubeconfig.exists() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        if not kubeconfig.exists():
            process.kill()
            raise RuntimeError(f"fake serve did not start: {process.communicate()[0]}")
        # The socket listens before the kubeconfig is written.
        url = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["clusters"][0]["cluster"]["server"]
        yield Served(url, kubeconfig, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
