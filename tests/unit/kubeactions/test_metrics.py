"""The metrics: what is counted, once, and what is read off the agent."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from backends.faults import Crash, LoseAnswer, Match
from kubeactions.agent import Agent
from kubeactions.ledger import REQUESTS_NAME
from kubeactions.metrics import Metrics
from kubeactions.model import Meter
from tests.unit.kubeactions.bench import Bench


class Measured:
    """Replicas of one bench, each with its metrics."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.metrics: dict[str, Metrics] = {}

    def agent(self, name: str, **more: Any) -> Agent:
        self.metrics[name] = Metrics()
        made = self.bench.agent(name, meter=self.metrics[name], **more)
        self.metrics[name].watch(made)
        return made

    def value(self, series: str, name: str | None = None, **labels: str) -> float:
        """One series, summed over the replicas (or of one); 0.0 where it is not there."""
        replicas = [name] if name else list(self.metrics)
        return sum(self.metrics[one].registry.get_sample_value(series, labels) or 0.0 for one in replicas)


@pytest.fixture
def measured() -> Measured:
    bench = Bench()
    for name in ("web-0", "web-1", "web-2"):
        bench.pod(name)
    return Measured(bench)


def test_an_action_is_counted_from_its_arrival_to_its_report(measured: Measured) -> None:
    bench, one = measured.bench, measured.agent("replica-1")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(10, one)
    assert bench.status("c1:v1") == "succeeded"
    assert measured.value("kubeactions_received_total", source="memory") == 1
    assert measured.value("kubeactions_actions_total", type="delete_pod", outcome="succeeded") == 1
    for phase in ("queue", "plan", "effect", "verify", "report"):
        assert measured.value("kubeactions_duration_seconds_count", type="delete_pod", phase=phase) == 1, phase
    assert measured.value("kubeactions_lease_slack_seconds_count") == 1
    assert measured.value("kubeactions_api_requests_total", method="DELETE", code="200") == 1
    assert measured.value("kubeactions_in_flight", type="delete_pod") == 0
    assert measured.value("kubeactions_report_backlog") == 0
    assert measured.value("kubeactions_journal_records") == 1
    assert measured.value("kubeactions_journal_bytes") > 300
    assert measured.value("kubeactions_config_age_seconds", source="memory") <= 2.0
    assert measured.value("kubeactions_leader_transitions_total") == 1
    assert measured.value("kubeactions_ready") == 1


def test_what_is_refused_is_counted_with_its_source_and_reason(measured: Measured) -> None:
    bench, one = measured.bench, measured.agent("replica-1")
    bench.config("c1", 1, {"action_type": "delete_pods"})
    bench.source.configs["c2", 1] = bench.source.configs["c1", 1].__class__("c2", 1, b"{", "memory")
    bench.run(10, one)
    assert measured.value("kubeactions_received_total", source="memory") == 2
    assert measured.value("kubeactions_actions_total", type="", outcome="rejected") == 2
    assert measured.value("kubeactions_config_verify_failures_total", reason="Malformed") >= 1


def test_an_outcome_whose_write_got_no_answer_is_counted_once(measured: Measured) -> None:
    bench, one = measured.bench, measured.agent("replica-1")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(LoseAnswer(), Match(verb="patch", resource="configmaps"), times=6)
    bench.run(20, one)
    assert bench.status("c1:v1") == "succeeded"
    assert measured.value("kubeactions_journal_write_errors_total") >= 2
    assert measured.value("kubeactions_received_total", source="memory") == 1
    assert measured.value("kubeactions_actions_total", type="delete_pod", outcome="succeeded") == 1


def test_a_takeover_counts_the_decision_and_nothing_twice(measured: Measured) -> None:
    bench = measured.bench
    first, second = measured.agent("replica-1"), measured.agent("replica-2")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Crash("after"), Match(identity="replica-1", verb="delete", resource="pods"))
    bench.run(60, first, second)
    assert bench.record("c1:v1").replica == second.identity
    assert measured.value("kubeactions_received_total", source="memory") == 1
    assert measured.value("kubeactions_actions_total", type="delete_pod", outcome="succeeded") == 1
    assert measured.value("kubeactions_recoveries_total", type="delete_pod", decision="succeeded") == 1
    assert measured.value("kubeactions_leader", identity=second.identity) == 1


def test_a_follower_shows_no_gauge_of_a_ledger_that_it_does_not_hold(measured: Measured) -> None:
    bench = measured.bench
    first, second = measured.agent("replica-1"), measured.agent("replica-2")
    bench.run(10, first, second)
    assert b"kubeactions_journal_bytes " in measured.metrics["replica-1"].render("")[0]
    assert b"kubeactions_journal_bytes " not in measured.metrics["replica-2"].render("")[0]
    assert measured.value("kubeactions_leader", "replica-2", identity=second.identity) == 0


def test_a_closed_ledger_is_a_reason_to_be_paused(measured: Measured) -> None:
    bench, one = measured.bench, measured.agent("replica-1")
    bench.run(5, one)
    bench.data({"meta": "{"})
    bench.run(20, one, measured.agent("replica-2"))
    one.shut_down()
    two = measured.agent("replica-3")
    bench.run(30, two)
    assert measured.value("kubeactions_paused", "replica-3", reason="LedgerClosed") == 1
    assert measured.value("kubeactions_ready", "replica-3") == 0


def test_both_formats_of_prometheus_can_be_parsed(measured: Measured) -> None:
    measured.bench.run(5, measured.agent("replica-1"))
    text, content_type = measured.metrics["replica-1"].render("")
    names = {family.name for family in text_string_to_metric_families(text.decode())}
    assert content_type.startswith("text/plain; version=0.0.4")
    assert {"kubeactions_leader", "kubeactions_actions", "kubeactions_lease_slack_seconds"} <= names
    assert "_created" not in text.decode()
    openmetrics, content_type = measured.metrics["replica-1"].render("application/openmetrics-text; version=1.0.0")
    assert (content_type.startswith("application/openmetrics-text"), openmetrics.endswith(b"# EOF\n")) == (True, True)


PUBLISHED = {
    "actions": "counter type outcome",
    "api_request_seconds": "histogram method",
    "api_requests": "counter method code",
    "config_age_seconds": "gauge source",
    "config_verify_failures": "counter reason",
    "conflicts": "counter type",
    "duration_seconds": "histogram type phase",
    "fenced": "counter where",
    "in_flight": "gauge type",
    "info": "gauge lease identity",
    "journal_bytes": "gauge",
    "journal_records": "gauge",
    "journal_room_bytes": "gauge",
    "journal_write_errors": "counter",
    "leader": "gauge identity",
    "leader_transitions": "counter",
    "lease_slack_seconds": "histogram",
    "paused": "gauge reason",
    "pending": "gauge type",
    "ready": "gauge",
    "received": "counter source",
    "recoveries": "counter type decision",
    "report_backlog": "gauge",
    "tick_age_seconds": "gauge loop",
}
"""Dashboards and alerts rest on each: its type and its labels."""


def test_each_series_keeps_its_name_its_type_and_its_labels(measured: Measured) -> None:
    measured.bench.run(5, measured.agent("replica-1"))
    metrics = measured.metrics["replica-1"]
    metrics.received("s")
    metrics.settled("delete_pod", "succeeded")
    metrics.took("delete_pod", "queue", 1.0)
    metrics.recovered("delete_pod", "succeeded")
    metrics.conflicted("delete_pod")
    metrics.unverified("Malformed")
    metrics.slack(9.0)
    found = {
        family.name.removeprefix("kubeactions_"): (family.type, {key for one in family.samples for key in one.labels})
        for family in text_string_to_metric_families(metrics.render("")[0].decode())
        if family.name.startswith("kubeactions_")
    }
    told = {name: (kind, set(labels)) for name, (kind, *labels) in ((k, v.split()) for k, v in PUBLISHED.items())}
    assert {name: (kind, labels - {"le"}) for name, (kind, labels) in found.items()} == told


def test_whoever_counts_nothing_is_told_the_same() -> None:
    told = {name for name in vars(Meter) if not name.startswith("_")}
    assert told == {name for name in vars(Metrics) if name in told}


def test_each_pause_is_a_series_as_long_as_it_holds_something_back(measured: Measured) -> None:
    bench, one = measured.bench, measured.agent("replica-1")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    requests = {"metadata": {"name": REQUESTS_NAME}, "data": {"pause.incident-7": '{"reason": "look first"}'}}
    bench.kube.create("/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", **requests})
    bench.run(5, one)
    assert measured.value("kubeactions_paused", reason="incident-7") == 1
    assert measured.value("kubeactions_paused", reason="LedgerClosed") == 0
    change = {"data": {"pause.incident-7": None}}
    bench.kube.patch(f"/api/v1/namespaces/default/configmaps/{REQUESTS_NAME}", change, type="merge")
    bench.run(20, one)
    assert bench.status("c1:v1") == "succeeded"
    assert measured.value("kubeactions_paused", reason="incident-7") == 0
