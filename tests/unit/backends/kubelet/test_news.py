"""What a kubelet tells at the stages of a pod's life."""

from __future__ import annotations

import pytest

from backends.kubelet import Timing
from backends.kubelet.news import News, of_node
from tests.unit.backends.kubelet.node import Node


def told(node: Node) -> list[str]:
    """The reasons of all that is told until the kubelet waits for something."""
    found: list[News] = []
    while True:
        decision = node.look()
        found += decision.news
        if decision.status is None:
            return [one.reason for one in found]


def test_a_container_is_told_when_it_starts_and_when_it_is_stopped_once_each() -> None:
    node = Node(Timing(ready_after_s=0.0))
    decision = node.look()
    assert [(one.reason, one.message, one.part) for one in decision.news] == [
        ("Pulled", 'Container image "i" already present on machine', "spec.containers{c}"),
        ("Created", "Created container: c", "spec.containers{c}"),
        ("Started", "Started container c", "spec.containers{c}"),
    ]
    node.delete(grace_s=30)
    assert told(node) == ["Killing"]
    node.delete(grace_s=10)
    assert told(node) == [], "a shorter grace period is no other end"


def test_an_image_that_is_always_asked_for_is_pulled_as_long_as_the_pod_took() -> None:
    container = {"name": "c", "image": "i", "imagePullPolicy": "Always"}
    node = Node(Timing(ready_after_s=1.5), containers=[container])
    assert told(node) == ["Pulling"]
    node.now_s = 1.5
    pulled = node.look().news[0]
    assert pulled.message == 'Successfully pulled image "i" in 1.5s (1.5s including waiting). Image size: 0 bytes.'


def test_an_image_that_does_not_come_is_told_and_backed_off_from() -> None:
    node = Node(annotations={"stuck-reason": "ErrImagePull", "stuck-for-s": "20"})
    assert told(node) == ["Pulling", "Failed", "Failed"]
    node.now_s = 10.0
    assert told(node) == ["BackOff", "Failed"]
    node.now_s = 20.0
    assert told(node) == ["Pulling", "Pulled", "Created", "Started"]


def test_a_container_that_ends_is_backed_off_from_and_started_again() -> None:
    node = Node(Timing(ready_after_s=0.0, exit_after_s=5.0, exit_code=1))
    told(node)
    node.now_s = 5.0
    (news,) = node.look().news
    assert news.message == "Back-off restarting failed container c in pod p_default(u)"
    node.now_s = 15.0
    assert told(node) == ["Pulled", "Created", "Started"]


@pytest.mark.parametrize(
    ("probe", "output"),
    [
        ({"httpGet": {"port": 80}}, "HTTP probe failed with statuscode: 503"),
        ({"tcpSocket": {"port": 80}}, "dial tcp 10.244.0.1:80: connect: connection refused"),
        ({"exec": {"command": ["x"]}}, ""),
    ],
)
def test_a_probe_that_fails_says_what_such_a_probe_says(probe: dict[str, object], output: str) -> None:
    container = {"name": "c", "image": "i", "readinessProbe": probe}
    node = Node(Timing(ready_after_s=0.0, unready_after_s=5.0), containers=[container])
    told(node)
    node.now_s = 5.0
    (news,) = node.look().news
    assert (news.reason, news.message, news.warning) == ("Unhealthy", f"Readiness probe failed: {output}", True)


def test_a_node_that_starts_ends_with_being_ready() -> None:
    assert of_node("n")[-1] == News("NodeReady", "Node n status is now: NodeReady")
