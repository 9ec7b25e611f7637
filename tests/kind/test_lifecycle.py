"""From start to end, and back: Ctrl-C, kills, leftovers, clusters that are kept and taken again.

That nothing is left is asserted after each test (`conftest.nothing_is_left`), unless a test leaves it on purpose and
removes it itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.base import BackendError
from backends.kind import KindBackend, leftovers
from backends.kind.labels import Labels, Owner
from backends.kind.progress import Silent
from tests.kind.conftest import ROOT, Program

if TYPE_CHECKING:
    import docker

OPEN = """
import sys, time
from backends.kind import KindBackend
with KindBackend({image!r}, name="mortal", timeout_s=300) as backend:
    print("open", flush=True)
    time.sleep(600)
"""
PATIENCE_S = 180.0
"""For what must happen; only a test that fails waits so long."""


def eventually(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.1)


def janitors() -> list[str]:
    """The processes of janitors on this machine."""
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if "-m backends.kind.janitor" in line]


@pytest.mark.parametrize("moment", ["node container", "kubeadm"])
def test_ctrl_c_in_the_middle_of_a_boot_leaves_nothing(
    moment: str, node_image: str, docker_engine: docker.DockerClient, program: Callable[..., Program]
) -> None:
    booting = program(OPEN.format(image=node_image))
    if moment == "kubeadm":
        booting.until(lambda: "system services ..." in booting.said(), moment)
    else:
        booting.until(lambda: leftovers.named(docker_engine, "mortal"), moment)
    booting.process.send_signal(signal.SIGINT)
    assert booting.process.wait(PATIENCE_S) == -signal.SIGINT, booting.said()
    assert "KeyboardInterrupt" in booting.said()
    assert leftovers.named(docker_engine, "mortal") is None
    eventually(lambda: not janitors(), "the janitor has gone home")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_leaves_nothing(
    how: signal.Signals, node_image: str, docker_engine: docker.DockerClient, program: Callable[..., Program]
) -> None:
    using = program(OPEN.format(image=node_image))
    using.until(lambda: "open" in using.said().split(), "the cluster is open")
    using.process.send_signal(how)
    using.process.wait(PATIENCE_S)
    eventually(lambda: leftovers.named(docker_engine, "mortal") is None, "its janitor has removed it")
    eventually(lambda: not janitors(), "the janitor has gone home")


def test_what_a_killed_process_and_its_killed_janitor_left_is_removed_at_the_next_start(
    stand_in: str, docker_engine: docker.DockerClient, program: Callable[..., Program]
) -> None:
    using = program(OPEN.format(image=stand_in))
    using.until(lambda: "open" in using.said().split(), "the cluster is open")
    for line in subprocess.run(
        ["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if "-m backends.kind.janitor" in line:
            os.kill(int(line.split()[0]), signal.SIGKILL)
    using.close()
    [left] = [each for each in leftovers.nodes(docker_engine) if each.labels.name == "mortal"]
    assert left.state == "left over"
    said = Said()
    with KindBackend(stand_in, progress=said):
        assert leftovers.named(docker_engine, "mortal") is None
    assert f"removed kubeactions-mortal, left over from process {using.process.pid}" in said.lines


class Said(Silent):
    """Remembers what a person would have been told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """Remember it."""
        self.lines.append(text)


def test_a_node_of_a_process_that_lives_is_not_touched(stand_in: str, docker_engine: docker.DockerClient) -> None:
    with KindBackend(stand_in, name="alive", progress=Silent()) as backend:
        assert leftovers.sweep(docker_engine, print) == 0
        found = leftovers.named(docker_engine, "alive")
        assert found is not None
        assert found.state == "in use"
        with pytest.raises(BackendError, match="belongs to process"), KindBackend(stand_in, name="alive", keep=True):
            pass
        assert backend.client() is not None


@pytest.fixture
def cli(docker_engine: docker.DockerClient) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """The command line; what it keeps is removed in the end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kubeactions", "backend", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    yield run
    for found in leftovers.nodes(docker_engine):
        if found.labels.name.startswith("kept"):
            found.remove()


def test_a_kept_cluster_is_taken_again_listed_and_stopped(
    node_image: str, cli: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    first = cli("start", "--keep", "--name", "kept", "--image", node_image, "--kubeconfig", str(kubeconfig))
    assert first.returncode == 0, first.stderr
    assert "kubeadm ..." in first.stderr
    second = cli("start", "--keep", "--name", "kept", "--image", node_image)
    assert second.returncode == 0, second.stderr
    assert "kubeadm ..." not in second.stderr
    assert "taking the cluster kept, which runs already" in second.stderr
    listed = {row["name"]: row for row in json.loads(cli("list", "--json").stdout)}
    assert listed["kept"]["state"] == "kept"
    assert listed["kept"]["address"].startswith("https://127.0.0.1:")
    assert "kept" in cli("list").stdout
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "get", "nodes", "-o", "name"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "node/kubeactions-kept\n"
    stopped = cli("stop", "kept")
    assert (stopped.returncode, stopped.stdout) == (0, "removed kept\n")
    again = cli("stop", "kept")
    assert again.returncode == 1
    assert "no cluster is called kept" in again.stderr


def test_a_kept_cluster_of_another_image_is_not_taken(
    stand_in: str, faulty: Callable[[str], str], cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert cli("start", "--keep", "--name", "kept", "--image", stand_in).returncode == 0
    other = faulty("exits")
    refused = cli("start", "--keep", "--name", "kept", "--image", other)
    assert refused.returncode == 5
    assert refused.stderr.splitlines()[-1] == (
        f"kubeactions: the cluster kept runs {stand_in}, not {other}; `kubeactions backend stop kept` removes it"
    )


def test_two_processes_that_want_the_same_kept_cluster_boot_it_once(
    stand_in: str, docker_engine: docker.DockerClient, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    del cli
    command = [sys.executable, "-m", "kubeactions", "backend", "start", "--keep", "--name", "kept-twice"]
    both = [
        subprocess.Popen([*command, "--image", stand_in], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=PATIENCE_S)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("kubeadm ..." in text for text in said) == 1, said
    assert len([each for each in leftovers.nodes(docker_engine) if each.labels.name == "kept-twice"]) == 1


def test_a_kept_cluster_whose_boot_was_killed_is_booted_by_whoever_waits(
    stand_in: str,
    docker_engine: docker.DockerClient,
    faulty: Callable[[str], str],
    program: Callable[..., Program],
) -> None:
    text = OPEN.replace("timeout_s", "keep=True, timeout_s")
    first = program(text.format(image=faulty("kubeadm-hangs")))
    first.until(lambda: "system services ..." in first.said(), "it boots")
    second = program(text.format(image=stand_in))
    time.sleep(1)
    first.process.kill()
    second.until(lambda: "open" in second.said().split(), "the other one has booted it")
    found = leftovers.named(docker_engine, "mortal")
    assert found is not None
    assert found.state == "kept"
    assert found.labels.image == stand_in
    found.remove()


def test_start_without_keep_ends_with_ctrl_c(stand_in: str, docker_engine: docker.DockerClient, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kubeactions", "backend", "start", "--name", "held", "--image", stand_in]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    eventually(lambda: "Ctrl-C ends it." in log.read_text(), "it runs")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0, log.read_text()
    assert leftovers.named(docker_engine, "held") is None


def test_stop_without_a_name_leaves_what_others_use(
    stand_in: str, docker_engine: docker.DockerClient, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with KindBackend(stand_in, name="alive", progress=Silent()):
        assert cli("start", "--keep", "--name", "kept", "--image", stand_in).returncode == 0
        assert cli("stop").stdout == "removed kept\n"
        assert leftovers.named(docker_engine, "alive") is not None


def test_nodes_are_listed_while_one_is_removed_with_the_stand_in(
    stand_in: str, docker_engine: docker.DockerClient
) -> None:
    for number in range(10):
        labels = Labels(f"going-{number}", "session", False, Owner.me(), stand_in)
        made = docker_engine.containers.create(stand_in, labels=labels.as_dict())
        thread = threading.Thread(target=made.remove)
        thread.start()
        while thread.is_alive():
            leftovers.nodes(docker_engine)
        thread.join()
    assert not [each for each in leftovers.nodes(docker_engine) if each.labels.name.startswith("going")]
