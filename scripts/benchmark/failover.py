"""Replicas as processes beside a served cluster: from an order to its effect, and from a leader's end to the next one.

Times are real. The limits are sums of what the settings say: a lease lasts fifteen seconds, is looked at every two; a
source that has changed is read within a tenth of one. What is above that is the system's own.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from kubeactions.kube import Kube
from kubeactions.ledger import read
from scripts.benchmark.measure import Row
from scripts.benchmark.processes import PODS, is_gone, leader, make_pod, order, put, replica, served, until

Process: TypeAlias = "subprocess.Popen[bytes]"

ORDERS = 200
EVERY_S = 0.05
"""Between two orders."""
LATENCY_S = 0.5
ROUNDS = 3
"""The worst of so many failovers counts."""
LIMITS_S = {signal.SIGTERM: 5.0, signal.SIGKILL: 20.0}
"""One look at the lease (2 s and a little by lot), a takeover; after a kill the lease runs out first."""


def latency() -> Iterator[Row]:
    """From an order to its effect: the config's file is there, the pod is gone."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as kube:
        folder = Path(name)
        pods = [f"pod-{number}" for number in range(ORDERS)]
        for pod in pods:
            make_pod(kube, pod)
        with replica(folder, "replica-1"):
            until(lambda: leader(kube) == "replica-1")
            order(kube, folder, "warm", ["warm"])
            until(lambda: is_gone(kube, "warm"))
            spent = _spent(kube, folder, pods)
    cuts = statistics.quantiles(spent, n=100)
    yield Row("failover", "submit to effect, p50", cuts[49], "s")
    yield Row("failover", "submit to effect, p99", cuts[98], "s", LATENCY_S, cuts[98] / LATENCY_S, "<= 1",
              cuts[98] <= LATENCY_S)  # fmt: skip


def takeover() -> Iterator[Row]:
    """From the signal to the leader until an order given right after it has its effect, by the other replica."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as kube, ExitStack() as stack:
        folder = Path(name)
        running: dict[str, Process] = {}
        for sent, limit_s in LIMITS_S.items():
            worst = 0.0
            for number in range(ROUNDS):
                for each in {"replica-1", "replica-2"} - running.keys():
                    running[each] = stack.enter_context(replica(folder, each))
                until(_works(kube, folder, f"before-{sent.name.lower()}-{number}"))
                time.sleep(3.0)  # The other one is up, and has seen the lease.
                worst = max(worst, _taken_over(kube, folder, running, sent, f"after-{sent.name.lower()}-{number}"))
            yield Row("failover", f"{sent.name} to another replica's first effect, worst of {ROUNDS}", worst, "s",
                      limit_s, worst / limit_s, "<= 1", worst <= limit_s)  # fmt: skip


def _taken_over(kube: Kube, folder: Path, running: dict[str, Process], sent: signal.Signals, pod: str) -> float:
    """Seconds from this signal until the order that follows it is done. Takes who ends out of `running`."""
    make_pod(kube, pod)
    leads = leader(kube)
    ended = running.pop(leads)
    begin = time.perf_counter()
    ended.send_signal(sent)
    put(folder, pod, [pod])
    until(lambda: is_gone(kube, pod))
    spent = time.perf_counter() - begin
    ended.wait()
    until(lambda: _done_by(kube, pod) not in ("", leads))
    return spent


def _works(kube: Kube, folder: Path, pod: str) -> Callable[[], bool]:
    """Whether there is a leader that does what it is told."""
    order(kube, folder, pod, [pod])
    return lambda: is_gone(kube, pod)


def _done_by(kube: Kube, config: str) -> str:
    """Which replica settled it, "" while it is open."""
    return next((one.replica for one in read(kube, "default").records if one.key.id == config), "")


def _spent(kube: Kube, folder: Path, pods: list[str]) -> list[float]:
    """Seconds for each pod, in no order."""
    ordered: dict[str, float] = {}
    spent: list[float] = []

    def submit() -> None:
        for pod in pods:
            ordered[pod] = time.perf_counter()
            put(folder, pod, [pod])
            time.sleep(EVERY_S)

    submitting = threading.Thread(target=submit)
    submitting.start()
    left = set(pods)
    while left:
        there = {one["name"] for one in kube.metadata(PODS)}
        now = time.perf_counter()
        spent += [now - ordered[pod] for pod in left - there]
        left &= there
        time.sleep(0.01)
    submitting.join()
    return spent
