"""The row of a Pod in the states that a person looks at one for (printPod in pkg/printers/internalversion)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.fake.printing.pods import cells, conditions

NOW = datetime(2026, 1, 1, 1, tzinfo=UTC)
RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def pod(status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z", **metadata},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}], **(spec or {})},
        "status": {"phase": "Running", **(status or {})},
    }


def container(
    name: str, state: dict[str, Any], *, ready: bool = False, restarts: int = 0, **more: Any
) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts, **more}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def ended(**how: Any) -> dict[str, Any]:
    return {"terminated": how}


@pytest.mark.parametrize(
    ("status", "ready", "reason"),
    [
        ({"phase": "Pending"}, "0/2", "Pending"),
        ({"containerStatuses": [container(n, RUNNING, ready=True) for n in "ab"]}, "2/2", "Running"),
        ({"containerStatuses": [container("a", RUNNING, ready=True), container("b", RUNNING)]}, "1/2", "Running"),
        ({"containerStatuses": [container("a", waiting("ImagePullBackOff"))]}, "0/2", "ImagePullBackOff"),
        ({"containerStatuses": [container("a", waiting("A")), container("b", waiting("B"))]}, "0/2", "A"),
        ({"containerStatuses": [container("a", ended(reason="OOMKilled", exitCode=137))]}, "0/2", "OOMKilled"),
        ({"containerStatuses": [container("a", ended(signal=9, exitCode=137))]}, "0/2", "Signal:9"),
        ({"containerStatuses": [container("a", ended(exitCode=3))]}, "0/2", "ExitCode:3"),
        ({"phase": "Failed", "reason": "Evicted"}, "0/2", "Evicted"),
        ({"conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}, "0/2", "SchedulingGated"),
    ],
)
def test_what_ails_it_and_how_much_of_it_is_ready(status: dict[str, Any], ready: str, reason: str) -> None:
    assert cells(pod(status), NOW)[1:3] == [ready, reason]


@pytest.mark.parametrize(("is_ready", "reason"), [("True", "Running"), ("False", "NotReady")])
def test_a_pod_with_one_container_done_still_runs(is_ready: str, reason: str) -> None:
    statuses = [container("a", ended(reason="Completed")), container("b", RUNNING, ready=True)]
    status = {"containerStatuses": statuses, "conditions": [{"type": "Ready", "status": is_ready}]}
    assert cells(pod(status), NOW)[1:3] == ["1/2", reason]


INITS = {"initContainers": [{"name": "i"}, {"name": "j"}]}


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ([container("i", RUNNING), container("j", waiting("PodInitializing"))], "Init:0/2"),
        ([container("i", ended(exitCode=0)), container("j", RUNNING)], "Init:1/2"),
        ([container("i", waiting("ErrImagePull"))], "Init:ErrImagePull"),
        ([container("i", ended(exitCode=1))], "Init:ExitCode:1"),
        ([container("i", ended(exitCode=1, signal=6))], "Init:Signal:6"),
        ([container("i", ended(exitCode=1, reason="Error"))], "Init:Error"),
    ],
)
def test_init_containers_come_first(statuses: list[dict[str, Any]], reason: str) -> None:
    status = {
        "phase": "Pending",
        "initContainerStatuses": statuses,
        "containerStatuses": [container("a", waiting("X"))],
    }
    assert cells(pod(status, INITS), NOW)[2] == reason


def test_a_sidecar_counts_as_a_container_once_it_has_started() -> None:
    spec = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}
    sidecar = container("s", RUNNING, ready=True, restarts=2, started=True)
    status = {
        "initContainerStatuses": [sidecar],
        "containerStatuses": [container("a", RUNNING, ready=True, restarts=1)],
    }
    assert cells(pod(status, spec), NOW)[1:4] == ["2/3", "Running", "3"]


def test_restarts_tell_when_the_last_one_was() -> None:
    before = ended(finishedAt="2026-01-01T00:30:00Z")
    later = ended(finishedAt="2026-01-01T00:50:00Z")
    statuses = [
        container("a", RUNNING, restarts=1, lastState=later),
        container("b", RUNNING, restarts=2, lastState=before),
    ]
    assert cells(pod({"containerStatuses": statuses}), NOW)[3] == "3 (10m ago)"
    assert cells(pod({"containerStatuses": [container("a", RUNNING, restarts=4)]}), NOW)[3] == "4"


@pytest.mark.parametrize(
    ("status", "reason"),
    [({}, "Terminating"), ({"reason": "NodeLost"}, "Unknown"), ({"phase": "Succeeded"}, "Succeeded")],
)
def test_a_deleted_pod_is_terminating_until_it_has_ended(status: dict[str, Any], reason: str) -> None:
    assert cells(pod(status, deletionTimestamp="2026-01-01T00:59:00Z"), NOW)[2] == reason


def test_where_it_is() -> None:
    assert cells(pod(), NOW)[4:] == ["60m", "<none>", "<none>", "<none>", "<none>"]
    gates = {"nodeName": "n", "readinessGates": [{"conditionType": "x"}, {"conditionType": "y"}]}
    status = {
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd::1"}],
        "nominatedNodeName": "m",
        "conditions": [{"type": "x", "status": "True"}],
    }
    assert cells(pod(status, gates), NOW)[5:] == ["10.0.0.1", "n", "m", "1/2"]


def test_a_finished_pod_says_so_beside_its_row() -> None:
    assert conditions(pod()) == []
    assert [(one["type"], one["reason"]) for one in conditions(pod({"phase": "Failed"}))] == [("Completed", "Failed")]
