"""Replicas and API servers as processes, for measurements that need real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import backends
from kubeactions.clock import SystemClock
from kubeactions.errors import NotFound
from kubeactions.kube import Kube

PODS = "/api/v1/namespaces/default/pods"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/datadog-leader-election"
PATIENCE_S = 120.0


@contextmanager
def process(*arguments: object, poll_s: float | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`kubeactions` with these arguments; killed at the end. `poll_s`: seconds between two readings of the source."""
    command = [sys.executable, "-m", "kubeactions", *(str(one) for one in arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    if poll_s is not None:
        environment["DD_KUBEACTIONS_POLL_INTERVAL_S"] = str(poll_s)
    started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextmanager
def served(folder: Path) -> Iterator[Kube]:
    """An API server without controllers and kubelets, so that deletions are immediate, and a door to it.

    Its kubeconfig is `folder/kubeconfig`; `folder/actions` is made for configs.
    """
    (folder / "actions").mkdir()
    kubeconfig = folder / "kubeconfig"
    with process("fake", "serve", "--no-controllers", "--kubeconfig", kubeconfig):
        until(lambda: kubeconfig.exists() and kubeconfig.stat().st_size > 0)
        with backends.open("live", kubeconfig=kubeconfig) as backend:
            yield Kube(backend.client(), SystemClock(), 60)


@contextmanager
def replica(folder: Path, name: str, poll_s: float | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """One replica beside that server, known as `name`."""
    kubeconfig, actions = folder / "kubeconfig", folder / "actions"
    with process("run", "--kubeconfig", kubeconfig, "--source", actions, "--identity", name, poll_s=poll_s) as started:
        yield started


def order(kube: Kube, folder: Path, config: str, pods: Sequence[str]) -> None:
    """Make these pods, and order that they be deleted, in one config."""
    for name in pods:
        make_pod(kube, name)
    put(folder, config, pods)


def make_pod(kube: Kube, name: str) -> None:
    """A pod that nobody runs."""
    spec = {"containers": [{"name": "c", "image": "i"}]}
    kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def put(folder: Path, config: str, pods: Sequence[str]) -> None:
    """The config that orders these deletions, at once or not at all."""
    stamp = SystemClock().wall().isoformat()
    actions = [
        {
            "delete_pod": {"grace_period_seconds": "0"},
            "resource": {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": name},
            "timestamp": stamp,
        }
        for name in pods
    ]
    draft = folder / f"draft-{config}"
    draft.write_text(json.dumps({"actions": actions}))
    draft.rename(folder / "actions" / f"{config}@1.json")


def is_gone(kube: Kube, name: str) -> bool:
    """Whether there is no such pod."""
    try:
        kube.get(f"{PODS}/{name}")
    except NotFound:
        return True
    return False


def leader(kube: Kube) -> str:
    """Who holds the lease, "" for nobody."""
    try:
        return str(kube.get(LEASE)["spec"].get("holderIdentity") or "")
    except NotFound:
        return ""


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def until(happened: Callable[[], bool], pause_s: float = 0.005) -> None:
    """Ask again and again. Raises `RuntimeError` when it does not come in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise RuntimeError("it has not happened in time")
        time.sleep(pause_s)
