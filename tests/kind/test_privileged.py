"""The common way, as on most machines: a node that is plainly privileged, on an engine that grants that.

Where this machine's engine does not, because the host lacks CAP_SYS_RESOURCE, a second engine is started beside it for
this test, with a runtime that asks for what there is (`dropping_runtime`); it has no default bridge and sets no
firewall rules, so that it leaves the first one alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.base import BackendError
from backends.kind import KindBackend, engine, leftovers
from backends.kind.preflight import lacks_sys_resource
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from tests.kind import dropping_runtime, standin
from tests.kind.conftest import REQUIRED, things
from tests.kind.test_lifecycle import PATIENCE_S, Said, eventually

if TYPE_CHECKING:
    import docker


def _engine_of_our_own(folder: Path) -> subprocess.Popen[bytes]:
    runtime = folder / "dropping-runtime"
    runtime.write_text(f"#!{sys.executable}\n{Path(dropping_runtime.__file__).read_text()}")
    runtime.chmod(0o755)
    settings = {"runtimes": {"dropping": {"path": str(runtime)}}, "default-runtime": "dropping"}
    (folder / "daemon.json").write_text(json.dumps(settings))
    places = [f"--{name}={folder / name}" for name in ("data-root", "exec-root", "pidfile")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["dockerd", f"--config-file={folder / 'daemon.json'}", *places, f"--host=unix://{folder / 'sock'}",
             "--bridge=none", "--iptables=false"],
            stdout=log, stderr=log,
        )  # fmt: skip


@pytest.fixture
def privileging(docker_engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """An engine that grants privileged containers, and is the one that is found from now on."""
    if not lacks_sys_resource(Path("/proc/self/status").read_text()):
        yield docker_engine
        return
    if os.getuid() != 0 or not shutil.which("dockerd") or not shutil.which("runc"):
        reason = "the host lacks CAP_SYS_RESOURCE, and a second engine needs root, dockerd and runc"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/var/tmp"))
    process = _engine_of_our_own(folder)
    try:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/sock")
        client = _answering(process, folder)
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        for left in (folder / "exec-root" / "netns").glob("*"):
            subprocess.run(["umount", left], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


def _answering(process: subprocess.Popen[bytes], folder: Path) -> docker.DockerClient:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return engine.connect()
        except BackendError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.2)


def test_a_node_is_plainly_privileged_where_that_is_granted_with_the_stand_in(
    privileging: docker.DockerClient,
) -> None:
    image = standin.build(privileging)
    before, said = things(privileging), Said()
    with KindBackend(image, name="common", progress=said) as backend:
        found = leftovers.named(privileging, "common")
        assert found is not None
        given = found.container.attrs
        assert given["HostConfig"]["Privileged"]
        assert given["Config"]["Entrypoint"] == ["/usr/local/bin/entrypoint", "/sbin/init"]
        assert "bridge" not in given["NetworkSettings"]["Networks"], "only elsewhere the engine knows names"
        assert Kube(backend.client(), SystemClock()).get("/version")["gitVersion"] == backend.kubernetes
    assert not [line for line in said.lines if "refuses privileged" in line]
    eventually(lambda: things(privileging) == before, "nothing is left")
