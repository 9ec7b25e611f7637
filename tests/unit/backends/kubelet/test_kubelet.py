"""The small kubelet: what it decides for a pod at a time, without any cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.kubelet import Decision, Kubelet, Timing, TimingError
from tests.unit.backends.kubelet.node import Node

Obj = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_bound_pod_is_created_at_once_and_ready_when_its_time_has_come() -> None:
    node = Node(Timing(ready_after_s=2.0))
    node.until(1.9)
    assert (node.phase, node.ready) == ("Pending", False)
    assert node.container["state"] == {"waiting": {"reason": "ContainerCreating"}}
    node.until(2.0)
    assert (node.phase, node.ready) == ("Running", True)
    assert node.pod["status"]["startTime"] == "2026-01-01T00:00:00Z"
    assert node.container["state"] == {"running": {"startedAt": "2026-01-01T00:00:02Z"}}


def test_a_pod_without_delays_is_ready_in_one_write() -> None:
    node = Node(Timing(ready_after_s=0.0))
    decision = node.look()
    assert decision.status is not None
    assert decision.status["phase"] == "Running"
    assert node.look() == Decision(), "and then there is nothing to do"


def test_a_ready_pod_has_the_conditions_of_a_real_kubelet() -> None:
    node = Node().until(5)
    conditions = {one["type"]: one["status"] for one in node.pod["status"]["conditions"]}
    assert list(conditions) == [
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
    ]  # fmt: skip
    assert set(conditions.values()) == {"True"}


def test_an_annotation_says_that_this_pod_is_slow() -> None:
    node = Node(Timing(ready_after_s=1.0), {"ready-after-s": "7.5"})
    assert not node.until(7.4).ready
    assert node.until(7.5).ready


def test_an_annotation_says_that_this_pod_is_never_ready() -> None:
    node = Node(annotations={"ready-after-s": "never"})
    assert node.until(1e6).phase == "Pending"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ready-after-s", "soon"),
        ("ready-after-s", "-1"),
        ("exit-code", "256"),
        ("redy-after-s", "1"),
        ("stop-after-s", "nan"),
    ],
)
def test_an_annotation_that_cannot_be_read_is_an_error_that_names_it(key: str, value: str) -> None:
    with pytest.raises(TimingError, match=key):
        Node(annotations={key: value}).look()


def test_a_deleted_pod_is_unready_at_once_and_goes_after_its_grace_period() -> None:
    node = Node().until(5)
    node.delete(30)
    decision = node.look()
    assert decision.status is not None
    assert not decision.remove
    assert (node.phase, node.ready) == ("Running", False)
    assert not node.until(34.9).gone
    assert node.until(35.0).gone
    assert node.phase == "Failed", "since 1.27 a deleted pod ends before its object goes"
    assert node.container["state"]["terminated"]["exitCode"] == 137


def test_a_process_that_obeys_sigterm_does_not_use_up_its_grace_period() -> None:
    node = Node(annotations={"stop-after-s": "3"}).until(5)
    node.delete(30)
    assert node.until(8).gone
    assert node.container["state"]["terminated"]["exitCode"] == 143


def test_nothing_stops_later_than_the_grace_period() -> None:
    node = Node(annotations={"stop-after-s": "100"}).until(5)
    node.delete(10)
    assert node.until(15).gone


def test_a_shorter_grace_period_counts_from_when_it_is_seen() -> None:
    node = Node().until(5)
    node.delete(30)
    node.until(10)
    node.delete(2)
    assert not node.until(11.9).gone
    assert node.until(12).gone


def test_an_object_that_only_waits_for_its_finalizers_is_not_deleted_again() -> None:
    node = Node().until(5)
    node.delete(0)
    node.until(6)
    assert node.phase == "Failed"
    assert not node.gone


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", "0", "Succeeded"), ("Never", "3", "Failed"), ("OnFailure", "0", "Succeeded")],
)
def test_containers_that_are_not_restarted_end_the_pod(policy: str, code: str, phase: str) -> None:
    node = Node(annotations={"exit-after-s": "4", "exit-code": code}, restartPolicy=policy).until(10)
    assert node.phase == phase
    assert node.container["state"]["terminated"]["exitCode"] == int(code)
    assert node.container["state"]["terminated"]["finishedAt"] == "2026-01-01T00:00:05Z"


def test_a_crashing_container_is_restarted_ever_later() -> None:
    node = Node(annotations={"exit-after-s": "1", "exit-code": "1"})
    restarts_at: dict[int, float] = {}
    for tenth in range(600):
        node.until(tenth / 10)
        if node.pod["status"].get("containerStatuses") and "running" in node.container["state"]:
            restarts_at.setdefault(node.container["restartCount"], tenth / 10)
    assert restarts_at == {0: 1.0, 1: 12.0, 2: 33.0}, "10 s, then 20 s after each exit"
    assert node.container["lastState"]["terminated"]["reason"] == "Error"


def test_a_pod_that_somebody_else_called_unready_is_ready_again_without_a_restart() -> None:
    node = Node().until(5)
    for condition in node.pod["status"]["conditions"]:
        condition["status"] = "False"
    assert not node.until(5.5).ready
    assert node.until(6.5).ready
    assert node.container["state"] == {"running": {"startedAt": "2026-01-01T00:00:01Z"}}
    assert node.container["restartCount"] == 0


def test_addresses_are_given_out_once_and_kept() -> None:
    kubelet, found = Kubelet(Timing(ready_after_s=0.0)), []
    for number in range(300):
        node = Node()
        node.pod["metadata"]["uid"] = f"u{number}"
        decision = kubelet.look(node.pod, "10.0.0.1", 0.0, START)
        assert decision.status is not None
        found.append(decision.status["podIP"])
    assert len(set(found)) == 300
    assert found[0] == "10.244.0.1"
    assert found[256] == "10.244.1.1"


def test_a_pod_on_the_host_network_has_its_nodes_address() -> None:
    node = Node(hostNetwork=True).until(5)
    assert node.pod["status"]["podIP"] == "10.0.0.1"


def test_init_containers_have_ended_when_the_pod_runs_and_sidecars_run_on() -> None:
    inits = [{"name": "once", "image": "i"}, {"name": "proxy", "image": "i", "restartPolicy": "Always"}]
    node = Node(initContainers=inits).until(0.5)
    conditions = {one["type"]: one["status"] for one in node.pod["status"]["conditions"]}
    assert conditions["Initialized"] == "False"
    node.until(5)
    once, proxy = node.pod["status"]["initContainerStatuses"]
    assert once["state"]["terminated"]["reason"] == "Completed"
    assert "running" in proxy["state"]


def test_a_kubelet_that_starts_anew_goes_on_with_what_it_finds() -> None:
    node = Node().until(0.5)
    node.kubelet = Kubelet()
    assert node.until(1.5).ready, "the stage is counted from when it was seen"


def test_the_same_pod_looks_the_same_in_every_run() -> None:
    assert Node().until(5).pod == Node().until(5).pod


def test_an_image_that_does_not_come_backs_off_and_comes_in_the_end() -> None:
    node = Node(Timing(ready_after_s=1.0, stuck_reason="ErrImagePull", stuck_for_s=60.0))
    node.until(5.0)
    assert (node.phase, node.container["state"]["waiting"]["reason"]) == ("Pending", "ErrImagePull")
    node.until(59.0)
    assert node.container["state"]["waiting"] == {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "i"'}
    node.until(60.0)
    assert (node.phase, node.ready) == ("Running", True)


def test_what_cannot_be_created_stays_so_and_can_be_deleted() -> None:
    node = Node(annotations={"stuck-reason": "CreateContainerConfigError"})
    node.until(3600.0)
    assert node.container["state"] == {"waiting": {"reason": "CreateContainerConfigError"}}
    node.delete(0)
    node.until(3601.0)
    assert node.gone or node.phase == "Failed"


def test_a_container_exits_only_so_often() -> None:
    node = Node(Timing(ready_after_s=1.0, exit_after_s=5.0, exit_code=1, exit_times=2))
    node.until(3600.0)
    assert (node.container["restartCount"], node.ready) == (2, True)


def test_a_probe_that_fails_takes_readiness_and_gives_it_back() -> None:
    node = Node(Timing(ready_after_s=2.0, unready_after_s=10.0))
    node.until(11.9)
    assert node.ready
    node.until(12.0)
    assert (node.phase, node.ready) == ("Running", False)
    node.until(14.0)
    assert node.ready
