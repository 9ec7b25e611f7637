"""Scheduler and kubelets from outside, against an API server that has none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backends.base import BackendError
from backends.fake import Cluster, FakeBackend
from backends.kubelet import PREFIX, Timing
from backends.kubelet.machines import Machines
from backends.live import LiveBackend
from backends.rest import Rest, path_of

pytestmark = pytest.mark.http

AT_ONCE = Timing(ready_after_s=0.0, stop_after_s=0.0)
PODS = path_of("v1", "pods", "default")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBackend]:
    """A server without nodes, scheduler and kubelet, over HTTP."""
    path = tmp_path_factory.mktemp("bare") / "kubeconfig"
    cluster = Cluster(nodes=0, scheduler=False, kubelet=False)
    with FakeBackend(cluster=cluster) as backend, LiveBackend(backend.kubeconfig(path)) as live:
        yield live


@pytest.fixture(scope="module")
def rest(bare: LiveBackend) -> Iterator[Rest]:
    """Its door, with two machines behind it."""
    with Machines(bare.client(), nodes=2, timing=AT_ONCE):
        yield Rest(bare.client())


def eventually(look: Callable[[], Any]) -> Any:
    ends_at = time.monotonic() + 10
    while not (found := look()):
        assert time.monotonic() < ends_at, "it never happened"
        time.sleep(0.01)
    return found


def create(rest: Rest, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> None:
    containers = [{"name": "c", "image": "i"}]
    metadata = {"name": name, "annotations": annotations or {}}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}
    answer = rest.send("POST", PODS, body)
    assert answer.ok, answer.why


def pod(rest: Rest, name: str, phase: str) -> Any:
    return eventually(lambda: (found := rest.get(f"{PODS}/{name}").body)["status"].get("phase") == phase and found)


def test_pods_are_spread_over_the_nodes_run_and_go(rest: Rest) -> None:
    for name in ("a", "b"):
        create(rest, name)
    assert {pod(rest, name, "Running")["spec"]["nodeName"] for name in ("a", "b")} == {"node-1", "node-2"}
    for name in ("a", "b"):
        rest.send("DELETE", f"{PODS}/{name}")
    eventually(lambda: not {"a", "b"} & {found["metadata"]["name"] for found in rest.get(PODS).body["items"]})


def test_a_pod_with_unreadable_timing_fails_and_says_why(rest: Rest) -> None:
    create(rest, "unreadable", {f"{PREFIX}ready-after-s": "soon"})
    assert "ready-after-s: 'soon' is not" in pod(rest, "unreadable", "Failed")["status"]["message"]


def test_a_pod_of_another_scheduler_and_one_of_another_machine_are_left_alone(rest: Rest) -> None:
    create(rest, "theirs", schedulerName="their-scheduler")
    create(rest, "elsewhere", nodeName="their-node")
    create(rest, "ours")
    pod(rest, "ours", "Running")
    assert "nodeName" not in pod(rest, "theirs", "Pending")["spec"]
    assert "startTime" not in pod(rest, "elsewhere", "Pending")["status"]


def test_a_node_that_is_there_already_is_not_touched(rest: Rest, bare: LiveBackend) -> None:
    with pytest.raises(BackendError, match=r'^cannot register node-1: nodes "node-1" already exists$'):
        Machines(bare.client(), nodes=1).__enter__()
