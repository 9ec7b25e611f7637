"""The Node object of a simulated machine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backends.kubelet import node_address, node_object


def test_a_node_is_ready_and_says_where_it_is() -> None:
    node = node_object(300, datetime(2026, 1, 1, tzinfo=UTC))
    assert node["metadata"]["name"] == "node-300"
    assert {"type": "InternalIP", "address": "10.0.1.44"} in node["status"]["addresses"]
    assert [one["status"] for one in node["status"]["conditions"] if one["type"] == "Ready"] == ["True"]


@pytest.mark.parametrize("index", [0, -1, 65535])
def test_a_node_number_without_an_address_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="not between"):
        node_address(index)
