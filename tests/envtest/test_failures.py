"""What goes wrong with a control plane, proved with stand-ins: one clear message each, and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backends.base import BackendError
from backends.envtest import EnvtestBackend, control_plane
from backends.envtest.processes import free_ports
from backends.rest import Rest
from tests.envtest.conftest import Installed
from tests.envtest.programs import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary folders of this test are made here, so that one which is left shows."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def children(assets: Path) -> set[str]:
    """The command lines of this process's children that are programs of `assets`, or keep watch over them."""
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return {line for line in listed.stdout.splitlines() if str(assets) in line or "envtest" in line}


def refusal(assets: Path, folder: Path, **options: Any) -> str:
    """What a boot that must fail says; nothing may be left of it."""
    with pytest.raises(BackendError) as caught, EnvtestBackend(assets, **options):
        pass
    assert list(folder.iterdir()) == []
    assert children(assets) == set()
    return str(caught.value)


def test_stand_in_etcd_that_dies_is_named_with_its_last_words(installed: Installed, own_folder: Path) -> None:
    said = refusal(installed(etcd={"says": "panic: the disk is on fire", "dies": 0.1}), own_folder)
    assert said == "envtest: etcd ended with exit code 3; it said:\n  panic: the disk is on fire"


def test_stand_in_api_server_that_dies_takes_etcd_with_it(installed: Installed, own_folder: Path) -> None:
    said = refusal(installed(api_server={"dies": 0.1}), own_folder)
    assert said == "envtest: kube-apiserver ended with exit code 3; it said nothing"


def test_stand_in_that_hangs_is_given_up(installed: Installed, own_folder: Path) -> None:
    said = refusal(installed(etcd={"hangs": True}), own_folder, ready_within_s=0.5)
    assert said == "envtest: etcd is not ready within 0.5 s (no answer yet); it said nothing"


def test_stand_in_api_server_that_never_gets_ready_is_given_up(installed: Installed, own_folder: Path) -> None:
    said = refusal(installed(api_server={"never_ready": True, "says": "waiting"}), own_folder, ready_within_s=2.0)
    assert said.startswith("envtest: kube-apiserver is not ready within 2 s (no answer yet); it said:\n  waiting")


def test_a_flag_that_is_not_known_is_said_by_the_stand_in_itself(installed: Installed, own_folder: Path) -> None:
    said = refusal(installed(), own_folder, api_server_flags=["--insecure-port=8080"])
    assert "kube-apiserver ended with exit code 1; it said:\n  Error: unknown flag: --insecure-port" in said


def test_stand_in_etcd_of_an_old_release_is_not_asked_for_what_it_lacks(installed: Installed) -> None:
    with EnvtestBackend(installed(etcd={"lacks": ["unsafe-no-fsync"]}), nodes=0) as backend:
        assert Rest(backend.client()).get("/readyz").ok


def test_a_port_that_is_taken_meanwhile_is_replaced_by_another(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        choices = iter([[taken, *free_ports(1)], [*free_ports(1), taken]])
        monkeypatch.setattr(control_plane, "free_ports", lambda count: next(choices, None) or free_ports(count))
        with EnvtestBackend(installed(), nodes=0) as backend:
            assert Rest(backend.client()).get("/readyz").ok
        assert next(choices, None) is None


def test_a_stand_in_that_does_not_listen_to_sigterm_is_killed(
    installed: Installed, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.envtest.processes.STOP_S", 0.3)
    refusal(installed(etcd={"deaf": True}, api_server={"dies": 0.0}), own_folder)


def test_stand_in_that_dies_later_is_named_when_a_client_is_asked_for(installed: Installed, own_folder: Path) -> None:
    assets = installed()
    with EnvtestBackend(assets) as backend:
        etcd, api_server = backend.pids
        os.kill(api_server, signal.SIGKILL)
        # Its socket is closed before it has ended; it is left to the backend to reap it.
        os.waitid(os.P_PID, api_server, os.WEXITED | os.WNOWAIT)
        with pytest.raises(BackendError, match="kube-apiserver was killed by SIGKILL"):
            backend.client()
        os.kill(etcd, signal.SIGKILL)
    assert list(own_folder.iterdir()) == []
    assert children(assets) == set()


def test_what_fails_while_it_is_used_leaves_nothing(installed: Installed, own_folder: Path) -> None:
    backend = EnvtestBackend(installed())
    with pytest.raises(ZeroDivisionError), backend:
        raise ZeroDivisionError
    pids = backend.pids
    assert len(pids) == 2
    assert list(own_folder.iterdir()) == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert backend.phases["teardown"] > 0


PROGRAM = """
import sys, time
from backends.envtest import EnvtestBackend
with EnvtestBackend(sys.argv[1]) as backend:
    print(*backend.pids, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stand_ins_end_with_whoever_started_them_whatever_the_signal(
    installed: Installed, own_folder: Path, number: signal.Signals
) -> None:
    environment = {**os.environ, "TMPDIR": str(own_folder), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(installed())],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    pids = process.stdout.readline().split()
    assert len(pids) == 2
    process.send_signal(number)
    process.communicate()
    ends_at = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) or list(own_folder.iterdir()):
        assert time.monotonic() < ends_at, f"left after {number.name}: {list(own_folder.iterdir())}"
        time.sleep(0.02)


def test_sigint_in_the_middle_of_the_boot_leaves_nothing(installed: Installed, own_folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(own_folder), "PYTHONPATH": str(ROOT)}
    assets = installed(etcd={"hangs": True})
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(assets)], env=environment, stderr=subprocess.PIPE)
    while not list(own_folder.glob("*/etcd.log")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert error.rstrip().endswith(b"KeyboardInterrupt")
    assert list(own_folder.iterdir()) == []
