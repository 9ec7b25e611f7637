"""A bare control plane (envtest): how long a boot takes, phase by phase, the first pod, and the end.

With the programs that KUBEBUILDER_ASSETS names, else with stand-ins, whose seconds say what the backend itself costs
and nothing of Kubernetes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from backends.envtest import EnvtestBackend, missing
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from scripts.benchmark.measure import Row
from tests.envtest import programs

AREA = "envtest"
PODS = "/api/v1/namespaces/default/pods"
PATIENCE_S = 60.0


def boot() -> Iterator[Row]:
    """One life."""
    with tempfile.TemporaryDirectory() as folder:
        stand_in = bool(missing(os.environ))
        what = "stand-in" if stand_in else "real"
        started = time.monotonic()
        with EnvtestBackend(programs.install(Path(folder) / "assets") if stand_in else None) as backend:
            opened = time.monotonic()
            for phase, seconds in backend.phases.items():
                yield Row(AREA, f"{what}: {phase}", seconds, "s")
            yield Row(AREA, f"{what}: open in all", opened - started, "s")
            yield Row(AREA, f"{what}: first pod runs", _first_pod(backend), "s")
            ending = time.monotonic()
        yield Row(AREA, f"{what}: removed", time.monotonic() - ending, "s")


def _first_pod(backend: EnvtestBackend) -> float:
    """Seconds from the request to Running."""
    kube = Kube(backend.client(), SystemClock())
    spec = {"containers": [{"name": "c", "image": "example.com/web:1"}]}
    started = time.monotonic()
    kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"}, "spec": spec})
    while kube.get(f"{PODS}/first")["status"].get("phase") != "Running":
        if time.monotonic() - started > PATIENCE_S:
            raise TimeoutError(f"the first pod does not run within {PATIENCE_S:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - started
