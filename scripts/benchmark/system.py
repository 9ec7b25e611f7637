"""The action system end to end on the in-memory cluster: actions a second, and what the ledger writes for each."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from kubeactions.agent import Agent
from kubeactions.settings import parse
from kubeactions.sources.directory import DirectorySource
from scripts.benchmark.measure import Row

BATCH = 100
CONFIG_MAPS = "/configmaps/datadog-kubeactions-state"


class Counting:
    """A transport that counts the bytes of requests to the ledger on their way."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.ledger_bytes = 0
        self.requests = 0

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Count and pass on."""
        self.requests += 1
        if CONFIG_MAPS in url and method != "GET":
            self.ledger_bytes += len(options.get("body") or b"")
        return self._inner.request(method, url, **options)

    def clear(self) -> None:
        """Nothing of its own."""
        self._inner.clear()


class Bench:
    """One replica that leads, a cluster without controllers, and a source to throw actions into."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        client = self.backend.client("replica-1")
        self.wire = Counting(client.rest_client.pool_manager)
        client.rest_client.pool_manager = self.wire
        self.folder = folder
        self.reporter = Silent()
        settings = parse("", {"DD_KUBEACTIONS_ENABLED": "true"})
        self.agent = Agent(
            settings, client, clock=self.clock, identity="replica-1",
            sources=[DirectorySource(folder)], reporters=[self.reporter],
        )  # fmt: skip
        self.done = 0

    def order(self, count: int) -> None:
        """Submit `count` reads of one ConfigMap, in one config."""
        stamp = self.clock.wall().isoformat()
        resource = {"api_version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "shop"}
        action = {"resource": resource, "timestamp": stamp, "get_resource": {}}
        payload = {"actions": [dict(action, action_id=f"{self.done + n}") for n in range(count)]}
        for old in self.folder.glob("*.json"):
            old.unlink()
        (self.folder / f"batch-{self.done}@1.json").write_text(json.dumps(payload))
        self.done += count

    def work(self, count: int) -> float:
        """Let it execute `count` more actions; returns the seconds that the machine spent."""
        target = self.reporter.told + count
        begin = time.perf_counter()
        for _ in range(10_000):
            self.agent.elector.step()
            self.agent.processor.step()
            if self.reporter.told >= target:
                return time.perf_counter() - begin
            self.clock.advance(0.5)
        raise RuntimeError(f"{target - self.reporter.told} actions are not reported: {self.agent.why_not_ready()}")


class Silent:
    """A destination that only counts."""

    name = "silent"

    def __init__(self) -> None:
        self.told = 0

    def deliver(self, reports: Any) -> None:
        """Count."""
        self.told += len(reports)


def end_to_end() -> Iterator[Row]:
    """Batches of 100 until 3,000 records are history; the first and the last 100 are compared."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        api = bench.backend.client("setup")
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"k": "v"}}
        api.call_api("POST", "http://fake/api/v1/namespaces/default/configmaps", {"Content-Type": "application/json"},
                     body).read()  # fmt: skip
        bench.order(10)
        bench.work(10)
        few_s, few_bytes = _measured(bench)
        while bench.done < 3000:
            bench.order(BATCH)
            bench.work(BATCH)
        many_s, many_bytes = _measured(bench)
    yield Row("system", "actions/s, 10 records in history", BATCH / few_s, "1/s")
    yield Row("system", "actions/s, 3,000 records in history", BATCH / many_s, "1/s", BATCH / few_s, few_s / many_s)
    yield Row("system", "ledger bytes written per action, 10 records", few_bytes / BATCH, "B")
    yield Row("system", "ledger bytes written per action, 3,000 records", many_bytes / BATCH, "B", few_bytes / BATCH,
              many_bytes / few_bytes)  # fmt: skip


def _measured(bench: Bench) -> tuple[float, int]:
    before = bench.wire.ledger_bytes
    bench.order(BATCH)
    spent = bench.work(BATCH)
    return spent, bench.wire.ledger_bytes - before
