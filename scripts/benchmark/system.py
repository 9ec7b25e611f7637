"""Actions a second, end to end, on the in-memory cluster in the same process: accepted, executed, settled, reported.

Held against the least that such an action could be: one look and one change through the same door, and no record of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from backends.clock import SimulatedClock
from kubeactions.kube import Kube
from kubeactions.model import JsonObject
from scripts.benchmark.measure import Row
from tests.unit.kubeactions.bench import Bench

ACTIONS = 1000
BATCH = 100
PATIENCE_S = 3600.0
PODS = "/api/v1/namespaces/shop/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
RESTART: JsonObject = {
    "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}
}


def end_to_end() -> Iterator[Row]:
    """A thousand deletions, and a thousand restarts, in configs of a hundred."""
    for action_type in ("delete_pod", "restart_deployment"):
        spent, bare = _system(action_type), _bare(action_type)
        for number, what in enumerate(("wall", "processor time")):
            yield Row("system", f"{ACTIONS:,} {action_type}: actions/s, {what}", ACTIONS / spent[number], "1/s",
                      ACTIONS / bare[number], bare[number] / spent[number])  # fmt: skip


def _system(action_type: str) -> tuple[float, float]:
    """Seconds on the wall and of the processor until all of them are reported."""
    bench = Bench()
    names = _filled(bench, action_type)
    agent = bench.agent("replica-1")
    bench.run(5.0, agent)
    for first in range(0, ACTIONS, BATCH):
        orders = (bench.order(action_type, name) for name in names[first : first + BATCH])
        bench.config(f"config-{first}", 1, *orders)
    wall, cpu = time.perf_counter(), time.process_time()
    bench.run(PATIENCE_S, agent, enough=lambda: len(bench.reporter.reports) >= ACTIONS)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    ended = bench.reporter.statuses().values()
    if list(ended) != ["succeeded"] * ACTIONS:
        raise RuntimeError(f"not all of {len(ended)} actions succeeded: {agent.why_not_ready()}")
    return spent


def _bare(action_type: str) -> tuple[float, float]:
    """The same for a look and a change of each object."""
    bench = Bench()
    names = _filled(bench, action_type)
    kube = Kube(bench.backend.client("bare"), SimulatedClock())
    wall, cpu = time.perf_counter(), time.process_time()
    for name in names:
        if action_type == "delete_pod":
            kube.delete(f"{PODS}/{name}", uid=str(kube.get(f"{PODS}/{name}")["metadata"]["uid"]))
        else:
            kube.get(f"{DEPLOYMENTS}/{name}")
            kube.patch(f"{DEPLOYMENTS}/{name}", RESTART, type="merge")
    return time.perf_counter() - wall, time.process_time() - cpu


def _filled(bench: Bench, action_type: str) -> list[str]:
    make = bench.pod if action_type == "delete_pod" else bench.deployment
    names = [f"target-{number}" for number in range(ACTIONS)]
    for name in names:
        make(name)
    return names
