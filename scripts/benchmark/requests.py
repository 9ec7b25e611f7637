"""How many API requests an action costs, told apart by what they are for. Deterministic: the clock is simulated.

Each request takes `LATENCY_S` of the simulated time, so the lease is renewed as often as it would be beside a real API
server. Counted from the reading of the config until every outcome is durable. Events, and what comes after (the write
that says that everything was reported), are for the reports, and counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backends.fake.audit import AuditEvent
from backends.faults import Delay, Match, install
from kubeactions.agent import Agent
from kubeactions.kube import Kube
from kubeactions.ledger import NAME, REQUESTS_NAME
from kubeactions.model import Pull, Target
from kubeactions.reporters.kubernetes import KubernetesReporter
from scripts.benchmark.measure import Row
from tests.unit.kubeactions.bench import Bench, MemorySource

LATENCY_S = 0.01
"""Of one request, in simulated seconds."""
PATIENCE_S = 60.0
REPORTING_S = 10.0
"""After the last outcome, in simulated seconds: enough for every report, and for the write that says so."""
LIMITS = {
    ("delete_pod", 100): 2.5,
    ("restart_deployment", 100): 2.5,
    ("delete_pod", 1): 6.0,
    ("restart_deployment", 1): 6.0,
}
"""Requests for one action, by its type and how many of them a config orders."""
REPLICA = "replica-1"


@dataclass(frozen=True, slots=True)
class Count:
    """Requests of one replica by what they are about: `pods`, `deployments`, `ledger`, `requests`, `leases`, ..."""

    actions: int
    work: Counter[str]
    """All but those for reports."""
    reports: Counter[str]

    @property
    def each(self) -> float:
        """Requests for one action, all but those for reports."""
        return self.work.total() / self.actions


def count(action_type: str, actions: int) -> Count:
    """One config with so many actions of a type, each about a target of its own, taken by a leader that is idle."""
    bench = Bench()
    make = {"delete_pod": bench.pod, "restart_deployment": bench.deployment}[action_type]
    names = [f"target-{number}" for number in range(actions)]
    for name in names:
        make(name)
    source = Noting(bench)
    agent = _leader(bench, source)
    bench.config("config", 1, *(bench.order(action_type, name) for name in names))
    source.configs = bench.source.configs
    bench.run(PATIENCE_S, agent, enough=lambda: _settled(agent, actions))
    if not _settled(agent, actions):
        raise RuntimeError(f"{actions} {action_type} are not settled: {agent.why_not_ready()}")
    settled = _asked(bench)
    bench.run(REPORTING_S, agent)
    during, after = _about(settled[source.read_at :]), _about(_asked(bench)[len(settled) :])
    reports = Counter(events=during.pop("events", 0) + after.pop("events", 0), ledger=after.pop("ledger", 0))
    return Count(actions, during, reports)


def per_action() -> Iterator[Row]:
    """Each count against its limit, and what the reports cost beside it."""
    for (action_type, actions), limit in LIMITS.items():
        counted = count(action_type, actions)
        what = f"{actions} {action_type}" if actions > 1 else f"a single {action_type}"
        yield Row("requests", f"{what}: API requests each", counted.each, "", limit, counted.each / limit, "<= 1",
                  counted.each <= limit)  # fmt: skip
        for about, times in sorted(counted.work.items()):
            yield Row("requests", f"{what}: of them, about {about}", times / actions, "")
        for about, times in sorted(counted.reports.items()):
            yield Row("requests", f"{what}: beside them, for reports: {about}", times / actions, "")


class Noting(MemorySource):
    """Notes how many requests had been made when a config was read first."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.read_at = 0
        self._bench = bench

    def pull(self) -> Pull:
        """All of it."""
        if self.configs and not self.read_at:
            self.read_at = len(_asked(self._bench))
        return super().pull()


def _leader(bench: Bench, source: MemorySource) -> Agent:
    """A replica that leads, has read its sources, and reports by Events."""
    client = bench.backend.client(REPLICA)
    install(client, bench.faults, REPLICA)
    events = KubernetesReporter(Kube(client, bench.clock), Target("v1", "ConfigMap", NAME, "default"))
    agent = bench.agent(REPLICA, sources=[source], reporters=[events])
    bench.faults.add(Delay(LATENCY_S), Match(identity=REPLICA))
    bench.run(5.0, agent)
    return agent


def _settled(agent: Agent, actions: int) -> bool:
    found = list(agent.processor.ledger.history.all())
    return len(found) == actions and all(one.status is not None for one in found)


def _asked(bench: Bench) -> list[AuditEvent]:
    return list(bench.backend.cluster.audit.find(user=REPLICA))


def _about(events: list[AuditEvent]) -> Counter[str]:
    """What each is about. All ConfigMaps but the one with people's requests are the ledger's."""
    return Counter(
        one.resource if one.resource != "configmaps" else "requests" if one.name == REQUESTS_NAME else "ledger"
        for one in events
    )
