"""Boots that fail: each says what was the matter in one line, leaves its logs, and leaves nothing on the engine.

That nothing is left is asserted after each test (`conftest.nothing_is_left`). All but the first run against stand-ins
that were made to fail: of a real image it cannot be asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.base import BackendError
from backends.clock import SystemClock
from backends.kind import KindBackend, engine, leftovers
from backends.kind.progress import Silent
from tests.kind import standin
from tests.kind.conftest import Program

if TYPE_CHECKING:
    import docker

LONG_S = 120.0
"""For steps that go well, on a machine that is busy with other things."""
SHORT_S = 20.0
"""For `kubeadm init` where it hangs; the steps before it must be done in this time."""
LEAP_S = 30.0


class Hurry(Silent, SystemClock):
    """Real time until `step` begins, which never ends well; from then on each pause is a long one."""

    def __init__(self, step: str | None) -> None:
        self._step = step
        self._hurries = False
        self._skipped_s = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Look which one it is."""
        self._hurries = name == self._step
        yield
        self._hurries = False

    def monotonic(self) -> float:
        """With what was skipped."""
        return super().monotonic() + self._skipped_s

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Let a pause count for more."""
        super().sleep(seconds, stop)
        if self._hurries:
            self._skipped_s += LEAP_S


def refusal(image: str, directory: Path, step: str | None = None, timeout_s: float = LONG_S) -> str:
    """What a boot of `image` that must fail, and hangs in `step` if at all, says."""
    hurry = Hurry(step)
    with (
        pytest.raises(BackendError) as caught,
        KindBackend(image, logs=directory, timeout_s=timeout_s, progress=hurry, clock=hurry),
    ):
        pass
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_image_that_is_nowhere_says_how_to_get_it(docker_engine: docker.DockerClient, tmp_path: Path) -> None:
    text = refusal("127.0.0.1:1/no/such-node:v1.34.0", tmp_path)
    assert text.startswith(
        "no node image: 127.0.0.1:1/no/such-node:v1.34.0 is not on this machine and cannot be fetched"
    )
    assert "`docker load` it, or name another with KUBEACTIONS_NODE_IMAGE" in text


def test_an_image_that_is_no_node_image_is_recognised_before_it_starts(
    docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    name = "kubeactions/no-node:test"
    docker_engine.api.import_image_from_data(
        packed.getvalue(), repository="kubeactions/no-node", tag="test", changes=["CMD /x"]
    )
    try:
        assert "the node has no /kind/version" in refusal(name, tmp_path)
    finally:
        docker_engine.images.remove(name)


FAILING = {
    "exits": r"the node's system does not come up: its container is exited \(exit code 1\): ERROR: told to exit",
    "hangs": r"(the node's system|systemd) does not come up( in the node)?: not within 120 s",
    "kubeadm-fails": r"kubeadm init ended with 1: error execution phase: unable to create a new DNS addon deployment",
    "kubeadm-hangs": r"`kubeadm init .*` in the node is not over after 20 s",
    "api-never-ready": r"the API server does not answer at https://127\.0\.0\.1:\d+: not within 120 s",
    "node-never-ready": r"the node does not become Ready: not within 120 s",
    "no-account": r"the default service account is not made: not within 120 s",
    "disk-full": r"kubeadm init ended with 1: .*[Nn]o space left on device",
}


HANGING = {
    "hangs": "system services",
    "api-never-ready": "API server",
    "node-never-ready": "node ready",
    "no-account": "service account",
}
"""The step in which these faults are waited for in vain."""


def test_every_fault_of_the_stand_in_is_tried() -> None:
    assert set(FAILING) == set(standin.FAULTS)


@pytest.mark.parametrize("fault", sorted(FAILING))
def test_a_stand_in_that_fails_says_where_and_leaves_its_logs(
    fault: str, faulty: Callable[[str], str], tmp_path: Path
) -> None:
    timeout_s = SHORT_S if fault == "kubeadm-hangs" else LONG_S
    text = refusal(faulty(fault), tmp_path / "logs", HANGING.get(fault), timeout_s)
    assert re.match(FAILING[fault], text), text
    assert text.endswith(f"; what is known of it is in {tmp_path}/logs")
    files = {path.name for path in (tmp_path / "logs").iterdir()}
    assert {"node.log", "kubeadm.log", "container.json"} <= files
    assert "INFO: remounting" in (tmp_path / "logs" / "node.log").read_text() or fault == "exits"
    if fault == "exits":
        assert files == {"node.log", "kubeadm.log", "container.json"}
    else:
        assert {"journal.log", "kubelet.log", "events.txt", "pods.yaml", "kubeadm.conf"} <= files
    if fault == "kubeadm-fails":
        assert "[certs]" in (tmp_path / "logs" / "kubeadm.log").read_text()


def test_logs_that_cannot_be_written_do_not_hide_the_error(faulty: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    text = refusal(faulty("kubeadm-fails"), tmp_path / "file")
    assert text.startswith("kubeadm init ended with 1")
    assert text.endswith("could not be written (File exists)")


def test_a_node_that_is_removed_by_somebody_else_ends_the_wait(
    faulty: Callable[[str], str], docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    def remove_it() -> None:
        while not (found := leftovers.named(docker_engine, "taken")) or not found.running:
            time.sleep(0.1)
        time.sleep(0.5)
        found.remove()

    thread = threading.Thread(target=remove_it)
    thread.start()
    with (
        pytest.raises(BackendError, match=r"somebody removed its container|the engine refused"),
        KindBackend(faulty("hangs"), name="taken", logs=tmp_path, timeout_s=LONG_S, progress=Silent()),
    ):
        pass
    thread.join()


class Wire:
    """A socket that passes everything on to the engine, until it is cut: an engine that dies."""

    def __init__(self, path: Path, target: str) -> None:
        self.path, self._target = path, target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = self._loop.run_until_complete(asyncio.start_unix_server(self._serve, path))
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(self._target)
        self._writers |= {writer, outer}
        await asyncio.gather(_pass(reader, outer), _pass(inner, writer), return_exceptions=True)
        for each in (writer, outer):
            each.close()

    def cut(self) -> None:
        """Nobody answers here any more."""
        self.path.unlink(missing_ok=True)
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """End it."""
        self.cut()
        time.sleep(0.2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@pytest.fixture
def wire(docker_engine: docker.DockerClient, tmp_path: Path) -> Iterator[Wire]:
    """A way to the engine that can be cut."""
    url = os.environ.get("DOCKER_HOST") or f"unix://{engine.DEFAULT_SOCKET}"
    if not url.startswith("unix://"):
        pytest.skip(f"only a way over a socket can be cut, not one to {url}")
    made = Wire(tmp_path / "engine.sock", url.removeprefix("unix://"))
    yield made
    made.close()


BOOT = """
from backends.base import BackendError
from backends.kind import KindBackend
try:
    with KindBackend({image!r}, name="dying", timeout_s=300) as backend:
        print("open", flush=True)
except BackendError as error:
    print("error:", error, flush=True)
"""


def test_an_engine_that_dies_is_said_and_its_node_is_removed_at_the_next_start(
    faulty: Callable[[str], str],
    docker_engine: docker.DockerClient,
    wire: Wire,
    program: Callable[..., Program],
) -> None:
    booting = program(BOOT.format(image=faulty("kubeadm-hangs")), {"DOCKER_HOST": f"unix://{wire.path}"})
    booting.until(lambda: "system services ..." in booting.said(), "the node is up")
    wire.cut()
    assert booting.process.wait(LONG_S) == 0
    assert re.search(r"error: .*(went away|no container engine|refused)", booting.said()), booting.said()
    assert "will be at the next start" in booting.said()
    assert leftovers.named(docker_engine, "dying") is not None
    said: list[str] = []
    assert leftovers.sweep(docker_engine, said.append) == 1
    assert said == [f"removed kubeactions-dying, left over from process {booting.process.pid}"]
