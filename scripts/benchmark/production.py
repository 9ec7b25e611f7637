"""The agent as a process: how long until its first effect, and how much memory at the start, later, and with a history.

Held against the least that any such program could do: an interpreter that imports the official client.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from kubeactions.ledger import read
from scripts.benchmark.ledger import Writer
from scripts.benchmark.measure import Row
from scripts.benchmark.processes import is_gone, order, replica, rss_mb, served, until

ACTIONS = 1000
BATCH = 100
KEPT = 50_000
POLL_S = 0.1
BARE = "import kubernetes.client, kubernetes.config, sys; print('ready', flush=True); sys.stdin.read()"


def agent() -> Iterator[Row]:
    """One replica beside a served cluster without kubelets: deletions are immediate, so it is the agent that counts."""
    floor_s, floor_mb = _bare()
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as kube:
        folder = Path(name)
        order(kube, folder, "first", ["first"])
        begin = time.perf_counter()
        with replica(folder, "replica-1", POLL_S) as process:
            until(lambda: is_gone(kube, "first"))
            first_s = time.perf_counter() - begin
            until(lambda: _settled(kube) == 1)
            start_mb = rss_mb(process.pid)
            for batch in range(1, ACTIONS // BATCH + 1):
                order(kube, folder, f"batch-{batch}", [f"p-{batch}-{number}" for number in range(BATCH)])
                until(lambda batch=batch: is_gone(kube, f"p-{batch}-{BATCH - 1}"))  # type: ignore[misc]  # bound now
            time.sleep(3.0)  # Reports and the last write.
            later_mb = rss_mb(process.pid)
    yield Row("production", "process start to first effect", first_s * 1000, "ms", floor_s * 1000, first_s / floor_s,
              "<= 5", first_s / floor_s <= 5)  # fmt: skip
    yield Row("production", "RSS when the first action is done", start_mb, "MB", floor_mb, start_mb / floor_mb,
              "<= 1.8", start_mb / floor_mb <= 1.8)  # fmt: skip
    yield Row("production", f"RSS after {ACTIONS:,} actions", later_mb, "MB", start_mb, later_mb / start_mb,
              "<= 1.3", later_mb / start_mb <= 1.3)  # fmt: skip
    yield from _with_history(start_mb)


def _with_history(start_mb: float) -> Iterator[Row]:
    """A replica that takes over a full history: its memory, and how long until its first effect."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as kube:
        folder = Path(name)
        Writer(kube, SystemClock()).stock(KEPT)
        order(kube, folder, "first", ["first"])
        begin = time.perf_counter()
        with replica(folder, "replica-1", POLL_S) as process:
            until(lambda: is_gone(kube, "first"))
            first_s = time.perf_counter() - begin
            time.sleep(3.0)
            kept_mb = rss_mb(process.pid)
    limit_mb = 192.0
    yield Row("production", f"RSS with {KEPT:,} records kept", kept_mb, "MB", limit_mb, kept_mb / limit_mb, "<= 1",
              kept_mb <= limit_mb)  # fmt: skip
    yield Row("production", f"for each of {KEPT:,} records", (kept_mb - start_mb) * 1e6 / KEPT, "B")
    yield Row("production", f"process start to first effect, {KEPT:,} records kept", first_s * 1000, "ms")


def _bare() -> tuple[float, float]:
    """Seconds to import the official client in a new interpreter, and its memory then."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    spent, memory = time.perf_counter() - begin, rss_mb(process.pid)
    process.communicate(b"")
    return spent, memory


def _settled(kube: Kube) -> int:
    return sum(1 for record in read(kube, "default").records if not record.open)
