"""The pytest plugin, in the test suite of somebody else: one run of it, since each imports everything again."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:cacheprovider
filterwarnings = error
kubernetes_cluster_start = 2030-05-01T12:00:00Z
kubernetes_cluster_without = deployment-controller job-controller
kubernetes_cluster_nodes = 3
"""

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def kubernetes_cluster_template(kubernetes_cluster_factory):
    with kubernetes_cluster_factory() as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prepared"}})
        yield cluster
"""

TESTS = """
import pytest

def names(cluster):
    found = cluster.dump()
    return [one["metadata"]["name"] for one in found if one["kind"] == "ConfigMap"][1:]

def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}

@pytest.mark.parametrize("number", [1, 2])
def test_alone(kubernetes_cluster, number):
    assert "prepared" in names(kubernetes_cluster)
    assert "mine" not in names(kubernetes_cluster)
    kubernetes_cluster.apply(config_map("mine"))

@pytest.mark.parametrize("number", [1, 2])
def test_module(kubernetes_cluster_per_module, number):
    assert (f"m{number - 1}" in names(kubernetes_cluster_per_module)) == (number == 2)
    kubernetes_cluster_per_module.apply(config_map(f"m{number}"))

@pytest.mark.parametrize("number", [1, 2])
def test_session(kubernetes_cluster_per_session, number):
    assert (f"s{number - 1}" in names(kubernetes_cluster_per_session)) == (number == 2)
    kubernetes_cluster_per_session.apply(config_map(f"s{number}"))

def test_ini(kubernetes_cluster):
    assert kubernetes_cluster.clock.wall().isoformat()[:20] == "2030-05-01T12:00:00+"
    assert kubernetes_cluster.controllers.stopped == ["deployment-controller", "job-controller"]
    assert len([one for one in kubernetes_cluster.dump() if one["kind"] == "Node"]) == 3

@pytest.mark.kubernetes_cluster(authorization="rbac", seed=9)
class TestMarked:
    @pytest.mark.kubernetes_cluster(clock="system", without=["kubelet"])
    def test_mark(self, kubernetes_cluster):
        assert "prepared" not in names(kubernetes_cluster)
        assert kubernetes_cluster.cluster.authorization == "rbac"
        assert kubernetes_cluster.controllers.stopped == ["kubelet"]
        assert type(kubernetes_cluster.clock).__name__ == "SystemClock"

def test_failing(kubernetes_cluster):
    kubernetes_cluster.apply(config_map("told"))
    raise ValueError
"""

WRONG = {
    "sead=1": "there is no setting 'sead'; there are seed, authorization, clock, start, nodes, without",
    "clock='sundial'": "clock 'sundial': it is simulated or system",
    "authorization='abac'": "authorization 'abac': it is always-allow or rbac",
    "start='noon'": "Invalid isoformat string: 'noon'",
    "without=['x']": "there is no controller 'x'",
    "1": "the mark kubernetes_cluster takes names",
}


def test_it_gives_clusters_to_a_suite_that_is_not_ours(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=INI)
    pytester.makeconftest(CONFTEST)
    wrong = "".join(
        f"@pytest.mark.kubernetes_cluster({mark})\ndef test_wrong_{number}(kubernetes_cluster): pass\n"
        for number, mark in enumerate(WRONG)
    )
    pytester.makepyfile(test_clusters=TESTS + wrong)
    ran = pytester.runpytest()
    ran.assert_outcomes(passed=8, failed=1, errors=len(WRONG))
    text = ran.stdout.str()
    for said in WRONG.values():
        assert said in text
    ran.stdout.fnmatch_lines(["*- kubernetes_cluster -*", "the time there is *", "*patch configmaps default/told: 201"])


def test_who_does_not_use_it_does_not_pay_for_it() -> None:
    script = (
        "import pytest, sys, time\nbegin = time.process_time()\nimport backends.pytest_plugin\n"
        "print(time.process_time() - begin)\nheavy = {'kubernetes', 'yaml', 'orjson', 'backends.fake'}\n"
        "print(heavy & sys.modules.keys())"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    took_s, imported = ran.stdout.splitlines()
    assert imported == "set()"
    assert float(took_s) < 0.05
