"""The agent as a process: how long until its first effect, and how much memory at the start and after 1,000 actions.

Both are held against the least that any such program could do: an interpreter that imports the official client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import backends
from kubeactions.clock import SystemClock
from kubeactions.errors import NotFound
from kubeactions.kube import Kube
from kubeactions.ledger import read
from scripts.benchmark.measure import Row

ACTIONS = 1000
BATCH = 100
PODS = "/api/v1/namespaces/default/pods"
BARE = "import kubernetes.client, kubernetes.config, sys; print('ready', flush=True); sys.stdin.read()"
PATIENCE_S = 120.0


def agent() -> Iterator[Row]:
    """One replica beside a served cluster without kubelets: deletions are immediate, so it is the agent that counts."""
    floor_s, floor_mb = _bare()
    with tempfile.TemporaryDirectory() as name, _served(Path(name)) as kube:
        folder = Path(name)
        _order(kube, folder, 0, 1)
        begin = time.perf_counter()
        with _process("run", "--kubeconfig", folder / "kubeconfig", "--source", folder / "actions",
                      "--listen", "127.0.0.1:0") as process:  # fmt: skip
            _until(lambda: _is_gone(kube, "p-0-0"))
            first_s = time.perf_counter() - begin
            _until(lambda: _settled(kube) == 1)
            start_mb = _rss_mb(process.pid)
            for batch in range(1, ACTIONS // BATCH + 1):
                _order(kube, folder, batch, BATCH)
                _until(lambda batch=batch: _is_gone(kube, f"p-{batch}-{BATCH - 1}"))  # type: ignore[misc]  # bound now
            time.sleep(3.0)  # Reports and the last write.
            later_mb = _rss_mb(process.pid)
    yield Row("production", "process start to first effect", first_s * 1000, "ms", floor_s * 1000, first_s / floor_s,
              "<= 5", first_s / floor_s <= 5)  # fmt: skip
    yield Row("production", "RSS when the first action is done", start_mb, "MB", floor_mb, start_mb / floor_mb,
              "<= 1.8", start_mb / floor_mb <= 1.8)  # fmt: skip
    yield Row("production", f"RSS after {ACTIONS:,} actions", later_mb, "MB", start_mb, later_mb / start_mb,
              "<= 1.3", later_mb / start_mb <= 1.3)  # fmt: skip


def _bare() -> tuple[float, float]:
    """Seconds to import the official client in a new interpreter, and its memory then."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    spent, memory = time.perf_counter() - begin, _rss_mb(process.pid)
    process.communicate(b"")
    return spent, memory


@contextmanager
def _served(folder: Path) -> Iterator[Kube]:
    (folder / "actions").mkdir()
    kubeconfig = folder / "kubeconfig"
    with _process("fake", "serve", "--no-controllers", "--kubeconfig", kubeconfig):
        _until(lambda: kubeconfig.exists() and kubeconfig.stat().st_size > 0)
        with backends.open("live", kubeconfig=kubeconfig) as backend:
            yield Kube(backend.client(), SystemClock())


@contextmanager
def _process(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "kubeactions", *(str(one) for one in arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    environment["DD_KUBEACTIONS_POLL_INTERVAL_S"] = "0.1"
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _order(kube: Kube, folder: Path, batch: int, count: int) -> None:
    """Make so many pods, and order that they be deleted, in one config."""
    actions: list[dict[str, Any]] = []
    for number in range(count):
        name = f"p-{batch}-{number}"
        spec = {"containers": [{"name": "c", "image": "i"}]}
        kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": name}
        stamp = SystemClock().wall().isoformat()
        actions.append({"delete_pod": {"grace_period_seconds": "0"}, "resource": resource, "timestamp": stamp})
    draft = folder / "draft"
    draft.write_text(json.dumps({"actions": actions}))
    draft.rename(folder / "actions" / f"batch-{batch}@1.json")


def _is_gone(kube: Kube, name: str) -> bool:
    try:
        kube.get(f"{PODS}/{name}")
    except NotFound:
        return True
    return False


def _settled(kube: Kube) -> int:
    return sum(1 for record in read(kube, "default").records if not record.open)


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise RuntimeError("the agent has not done it in time")
        time.sleep(0.005)
