"""The same over HTTP on loopback: the server in a process of its own, against the same server with ready answers."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kubernetes.client import ApiClient, Configuration, CoreV1Api

from scripts.benchmark.inprocess import RAW
from scripts.benchmark.material import pod
from scripts.benchmark.measure import WALL, Row, interleaved_us


@contextlib.contextmanager
def served(kind: str, pods: int) -> Iterator[CoreV1Api]:
    """A server process of `scripts.benchmark.server`, and the official client for it."""
    with started([sys.executable, "-m", "scripts.benchmark.server", kind, str(pods)]) as api:
        yield api


@contextlib.contextmanager
def started(command: Sequence[str | Path]) -> Iterator[CoreV1Api]:
    """A process that prints its URL and serves until it is killed, and the official client for it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        configuration = Configuration()
        configuration.host = process.stdout.readline().strip()
        configuration.retries = False
        yield CoreV1Api(ApiClient(configuration))
    finally:
        process.kill()
        process.wait()


def requests() -> Iterator[Row]:
    """get, create and patch of a pod, raw."""
    numbers = itertools.count()
    with served("fake", 0) as fake, served("canned", 0) as canned:

        def get(api: CoreV1Api) -> Callable[[], object]:
            return lambda: api.read_namespaced_pod("target", "default", **RAW).data

        def create(api: CoreV1Api) -> Callable[[], object]:
            return lambda: api.create_namespaced_pod("default", pod(f"new-{next(numbers)}"), **RAW).data

        def patch(api: CoreV1Api) -> Callable[[], object]:
            def send() -> object:
                change = {"metadata": {"labels": {"turn": str(next(numbers))}}}
                return api.patch_namespaced_pod("target", "default", change, **RAW).data

            return send

        for name, make, each, asked in (
            ("get", get, 300, 0.7),
            ("create", create, 150, 0.6),
            ("patch", patch, 150, 0.6),
        ):
            spent = interleaved_us({"canned": make(canned), "fake": make(fake)}, each=each, timer=WALL)
            ratio = spent["canned"] / spent["fake"]
            yield Row("HTTP loopback", f"{name} pod, requests/s", 1e6 / spent["fake"], "1/s", 1e6 / spent["canned"],
                      ratio, f">= {asked:.2f}", ratio >= asked)  # fmt: skip


def lists() -> Iterator[Row]:
    """A list of 10,000 pods against sending the same bytes ready-made."""
    with served("fake", 10_000) as fake, served("canned", 10_000) as canned:

        def read(api: CoreV1Api) -> Callable[[], object]:
            return lambda: api.list_namespaced_pod("default", **RAW).data

        spent = interleaved_us({"canned": read(canned), "fake": read(fake)}, each=3, rounds=7, timer=WALL)
    ratio = spent["fake"] / spent["canned"]
    yield Row("HTTP loopback", "list of 10,000 pods", spent["fake"] / 1000, "ms", spent["canned"] / 1000, ratio,
              "<= 1.5", ratio <= 1.5)  # fmt: skip


def start() -> Iterator[Row]:
    """From process start to the first answered request of `fake serve`; a bare interpreter start is the floor."""
    spent = sorted(_start_s() for _ in range(5))[2]
    floor = sorted(_interpreter_s() for _ in range(5))[2]
    yield Row("process", "fake serve: start to first answer", spent * 1000, "ms", floor * 1000, spent / floor,
              "<= 350 ms", spent <= 0.35)  # fmt: skip


def _interpreter_s() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begin


def _start_s() -> float:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "kubeconfig"
        command = [sys.executable, "-m", "kubeactions", "fake", "serve", "--kubeconfig", str(config), "--port", "0"]
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
        try:
            while True:
                with contextlib.suppress(OSError, urllib.error.URLError, IndexError):
                    server = config.read_text().split("server: ")[1].split()[0]
                    with urllib.request.urlopen(f"{server}/version", timeout=5) as answer:  # noqa: S310 - loopback
                        answer.read()
                        return time.perf_counter() - begin
                time.sleep(0.002)
        finally:
            process.kill()
            process.wait()
