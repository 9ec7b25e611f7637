"""The common way, as on most machines: a node that is plainly privileged, on an engine that grants that.

Where this machine's engine does not, because the host lacks CAP_SYS_RESOURCE, the node gets a runtime that asks for
what there is (`dropping_runtime`), which `.ci/engine` makes known to the engine that it starts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docker.models.containers import Container, ContainerCollection

from backends.kind import KindBackend, leftovers
from backends.kind.preflight import lacks_sys_resource
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from tests.kind.conftest import REQUIRED
from tests.kind.test_lifecycle import Said

if TYPE_CHECKING:
    import docker

RUNTIME = "dropping"


@pytest.fixture
def granted(docker_engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the engine starts privileged containers."""
    if not lacks_sys_resource(Path("/proc/self/status").read_text()):
        return
    if RUNTIME not in docker_engine.info()["Runtimes"]:
        reason = f"the host lacks CAP_SYS_RESOURCE, and the engine knows no runtime {RUNTIME} (see .ci/engine)"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    create = ContainerCollection.create

    def with_runtime(self: ContainerCollection, *arguments: Any, **options: Any) -> Container:
        return create(self, *arguments, **options, runtime=RUNTIME)

    monkeypatch.setattr(ContainerCollection, "create", with_runtime)


@pytest.mark.usefixtures("granted")
def test_a_node_is_plainly_privileged_where_that_is_granted_with_the_stand_in(
    stand_in: str, docker_engine: docker.DockerClient
) -> None:
    said = Said()
    with KindBackend(stand_in, name="common", progress=said) as backend:
        found = leftovers.named(docker_engine, "common")
        assert found is not None
        given = found.container.attrs
        assert given["HostConfig"]["Privileged"]
        assert given["Config"]["Entrypoint"] == ["/usr/local/bin/entrypoint", "/sbin/init"]
        assert "bridge" not in given["NetworkSettings"]["Networks"], "only elsewhere the engine knows names"
        assert Kube(backend.client(), SystemClock()).get("/version")["gitVersion"] == backend.kubernetes
    assert not [line for line in said.lines if "refuses privileged" in line]
