"""What a host allows a node, and what is said about it."""

from __future__ import annotations

import pytest

from backends.kind import preflight
from backends.kind.engine import Facts

MODERN = Facts(version="28.0", api=(1, 48))
REFUSAL = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
    "unable to apply caps: operation not permitted: unknown"
)


def test_a_modern_host_needs_no_remark() -> None:
    assert preflight.remarks(MODERN, "v1.37.0") == []
    assert preflight.refused(MODERN, "v1.37.0") is None


def test_cgroup_v1_is_remarked_on_from_the_version_that_refuses_it() -> None:
    old = Facts(version="20.10", api=(1, 41), cgroup=1)
    assert preflight.remarks(old, "v1.34.11") == []
    [remark] = preflight.remarks(old, "v1.35.0")
    assert "cgroup v1" in remark
    assert "Kubernetes 1.35" in remark
    assert "failCgroupV1: false" in remark


def test_a_port_that_others_can_reach_is_remarked_on() -> None:
    [remark] = preflight.remarks(Facts(version="28.0", api=(1, 48), host="docker"), "v1.34.0")
    assert "docker" in remark


@pytest.mark.parametrize(
    ("facts", "kubernetes", "reason"),
    [
        (MODERN, "v1.23.17", "Kubernetes 1.23 is too old"),
        (Facts(version="28.0", api=(1, 48), cgroup=1, rootless=True), "v1.34.0", "rootless engine needs cgroup v2"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(facts: Facts, kubernetes: str, reason: str) -> None:
    assert reason in str(preflight.refused(facts, kubernetes))


def test_a_refusal_for_missing_capabilities_is_told_from_others() -> None:
    assert preflight.refuses_privileged(REFUSAL)
    assert not preflight.refuses_privileged("port is already allocated")
    assert not preflight.refuses_privileged("no space left on device")


@pytest.mark.parametrize(
    ("bounding", "lacking"), [("000001fffeffffff", True), ("000001ffffffffff", False), ("0000000000000000", True)]
)
def test_the_missing_capability_is_seen_in_the_bounding_set(bounding: str, lacking: bool) -> None:
    assert preflight.lacks_sys_resource(f"Name:\tsh\nCapBnd:\t{bounding}\nSeccomp:\t0\n") is lacking


def test_a_status_without_capabilities_says_nothing() -> None:
    assert not preflight.lacks_sys_resource("Name:\tsh\n")
