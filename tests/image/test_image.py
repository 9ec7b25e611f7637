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
from typing import TYPE_CHECKING, NoReturn

import pytest

import backends
from backends.base import BackendError
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from kubeactions.ledger import read
from kubeactions.model import Status
from tests.cli.podlike import PodLike, order
from tests.cli.terminals import PATIENCE_S, ROOT, pod
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
    tidy = ("--no-cache", "--force-rm")  # no container of a step that failed is left
    done = _docker("build", "--quiet", *tidy, "--build-arg", f"BASE={base_name}", "--tag", name, str(ROOT))
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
def pods(tmp_path: Path) -> Iterator[PodLike]:
    found = PodLike(tmp_path)
    tmp_path.chmod(0o755)  # The image's user is another one.
    try:
        yield found
    finally:
        found.close()


def test_it_executes_an_action_with_nothing_to_write_to(image: str, pods: PodLike) -> None:
    name = f"kubeactions-image-test-{os.getpid()}"
    environment = [f"--env={key}={value}" for key, value in pods.pod_environment("ka-0").items()]
    mounts = ("--volume", f"{pods.directory}:{pods.directory}:ro")
    command = ["docker", "run", "--rm", "--name", name, *LIKE_A_POD, *environment, *mounts, image, *pods.pod_command()]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        with backends.open("live", kubeconfig=pods.kubeconfig) as backend:
            kube = Kube(backend.client(), SystemClock())
            pod(kube, "web")
            pods.mount.write(clean__v1__json=order("web"))

            def ended() -> bool:
                assert process.poll() is None, f"the container has ended: {process.communicate()[1].decode()}"
                found = read(kube, "kubeactions").records if process.poll() is None else ()
                return any(one.outcome and one.outcome.status is Status.SUCCEEDED for one in found)

            pods.until(ended, "the end of the action")
    finally:
        _docker("stop", "--time", "20", name)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert b"stopped by SIGTERM" in said, said
    assert b"Traceback" not in said
