"""What Prometheus sees of a replica, under /metrics. `Metrics` is the agent's `Meter`; `kubeactions run` makes one.

Counters and histograms are told as things happen; gauges are read off the agent when somebody asks, so that none can be
out of date. Each `Metrics` has a registry of its own: two replicas in one process share nothing.

Counting follows the ledger: `kubeactions_received_total` and `kubeactions_actions_total` rise when a record is durable,
once over all replicas (sum them); a takeover counts nothing twice. A process that dies takes what was not scraped with
it; what happened is in the ledger, metrics are for watching.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from kubeactions.agent import Agent
from kubeactions.model import Meter, Phase

_STEP_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Seconds: a request takes milliseconds, a queue may take until the action expires."""
_SLACK_BUCKETS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 30.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # The library's own annotation is missing.
# A `_created` series beside each counter doubles what is stored, and nobody asks for it.


class Metrics(Meter):
    """The counters of one replica. Safe under threads; no method raises."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._received = Counter(
            "kubeactions_received", "New records, by the source of their config.", ["source"], registry=registry
        )
        self._actions = Counter(
            "kubeactions_actions",
            "Actions that ended, by type and outcome, each counted once over all replicas.",
            ["type", "outcome"],
            registry=registry,
        )
        self._duration = Histogram(
            "kubeactions_duration_seconds",
            "Time of one step of an action: queue, plan, effect, verify, report.",
            ["type", "phase"],
            buckets=_STEP_BUCKETS,
            registry=registry,
        )
        self._recoveries = Counter(
            "kubeactions_recoveries",
            "Intents of another leader, by what was decided about them.",
            ["type", "decision"],
            registry=registry,
        )
        self._fenced = Counter(
            "kubeactions_fenced",
            "Work stopped because another may lead: by the ledger's epoch, the lost lease, too short a slack.",
            ["where"],
            registry=registry,
        )
        self._conflicts = Counter(
            "kubeactions_conflicts", "Requests refused because the target had changed.", ["type"], registry=registry
        )
        self._unverified = Counter(
            "kubeactions_config_verify_failures",
            "Configs refused whole, and things in a source that are none.",
            ["reason"],
            registry=registry,
        )
        self._slack = Histogram(
            "kubeactions_lease_slack_seconds",
            "How long the lease still lasted when an effect was sent.",
            buckets=_SLACK_BUCKETS,
            registry=registry,
        )
        self._requests = Counter(
            "kubeactions_api_requests",
            "Requests to the API server, by method and status; code 0: no answer.",
            ["method", "code"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "kubeactions_api_request_seconds",
            "Time of one request to the API server.",
            ["method"],
            buckets=_STEP_BUCKETS[:9],
            registry=registry,
        )
        for where in ("ledger", "lease", "slack"):
            self._fenced.labels(where)  # An alert on a series that is not there yet never fires.
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def watch(self, agent: Agent) -> None:
        """Read the gauges off this agent, too, whenever somebody asks; once."""
        self.registry.register(_Gauges(agent))

    def render(self, accept: str) -> tuple[bytes, str]:
        """Everything in the format that an Accept header asks for, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    # --- the Meter ---

    def received(self, source: str) -> None:
        """A new record."""
        self._received.labels(source).inc()

    def settled(self, type: str, outcome: str) -> None:  # noqa: A002  Named as its label is.
        """An action ended."""
        self._actions.labels(type, outcome).inc()

    def took(self, type: str, phase: str, seconds: float) -> None:  # noqa: A002
        """One step took so long."""
        self._duration.labels(type, phase).observe(seconds)

    def recovered(self, type: str, decision: str) -> None:  # noqa: A002
        """Another leader's intent was decided about."""
        self._recoveries.labels(type, decision).inc()

    def fenced(self, where: str) -> None:
        """Work was stopped."""
        self._fenced.labels(where).inc()

    def conflicted(self, type: str) -> None:  # noqa: A002
        """A request was refused."""
        self._conflicts.labels(type).inc()

    def unverified(self, reason: str) -> None:
        """A config was refused."""
        self._unverified.labels(reason).inc()

    def slack(self, seconds: float) -> None:
        """The lease lasted so long."""
        self._slack.observe(seconds)

    def requested(self, verb: str, status: int, seconds: float) -> None:
        """A request ended."""
        self._requests.labels(verb, str(status)).inc()
        self._request_seconds.labels(verb).observe(seconds)


class _Gauges:
    """Read at scrape time, from another thread than the agent's: whole attributes only, copies of what may change."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def describe(self) -> Iterator[Metric]:
        """What it is asked at registration: nothing is known to clash."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment."""
        yield from self._election()
        yield from self._work()
        if self._agent.processor.leading:  # A follower knows the ledger and the sources of its last term only.
            yield from self._ledger()

    def _election(self) -> Iterator[Metric]:
        agent = self._agent
        leader = GaugeMetricFamily("kubeactions_leader", "1 where this replica leads.", labels=["identity"])
        leader.add_metric([agent.identity], float(agent.elector.is_leader()))
        yield leader
        yield CounterMetricFamily(
            "kubeactions_leader_transitions", "How often this replica became leader.", value=agent.elector.term()
        )
        yield InfoMetricFamily(
            "kubeactions", "What runs here.", {"lease": agent.settings.election.lease_name, "identity": agent.identity}
        )

    def _work(self) -> Iterator[Metric]:
        agent = self._agent
        now = agent.clock.monotonic()
        ticks = GaugeMetricFamily("kubeactions_tick_age_seconds", "Since a loop last ticked.", labels=["loop"])
        for loop in ("elector", "processor"):
            ticks.add_metric([loop], max(now - agent.last_tick(loop), 0.0))
        yield ticks
        yield GaugeMetricFamily("kubeactions_ready", "1 where /readyz says ok.", value=float(not agent.why_not_ready()))
        paused = GaugeMetricFamily(
            "kubeactions_paused", "1 for each reason to execute nothing, as last read.", labels=["reason"]
        )
        paused.add_metric(["LedgerClosed"], float(bool(agent.processor.closed)))
        for name in dict.fromkeys(agent.processor.pauses() if agent.processor.leading else ()):
            paused.add_metric([name], 1.0)
        yield paused
        yield CounterMetricFamily(
            "kubeactions_journal_write_errors",
            "Writes of the ledger that were refused or got no answer.",
            value=agent.processor.ledger.write_errors,
        )

    def _ledger(self) -> Iterator[Metric]:
        ledger = self._agent.processor.ledger
        records = tuple(ledger.records.values())
        yield GaugeMetricFamily("kubeactions_journal_bytes", "Bytes of the ledger's head.", value=ledger.bytes)
        yield GaugeMetricFamily(
            "kubeactions_journal_records", "Records that are kept, sealed ones included.", value=len(ledger.history)
        )
        yield GaugeMetricFamily(
            "kubeactions_journal_room_bytes", "Bytes left for records that are not closed.", value=ledger.room()
        )
        flying = GaugeMetricFamily("kubeactions_in_flight", "Intents that have not ended.", labels=["type"])
        waiting = GaugeMetricFamily("kubeactions_pending", "Accepted actions that have not begun.", labels=["type"])
        for family, phase in ((flying, Phase.INTENT), (waiting, Phase.PENDING)):
            tally = Tally(one.action.type for one in records if one.action and one.phase is phase)
            for name in self._agent.executors:
                family.add_metric([name], tally[name])
            yield family
        backlog = sum(1 for one in records if not one.open and not one.reported)
        yield GaugeMetricFamily("kubeactions_report_backlog", "Outcomes not reported everywhere.", value=backlog)
        ages = GaugeMetricFamily("kubeactions_config_age_seconds", "Since a source was last read.", labels=["source"])
        for source, age in self._agent.processor.config_ages_s().items():
            ages.add_metric([source], age)
        yield ages
