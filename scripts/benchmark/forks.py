"""What a cluster of one's own costs a test: a new one, and a fork of one that is prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backends.clock import SimulatedClock
from backends.fake import Cluster
from scripts.benchmark.inprocess import fill
from scripts.benchmark.measure import Row, interleaved_us

FORK_MS = 1.0
"""What is asked of a fork, however much was prepared."""


def forks() -> Iterator[Row]:
    """A fork, with few objects and with four thousand pods that run, against a new cluster with nothing in it."""
    few, many = Cluster(SimulatedClock()), Cluster(SimulatedClock(), nodes=80)
    many.load([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop", "namespace": "default"}}])
    fill(many, 4000)
    for cluster in (few, many):
        cluster.settle()
    calls: dict[str, Callable[[], object]] = {
        "new": lambda: Cluster(SimulatedClock()),
        "few": few.fork,
        "many": many.fork,
    }
    spent = interleaved_us(calls, each=20)
    for name, what in (("few", "an empty cluster"), ("many", "a cluster with 4,000 pods")):
        took_ms, new_ms = spent[name] / 1000, spent["new"] / 1000
        yield Row("in process", f"fork of {what} / a new cluster", took_ms, "ms", new_ms, took_ms / new_ms,
                  f"<= {FORK_MS} ms", took_ms <= FORK_MS)  # fmt: skip
