"""What the node's container is given, as far as no engine is needed to say."""

from __future__ import annotations

from backends.kind import container


def test_a_node_has_no_proxy_where_there_is_none() -> None:
    assert container.proxies({"NO_PROXY": "internal", "PATH": "/bin"}, "n") == {}


def test_a_nodes_proxy_spares_what_is_inside() -> None:
    found = container.proxies({"https_proxy": "http://p:3128", "NO_PROXY": "internal"}, "n", ["172.18.0.0/16"])
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://p:3128"
    spared = found["NO_PROXY"].split(",")
    assert spared[:2] == ["internal", "n"]
    assert {"172.18.0.0/16", "10.244.0.0/16", "10.96.0.0/16", "127.0.0.1", ".svc"} <= set(spared)


def test_a_node_is_told_its_snapshotter_where_somebody_chose_one() -> None:
    variable = "KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER"
    assert container.passed_on({variable: "native", "HOME": "/root"}) == {variable: "native"}
    assert container.passed_on({variable: ""}) == {}
