"""Kubernetes Events, against the in-memory API server: on the target, once, also when it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.faults import Answer, Faults, Match, install
from kubeactions.errors import Forbidden
from kubeactions.kube import Kube
from kubeactions.model import Outcome, Status, Target
from kubeactions.reporters.kubernetes import KubernetesReporter, event
from tests.unit.kubeactions.reporters.reports import AT, POD, report

LEDGER = Target("v1", "ConfigMap", "datadog-kubeactions-state", "default")


@pytest.fixture
def kube() -> Iterator[Kube]:
    clock = SimulatedClock(AT)
    with FakeBackend(cluster=Cluster(clock, controllers=False)) as backend:
        found = Kube(backend.client(), clock)
        found.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield found


def events(kube: Kube, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kube.list(f"/api/v1/namespaces/{namespace}/events")["items"]
    return found


def test_the_event_is_about_the_target_and_names_the_action(kube: Kube) -> None:
    KubernetesReporter(kube, LEDGER).deliver([report("a")])
    (found,) = events(kube, "shop")
    assert found["involvedObject"] == {
        "apiVersion": "v1", "kind": "Pod", "name": "cart-0", "namespace": "shop", "uid": "uid-1",
    }  # fmt: skip
    assert (found["type"], found["reason"]) == ("Normal", "ActionSucceeded")
    assert found["message"] == "delete_pod Pod shop/cart-0: succeeded (Deleted): pod deleted [a:v1]"
    assert found["metadata"]["annotations"]["kubeactions.datadoghq.com/action"] == report("a").key.marker
    assert found["lastTimestamp"] == "2026-08-20T10:15:00Z"


def test_a_repeat_counts_as_acknowledged_and_makes_no_second_event(kube: Kube) -> None:
    KubernetesReporter(kube, LEDGER).deliver([report("a")])
    KubernetesReporter(kube, LEDGER).deliver([report("a"), report("b")])
    assert len(events(kube, "shop")) == 2


def test_a_cluster_scoped_target_has_its_event_in_default(kube: Kube) -> None:
    KubernetesReporter(kube, LEDGER).deliver([report("a", target=Target("v1", "Node", "n1"))])
    (found,) = events(kube, "default")
    assert (found["involvedObject"]["kind"], found["involvedObject"].get("namespace")) == ("Node", None)


def test_when_the_namespace_is_gone_the_event_goes_to_default(kube: Kube) -> None:
    KubernetesReporter(kube, LEDGER).deliver([report("a", target=Target("v1", "Pod", "x", "no-such-namespace"))])
    (found,) = events(kube, "default")
    assert "Pod no-such-namespace/x" in found["message"]


def test_when_the_namespace_is_being_deleted_the_event_goes_to_default(kube: Kube) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["example.org/hold"]},
    }
    kube.create("/api/v1/namespaces/shop/configmaps", body)
    kube.delete("/api/v1/namespaces/shop")
    KubernetesReporter(kube, LEDGER).deliver([report("a")])
    assert len(events(kube, "default")) == 1


def test_a_config_without_an_action_is_reported_on_the_ledger(kube: Kube) -> None:
    rejected = Outcome(Status.REJECTED, "Malformed", "payload: not JSON")
    KubernetesReporter(kube, LEDGER).deliver([report("a", rejected, action=None)])
    (found,) = events(kube, "default")
    assert (found["involvedObject"]["name"], found["type"]) == (LEDGER.name, "Warning")
    assert (found["reason"], found["action"]) == ("ActionRejected", "validate")


def test_a_refusal_is_passed_on_so_that_it_is_tried_again() -> None:
    clock = SimulatedClock(AT)
    with FakeBackend(cluster=Cluster(clock, controllers=False)) as backend:
        client = backend.client()
        faults = Faults(clock)
        faults.add(Answer(403), Match(verb="create", resource="events"))
        install(client, faults, "replica-a")
        with pytest.raises(Forbidden):
            KubernetesReporter(Kube(client, clock), LEDGER).deliver(
                [report("a", target=Target("v1", "Pod", "x", "default"))]
            )


def test_an_event_that_is_refused_as_invalid_is_about_the_ledger_instead() -> None:
    clock = SimulatedClock(AT)
    with FakeBackend(cluster=Cluster(clock, controllers=False)) as backend:
        client = backend.client()
        faults = Faults(clock)
        faults.add(Answer(422), Match(verb="create", resource="events"), times=1)
        install(client, faults, "replica-a")
        kube = Kube(client, clock)
        KubernetesReporter(kube, LEDGER).deliver([report("a", target=Target("v1", "Pod", "x", "default"))])
        (found,) = events(kube, "default")
    assert found["involvedObject"]["name"] == LEDGER.name
    assert "Pod default/x" in found["message"]


def test_a_long_message_is_cut_to_what_an_event_may_hold() -> None:
    body = event(report("a", Outcome(Status.FAILED, "Forbidden", "x" * 5000)), POD, "shop")
    assert len(body["message"]) == 1024
