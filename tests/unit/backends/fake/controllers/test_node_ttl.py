"""Nodes carry the time for which their kubelet may keep what it has read."""

from __future__ import annotations

import pytest

from backends.fake.controllers.node_ttl import ANNOTATION
from tests.unit.backends.fake.door import Door


@pytest.mark.parametrize(("nodes", "ttl_s"), [(1, "0"), (101, "15")])
def test_the_more_nodes_the_longer(nodes: int, ttl_s: str) -> None:
    door = Door(controllers=True)
    for number in range(nodes):
        door.made("/api/v1/nodes", {"metadata": {"name": f"n{number}"}})
    door.clock.sleep(5)
    annotations = door.get("/api/v1/nodes/n0").body["metadata"]["annotations"]
    assert annotations[ANNOTATION] == ttl_s


def test_what_somebody_else_writes_there_is_written_over() -> None:
    door = Door(controllers=True)
    door.made("/api/v1/nodes", {"metadata": {"name": "n", "annotations": {ANNOTATION: "7", "a": "b"}}})
    door.clock.sleep(5)
    assert door.get("/api/v1/nodes/n").body["metadata"]["annotations"] == {ANNOTATION: "0", "a": "b"}
