"""A bench for the system's core: an API server alone in memory, a source, a destination, and replicas to step.

No controllers run, so nothing but the replicas and the test changes an object. Each replica has faults of its own
identity; all live by one simulated clock.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.audit import AuditEvent
from backends.faults import Faults, ReplicaDied, install
from kubeactions import registry
from kubeactions.agent import Agent
from kubeactions.errors import NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import NAME, read
from kubeactions.ledger.head import WRITE_ANNOTATION, prints_of, seq_of, signature
from kubeactions.model import AckState, Config, Executor, JsonObject, Meter, Pull, Record, Report, Reporter, Source
from kubeactions.settings import Settings


@dataclass
class MemorySource:
    """A source that holds what the test puts in."""

    name: str = "memory"
    configs: dict[tuple[str, int], Config] = field(default_factory=dict)
    acks: list[tuple[str, int, AckState, str]] = field(default_factory=list)
    error: Exception | None = None

    def pull(self) -> Pull:
        if self.error is not None:
            raise self.error
        return Pull(tuple(self.configs.values()))

    def ack(self, config: Config, state: AckState, message: str) -> None:
        self.acks.append((config.id, config.version, state, message))

    def last(self, config_id: str) -> tuple[AckState, str]:
        return next((state, text) for one, _, state, text in reversed(self.acks) if one == config_id)


@dataclass
class MemoryReporter:
    """A destination that keeps what it got, and fails when told to."""

    name: str = "memory"
    reports: list[Report] = field(default_factory=list)
    error: Exception | None = None

    def deliver(self, reports: Sequence[Report]) -> None:
        if self.error is not None:
            raise self.error
        self.reports.extend(reports)

    def statuses(self) -> dict[str, str]:
        """The first report of each key counts."""
        found: dict[str, str] = {}
        for report in self.reports:
            found.setdefault(str(report.key), report.outcome.status.value)
        return found


class Bench:
    """One cluster and what works on it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.kube = Kube(self.backend.client("tester"), self.clock)
        self.faults = Faults(self.clock)
        self.source = MemorySource()
        self.reporter = MemoryReporter()
        self.settings = settings or Settings(enabled=True)
        self.kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    # --- the world ---

    def pod(self, name: str, **extra: Any) -> JsonObject:
        spec = {"containers": [{"name": "main", "image": "main:1"}], "terminationGracePeriodSeconds": 0}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **extra}, "spec": spec}
        return self.kube.create("/api/v1/namespaces/shop/pods", body)

    def deployment(self, name: str, **spec: Any) -> JsonObject:
        template = {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "main:1"}]},
        }
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
        }
        return self.kube.create("/apis/apps/v1/namespaces/shop/deployments", body)

    def get(self, kind: str, name: str) -> JsonObject | None:
        path = {"Pod": "/api/v1/namespaces/shop/pods/", "Deployment": "/apis/apps/v1/namespaces/shop/deployments/"}[
            kind
        ]
        try:
            return self.kube.get(path + name)
        except NotFound:
            return None

    def edit(self, name: str, change: JsonObject) -> JsonObject:
        """Somebody edits a Deployment."""
        return self.kube.patch(f"/apis/apps/v1/namespaces/shop/deployments/{name}", change, type="merge")

    def order(self, action_type: str, name: str, **more: Any) -> JsonObject:
        kind = {"restart_deployment": ("apps/v1", "Deployment"), "get_resource": ("v1", "ConfigMap")}
        api_version, kind_name = kind.get(action_type, ("v1", "Pod"))
        resource = {"api_version": api_version, "kind": kind_name, "namespace": "shop", "name": name}
        stamp = {"seconds": int(self.clock.wall().timestamp()), "nanos": 0}
        return {"action_type": action_type, "resource": resource, "timestamp": stamp, **more}

    def config(self, config_id: str, version: int, *orders: JsonObject) -> None:
        payload = json.dumps({"actions": list(orders)}).encode()
        self.source.configs[config_id, version] = Config(config_id, version, payload, self.source.name)

    # --- the replicas ---

    def agent(
        self,
        name: str,
        *,
        executors: Mapping[str, Executor] | None = None,
        sources: Sequence[Source] | None = None,
        reporters: Sequence[Reporter] | None = None,
        meter: Meter | None = None,
        **settings: Any,
    ) -> Agent:
        client = self.backend.client(name)
        install(client, self.faults, name)
        return Agent(
            replace(self.settings, **settings),
            client,
            clock=self.clock,
            name=name,
            sources=[self.source] if sources is None else sources,
            reporters=[self.reporter] if reporters is None else reporters,
            executors={**registry.load(), **(executors or {})},
            meter=meter,
            dice=random.Random(name),
        )

    def run(self, seconds: float, *agents: Agent, enough: Callable[[], bool] = lambda: False) -> None:
        """Step the loops of these replicas when they want it, until so many seconds have passed or it is `enough`."""
        until = self.clock.monotonic() + seconds
        loops = [(agent, step) for agent in agents for step in (agent.elector.step, agent.processor.step)]
        due = dict.fromkeys(range(len(loops)), self.clock.monotonic())
        dead: set[int] = set()
        while self.clock.monotonic() < until and not enough():
            for index, (agent, step) in enumerate(loops):
                if id(agent) in dead or due[index] > self.clock.monotonic():
                    continue
                try:
                    due[index] = self.clock.monotonic() + step()
                except ReplicaDied:
                    dead.add(id(agent))
            wake = min([due[index] for index, (agent, _) in enumerate(loops) if id(agent) not in dead], default=until)
            now = self.clock.monotonic()  # May be past `until`: a pause lets others work.
            self.clock.advance(max(0.0, min(max(wake - now, 0.001), until - now)))
            self.faults.deliver_due()

    # --- what is asserted ---

    def effects(self, verb: str, name: str) -> list[str]:
        """Who changed the pod or deployment `name` with `verb`, one entry an effect."""
        return [one.user for one in self.events(verb) if one.name == name and one.code < 300 and one.changed]

    def events(self, verb: str) -> list[AuditEvent]:
        return [
            one
            for one in self.backend.cluster.audit.find(verb=verb)
            if one.resource in ("pods", "deployments") and one.user != "tester"
        ]

    def record(self, key: str) -> Record:
        found = {str(one.key): one for one in read(self.kube, "default").records}
        return found[key]

    def keys(self) -> list[str]:
        return [str(one.key) for one in read(self.kube, "default").records]

    def status(self, key: str) -> str:
        outcome = self.record(key).outcome
        return outcome.status.value if outcome else self.record(key).phase.value

    def head(self) -> JsonObject:
        return self.kube.get(path_of("v1", "configmaps", namespace="default", name=NAME))

    def data(self, change: Mapping[str, str | None]) -> None:
        """Change the ledger's data as a leader of ours would have written it: with a sum that fits."""
        kept = {name: text for name, text in {**self.head()["data"], **change}.items() if text is not None}
        annotations = {WRITE_ANNOTATION: signature("somebody", seq_of(self.head()), prints_of(kept).values())}
        body = {"metadata": {"annotations": annotations}, "data": dict(change)}
        self.kube.patch(path_of("v1", "configmaps", namespace="default", name=NAME), body, type="merge")
