"""Clusters in containers: how long a boot takes, step by step, and what is left when it ends, also by a kill.

With the node image that KUBEACTIONS_NODE_IMAGE names, else with the stand-in, whose seconds say what the backend itself
costs and nothing of Kubernetes. Without an engine there is nothing to measure, which is said.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from backends.base import BackendError
from backends.kind import KindBackend, engine, leftovers
from backends.kind.images import VARIABLE
from backends.kind.progress import Silent
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from scripts.benchmark.measure import Row
from tests.kind import standin

if TYPE_CHECKING:
    import docker

AREA = "kind"
PODS = "/api/v1/namespaces/default/pods"
IMAGE = "registry.k8s.io/pause:3.10"
PATIENCE_S = 120.0
USING = """
import time
from backends.kind import KindBackend
with KindBackend({image!r}, name="benchmark"):
    print("open", flush=True)
    time.sleep(600)
"""


def boot() -> Iterator[Row]:
    """One boot by its steps, the first pod, the end, and what is left after it and after a SIGKILL."""
    try:
        client = engine.connect()
    except BackendError as error:
        print(f"kind is not measured: {error}", file=sys.stderr)
        return
    try:
        image = os.environ.get(VARIABLE) or standin.build(client)
        what = "stand-in" if image.startswith(standin.NAME) else image
        before = _things(client)
        yield from _one_life(image, what)
        yield _leftovers(client, before, f"{what}: left on the engine")
        yield from _killed(client, image, what, before)
    finally:
        client.close()


def _one_life(image: str, what: str) -> Iterator[Row]:
    started = time.monotonic()
    with KindBackend(image, progress=Silent()) as backend:
        opened = time.monotonic()
        for step, seconds in backend.timings.items():
            yield Row(AREA, f"{what}: {step}", seconds, "s")
        yield Row(AREA, f"{what}: open in all", opened - started, "s")
        yield Row(AREA, f"{what}: first pod runs", _first_pod(backend), "s")
        ending = time.monotonic()
    yield Row(AREA, f"{what}: removed", time.monotonic() - ending, "s")


def _first_pod(backend: KindBackend) -> float:
    """Seconds from the request to Running."""
    backend.provide(IMAGE)
    kube = Kube(backend.client(), SystemClock())
    spec = {"containers": [{"name": "c", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}]}
    started = time.monotonic()
    kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"}, "spec": spec})
    _until(lambda: kube.get(f"{PODS}/first")["status"].get("phase") == "Running", "the first pod runs")
    return time.monotonic() - started


def _killed(client: docker.DockerClient, image: str, what: str, before: set[str]) -> Iterator[Row]:
    """Kill a process that has a cluster, and look at the engine until its janitor is done."""
    process = subprocess.Popen(
        [sys.executable, "-c", USING.format(image=image)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed = time.monotonic()
    # The engine forgets the container first and its volume a moment later.
    _until(
        lambda: leftovers.named(client, "benchmark") is None and not _things(client) - before,
        "the node of the killed process is removed",
    )
    yield Row(AREA, f"{what}: removed after SIGKILL of its user", time.monotonic() - killed, "s")
    yield _leftovers(client, before, f"{what}: left on the engine after SIGKILL")


def _leftovers(client: docker.DockerClient, before: set[str], name: str) -> Row:
    left = len(_things(client) - before)
    return Row(AREA, name, left, "things", target="0", met=left == 0)


def _things(client: docker.DockerClient) -> set[str]:
    """Containers, volumes and networks of the engine."""
    listed = (client.containers.list(all=True, ignore_removed=True), client.volumes.list(), client.networks.list())
    return {str(each.id) for kind in listed for each in kind}


def _until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.05)
