"""The image: built from the Dockerfile, small, the same each time, and content with a read-only root and no user."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import backends
from backends.base import BackendError
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from kubeactions.sources.directory import file_name
from tests.cli.terminals import PATIENCE_S, ROOT, Terminals, pod
from tests.image import base

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.engine

NAME = "kubeactions/image:test"
MOST_BYTES = 90_000_000
"""Of what the Dockerfile adds to its base; the official client is more than half of it."""
LIKE_A_POD = ("--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def _missing(reason: str) -> NoReturn:
    """Skip, or fail where an engine is required."""
    if os.environ.get("KUBEACTIONS_REQUIRE_ENGINE"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    from backends.kind.engine import connect

    try:
        client = connect()
    except BackendError as error:
        _missing(f"no container engine: {error}")
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient) -> str:
    try:
        found = base.build(engine)
    except RuntimeError as error:
        _missing(str(error))
    return _build(found, NAME)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=600, check=False)


def _build(base_name: str, name: str) -> str:
    done = _docker("build", "--quiet", "--no-cache", "--build-arg", f"BASE={base_name}", "--tag", name, str(ROOT))
    assert done.returncode == 0, done.stderr + done.stdout
    return name


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _docker("run", "--rm", *LIKE_A_POD, *arguments)


def test_it_says_how_it_is_used_and_which_version_it_is(image: str) -> None:
    assert _run(image).stdout.startswith("Usage: kubeactions")
    assert _run(image, "--version").stdout == "kubeactions 0.1.0\n"


def test_it_is_nobody_in_particular_and_small(image: str, engine: docker.DockerClient) -> None:
    described = json.loads(_docker("image", "inspect", image, base.NAME).stdout)
    assert described[0]["Config"]["User"] == "65532:65532"
    assert described[0]["Size"] - described[1]["Size"] < MOST_BYTES


def test_the_same_sources_make_the_same_files(image: str) -> None:
    again = _build(base.NAME, f"{NAME}-again")
    assert _digests(image) == _digests(again)


def _digests(name: str) -> dict[str, tuple[str, float]]:
    """Each file that the Dockerfile adds, with its content and its time."""
    container = _docker("create", name).stdout.strip()
    try:
        with tempfile.NamedTemporaryFile() as packed:
            subprocess.run(["docker", "cp", f"{container}:/opt/kubeactions/.", "-"], stdout=packed, check=True)
            packed.seek(0)
            with tarfile.open(packed.name) as archive:
                return {one.name: (_sha256(archive, one), one.mtime) for one in archive if one.isfile()}
    finally:
        _docker("rm", container)


def _sha256(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    opened = archive.extractfile(member)
    assert opened is not None
    return hashlib.sha256(opened.read()).hexdigest()


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    found = Terminals(tmp_path)
    found.start("serve", "fake", "serve", "--kubeconfig", found.kubeconfig)
    found.until(lambda: found.kubeconfig.exists() and found.kubeconfig.stat().st_size, "the kubeconfig")
    yield found
    found.close()


def test_it_executes_an_action_with_nothing_to_write_to(image: str, terminals: Terminals) -> None:
    for path in (terminals.directory, terminals.actions):
        path.chmod(0o755)
    for parent in terminals.directory.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    terminals.kubeconfig.chmod(0o644)
    mounts = ("-v", f"{terminals.kubeconfig}:/kubeconfig:ro", "-v", f"{terminals.actions}:/actions:ro")
    command = ["run", "--kubeconfig", "/kubeconfig", "--source", "/actions", "--listen", "127.0.0.1:0"]
    name = f"kubeactions-image-test-{terminals.directory.name}"[:60]
    process = subprocess.Popen(
        ["docker", "run", "--rm", "--name", name, *LIKE_A_POD, *mounts, image, *command], stderr=subprocess.PIPE
    )
    try:
        with backends.open("live", kubeconfig=terminals.kubeconfig) as backend:
            kube = Kube(backend.client(), SystemClock())
            pod(kube, "web")
            resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "web"}
            stamp = SystemClock().wall().isoformat()
            action = {"action_type": "delete_pod", "resource": resource, "timestamp": stamp}
            (terminals.actions / file_name("clean", 1)).write_text(json.dumps({"actions": [action]}))

            def ended() -> Any:
                assert process.poll() is None, f"the container has ended: {process.communicate()[1].decode()}"
                return terminals.settled(kube, "clean")

            record = terminals.until(ended, "the end of the action")
        assert record.outcome.status == "succeeded"
    finally:
        _docker("stop", "--time", "20", name)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert b"stopped by SIGTERM" in said, said
    assert b"Traceback" not in said
