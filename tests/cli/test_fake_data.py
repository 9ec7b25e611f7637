"""The in-memory cluster as files: loaded, saved, compared, and its audit log."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.fake.testing import KubernetesCluster
from tests.cli.conftest import Cli
from tests.conformance.served import serve

UID = "11111111-1111-4111-8111-111111111111"
CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default", "uid": UID},
    "data": {"a": "1"},
}


def saved(path: Path, data: dict[str, str]) -> Path:
    path.write_text(yaml.safe_dump({"kind": "List", "apiVersion": "v1", "items": [{**CONFIG_MAP, "data": data}]}))
    return path


def test_two_saved_clusters_are_compared_object_by_object(cli: Cli, tmp_path: Path) -> None:
    with KubernetesCluster() as cluster:
        cluster.apply({**CONFIG_MAP, "metadata": {"name": "settings"}})
        cluster.save(tmp_path / "before.yaml")
        cluster.apply({**CONFIG_MAP, "metadata": {"name": "settings"}, "data": {"a": "2"}})
        cluster.apply({**CONFIG_MAP, "metadata": {"name": "more"}})
        cluster.save(tmp_path / "after.json")
    before, after = tmp_path / "before.yaml", tmp_path / "after.json"
    same = cli("fake", "diff", before, before)
    assert (same.code, same.out, same.err) == (0, "", "")
    differ = cli("fake", "diff", before, after)
    assert (differ.code, differ.err) == (1, "")
    assert "-  a: '1'\n+  a: '2'\n" in differ.out
    assert "--- (not there)\n+++ ConfigMap default/more\n" in differ.out
    assert "resourceVersion" not in differ.out
    assert "resourceVersion" in cli("fake", "diff", "--all", before, after).out
    short = cli("fake", "diff", "--name-only", before, after)
    assert (short.code, short.out) == (1, "added    ConfigMap default/more\nchanged  ConfigMap default/settings\n")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read: no such file or directory"), ("a: {", "not YAML"), ("kind: X", "apiVersion is missing")],
)
def test_a_state_that_cannot_be_read_is_one_line(cli: Cli, tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "state.yaml"
    if content is not None:
        path.write_text(content)
    refused = cli("fake", "diff", path, path)
    assert (refused.code, refused.out) == (5, "")
    assert refused.line.startswith(f"kubeactions: {path}: ")
    assert problem in refused.line


def test_a_controller_that_there_is_not_is_one_line(cli: Cli) -> None:
    refused = cli("fake", "serve", "--without", "nothing")
    assert refused.code == 2
    assert "--without: there is no controller 'nothing'; there are: " in refused.line
    refused = cli("fake", "serve", "--without", "kubelet", "--no-controllers")
    assert refused.code == 2
    assert "--no-controllers leaves none" in refused.line


def test_a_served_cluster_is_loaded_saved_and_audited(cli: Cli, tmp_path: Path) -> None:
    given, after, log = saved(tmp_path / "given.yaml", {"a": "1"}), tmp_path / "after.yaml", tmp_path / "audit.log"
    path = "/api/v1/namespaces/default/configmaps/settings"
    with serve(tmp_path, "--load", given, "--save", after, "--audit-log-path", log) as server:
        media = {"content-type": "application/merge-patch+json"}
        patch = urllib.request.Request(server.url + path, b'{"data":{"a":"2"}}', media, method="PATCH")
        with urllib.request.urlopen(patch, timeout=10) as answer:
            assert json.load(answer)["metadata"]["uid"] == UID
        assert server.stop(signal.SIGINT)[0] == 0
    changed = cli("fake", "diff", "--name-only", given, after).out.splitlines()
    assert "changed  ConfigMap default/settings" in changed
    events = [json.loads(line) for line in log.read_text().splitlines()]
    (event,) = [one for one in events if one["requestURI"] == path]
    assert (event["verb"], event["user"]["username"], event["responseStatus"]["code"]) == (
        "patch",
        "kubernetes-admin",
        200,
    )
    assert event["objectRef"]["resource"] == "configmaps"
    assert event["kind"] == "Event"
