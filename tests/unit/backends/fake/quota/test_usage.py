"""What objects count for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.fake.quota import usage_of

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def pod(**members: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}, **members}


def going(at: str) -> dict[str, Any]:
    return pod(metadata={"name": "p", "deletionTimestamp": at, "deletionGracePeriodSeconds": 30})


@pytest.mark.parametrize(
    ("obj", "counts"),
    [
        (pod(), True),
        (pod(status={"phase": "Failed"}), False),
        (going("2026-01-01T00:00:40Z"), True),
        (going("2026-01-01T00:00:20Z"), False),
    ],
)
def test_a_pod_counts_until_it_has_ended(obj: dict[str, Any], counts: bool) -> None:
    found = usage_of(("", "pods"), obj, NOW)
    assert found == {"count/pods": "1", **({"pods": "1"} if counts else {})}


def test_a_pod_counts_with_its_overhead_and_what_vendors_sell() -> None:
    requests = {"cpu": "1", "example.com/gpu": "2", "hugepages-2Mi": "4Mi"}
    resources = {"requests": requests, "limits": {"memory": "1Gi"}}
    spec = {"containers": [{"name": "c", "resources": resources}], "overhead": {"cpu": "100m", "memory": "1Mi"}}
    found = usage_of(("", "pods"), pod(spec=spec), NOW)
    assert found == {
        "count/pods": "1", "pods": "1", "cpu": "1100m", "requests.cpu": "1100m", "memory": "1Mi",
        "requests.memory": "1Mi", "limits.memory": "1025Mi", "requests.example.com/gpu": "2",
        "hugepages-2Mi": "4Mi", "requests.hugepages-2Mi": "4Mi",
    }  # fmt: skip


def test_what_is_said_for_the_whole_pod_counts_instead() -> None:
    container = {"name": "c", "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}}
    spec = {"containers": [container], "resources": {"requests": {"cpu": "2"}}}
    found = usage_of(("", "pods"), pod(spec=spec), NOW)
    assert (found["requests.cpu"], found["requests.memory"]) == ("2", "1Gi")


@pytest.mark.parametrize(
    ("spec", "node_ports", "balancers"),
    [
        ({"ports": [{}, {}]}, "0", "0"),
        ({"type": "NodePort", "ports": [{}, {}]}, "2", "0"),
        ({"type": "LoadBalancer", "ports": [{}, {}]}, "2", "1"),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{}, {"nodePort": 1}]}, "1", "1"),
    ],
)
def test_a_service_counts_for_its_ports(spec: dict[str, Any], node_ports: str, balancers: str) -> None:
    found = usage_of(("", "services"), {"metadata": {}, "spec": spec}, NOW)
    assert (found["services.nodeports"], found["services.loadbalancers"]) == (node_ports, balancers)


def test_a_claim_counts_for_what_it_has_got() -> None:
    spec = {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {}, "spec": spec, "status": {"allocatedResources": {"storage": "2Gi"}}}
    assert usage_of(("", "persistentvolumeclaims"), claim, NOW) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "2Gi",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
    }


def test_anything_counts_as_an_object() -> None:
    assert usage_of(("apps", "deployments"), {}, NOW) == {"count/deployments.apps": "1"}
    assert usage_of(("", "secrets"), {}, NOW) == {"count/secrets": "1", "secrets": "1"}
