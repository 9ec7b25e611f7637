"""Other Kubernetes APIs for Python's tests, asked the same by the same client in the same run.

kmock (https://pypi.org/project/kmock) is the one that is a server. It is installed into an environment of its own below
`build/`, since its pytest plugin would be loaded into ours. It looks through all earlier requests at each new one, so
only the first few dozen of a fresh server are measured. mockernetes replaces methods of the client instead of serving,
and needs Python 3.12: it is left out here, and said so.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

from kubernetes.client import CoreV1Api

from scripts.benchmark.inprocess import RAW
from scripts.benchmark.material import pod
from scripts.benchmark.measure import Row
from scripts.benchmark.overhttp import served, started

HOME = Path("build/peers")
KMOCK = "kmock==0.8"
FIRST = 12
"""Requests of each kind that are measured: what comes later costs kmock more and more."""
_SERVER = """
import asyncio
from kmock import KubernetesEmulator, Server
async def main():
    async with KubernetesEmulator() as emulator, Server(emulator) as server:
        print(str(server.url).rstrip("/"), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def _python() -> Path:
    """The interpreter of kmock's environment, made on first use. Raises `OSError`, `CalledProcessError`."""
    python = HOME / "bin" / "python"
    if not (HOME / "installed").exists():
        venv.create(HOME, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", KMOCK], check=True, capture_output=True)
        (HOME / "installed").touch()
    return python


def kmock() -> contextlib.AbstractContextManager[CoreV1Api]:
    """A fresh kmock server, and the official client for it."""
    return started([_python(), "-c", _SERVER])


def compared() -> Iterator[Row]:
    """create, get, merge patch and delete of a pod over loopback: kmock, and the in-memory API server."""
    try:
        _python()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peers are left out: {KMOCK} cannot be installed: {error}", file=sys.stderr)
        return
    theirs, ours = _spent_us(kmock), _spent_us(lambda: served("fake", 0))
    for name, spent in ours.items():
        peer = theirs[name]
        yield Row("peers", f"{name} pod, requests/s (held against {KMOCK})", 1e6 / spent, "1/s",
                  1e6 / peer, peer / spent)  # fmt: skip


def _spent_us(opened: Callable[[], contextlib.AbstractContextManager[CoreV1Api]]) -> dict[str, float]:
    """Microseconds on the wall of a request, by its kind: the medians of `FIRST`, on a fresh server."""
    with opened() as api:
        names = itertools.count()
        merge = {"_content_type": "application/merge-patch+json", **RAW}
        calls: dict[str, Callable[[int], object]] = {
            "create": lambda n: api.create_namespaced_pod("default", pod(f"p-{n}"), **RAW).data,
            "get": lambda n: api.read_namespaced_pod(f"p-{n}", "default", **RAW).data,
            "patch": lambda n: (
                api.patch_namespaced_pod(
                    f"p-{n}", "default", {"metadata": {"labels": {"turn": str(next(names))}}}, **merge
                ).data
            ),
            "delete": lambda n: api.delete_namespaced_pod(f"p-{n}", "default", **RAW).data,
        }
        spent: dict[str, float] = {}
        for name, call in calls.items():
            times = []
            for number in range(FIRST):
                begin = time.perf_counter()
                call(number)
                times.append(time.perf_counter() - begin)
            spent[name] = statistics.median(times) * 1e6
        return spent
