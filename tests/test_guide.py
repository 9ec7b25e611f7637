"""The guide is true: its commands are run, word for word, its alerts name metrics that there are, no link is dead."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from kubeactions.metrics import Metrics
from kubeactions.model import MARKER_ANNOTATION
from kubeactions.settings import KEYS
from tests.unit.kubeactions.bench import Bench

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "kubeactions" / "guide.md").read_text()
PATIENCE_S = 60.0


def blocks(language: str) -> list[str]:
    """The guide's fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every command line, in order."""
    return [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody with a kubeconfig, whose cluster is a served one."""
    kubeconfig = tmp_path / "kubeconfig"
    environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "kubeactions", "fake", "serve", "--kubeconfig", str(kubeconfig)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while not (kubeconfig.exists() and kubeconfig.stat().st_size):
        assert time.monotonic() < deadline
        assert server.poll() is None
        time.sleep(0.02)
    yield environment
    server.kill()
    server.wait()


@pytest.mark.slow
@pytest.mark.http
@pytest.mark.kubectl
def test_every_command_works_as_it_is_written(shell: dict[str, str], tmp_path: Path) -> None:
    """No image is run: the cluster's pods are played, so the agent of the guide is a process beside it."""
    kubeconfig = shell["KUBECONFIG"]
    agent: subprocess.Popen[bytes] | None = None
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    try:
        for line in commands():
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env=shell, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            if "--from-file" in line:  # What the kubelet would do with that ConfigMap, and the pods with it.
                (mounted / "cleanup.v1.json").write_text((tmp_path / "cleanup.v1.json").read_text())
                command = [sys.executable, "-m", "kubeactions", "run", "--kubeconfig", kubeconfig]
                settings = {"DD_KUBEACTIONS_PERSISTENT_STORE_NAMESPACE": "kubeactions"}
                agent = subprocess.Popen(
                    [*command, "--source", str(mounted)], cwd=ROOT, env=shell | settings,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                gone = ["kubectl", "wait", "--for", "delete", "pod/my-pod", "--timeout", "60s"]
                subprocess.run(gone, env=shell, check=True, capture_output=True, timeout=PATIENCE_S)
    finally:
        if agent is not None:
            agent.kill()
            agent.wait()


@pytest.mark.slow
@pytest.mark.http
@pytest.mark.kubectl
def test_an_order_stays_when_another_one_is_given_and_when_the_manifests_are_applied_again(
    shell: dict[str, str], tmp_path: Path
) -> None:
    """One that was not read yet would be lost: only what is in the ledger needs its key no more."""
    install, change = (line for line in commands() if "manifests" in line and "kubectl apply" in line)
    (order,) = (line for line in commands() if "--from-file" in line)
    for name in ("cleanup.v1.json", "tidy.v1.json"):
        (tmp_path / name).write_text("{}")
    show = "kubectl -n kubeactions get configmap kubeactions-actions -o json"
    for line in (install, order, order.replace("cleanup.v1.json", "tidy.v1.json"), change, show):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env=shell, capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    shown = json.loads(done.stdout)
    assert shown["data"] == {"cleanup.v1.json": "{}", "tidy.v1.json": "{}"}
    assert shown["metadata"]["labels"] == {"app.kubernetes.io/name": "kubeactions"}


def known_series() -> set[str]:
    """Names of all series that a leader shows."""
    bench, metrics = Bench(), Metrics()
    agent = bench.agent("replica-1", meter=metrics)
    metrics.watch(agent)
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(10, agent)
    text = metrics.render("")[0].decode()
    families = list(text_string_to_metric_families(text))
    return {sample.name for family in families for sample in family.samples} | {
        f"{family.name}_total" for family in families if family.type == "counter"
    } | {family.name for family in families}  # fmt: skip


def test_the_alerts_are_about_metrics_that_there_are() -> None:
    (text,) = blocks("yaml")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    assert len(rules) >= 8
    named = {name for rule in rules for name in re.findall(r"kubeactions_\w+", rule["expr"])}
    assert named <= known_series()


def test_every_link_and_runbook_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", GUIDE, re.M)
    }
    links = set(re.findall(r"\(#([^)]+)\)", GUIDE)) | set(re.findall(r"guide\.md#([a-z-]+)", GUIDE))
    assert len(links) > 10
    assert links <= headings


@pytest.mark.parametrize(
    "said", ["is missing", "was deleted and created again", "has gone back", "is of another cluster"]
)
def test_what_a_closed_ledger_says_is_in_the_guide(said: str) -> None:
    source = (ROOT / "kubeactions" / "ledger" / "head.py").read_text()
    assert said in source
    assert f"`{said}`" in GUIDE


def test_the_names_of_the_guide_are_those_of_the_code() -> None:
    keys = {setting.key for setting in KEYS}
    assert [name for name in re.findall(r"`(kubeactions\.[a-z_]+)`", GUIDE) if name not in keys] == []
    assert f"`{MARKER_ANNOTATION}`" in GUIDE
