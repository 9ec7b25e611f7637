"""`kubeactions run` as in a pod: the manifests' own account over TLS, its environment, its mounts, its probes, its end.

The API server judges by RBAC; the process has nothing but what the kubelet would give it: a token and a CA in a
directory, the service's address in the environment, two mounted ConfigMaps in the kubelet's layout. No HOME, no
kubeconfig.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

import backends
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from tests.cli.podlike import PodLike, order
from tests.cli.terminals import PATIENCE_S, ROOT, pod

pytestmark = [pytest.mark.http, pytest.mark.kubectl]


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[PodLike]:
    found = PodLike(tmp_path)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def admin(pods: PodLike) -> Iterator[Kube]:
    with backends.open("live", kubeconfig=pods.kubeconfig) as backend:
        yield Kube(backend.client(), SystemClock())


def test_a_pod_takes_actions_from_its_configmap_answers_its_probes_and_ends_in_time(pods: PodLike, admin: Kube) -> None:
    process = pods.pod_process("ka-0")
    pods.until(lambda: pods.ask("ka-0", "/readyz")[0] == 200, "it is ready")
    assert (pods.ask("ka-0", "/livez"), pods.ask("ka-0", "/healthz")) == ((200, "ok\n"), (200, "ok\n"))
    for number in (1, 2):
        uid = pod(admin, f"web-{number}")
        pods.mount.write(**{f"clean__v{number}__json": order(f"web-{number}")})

        def ended(number: int = number) -> bool:
            return f"clean:v{number}" in {line.get("action") for line in pods.said("ka-0") if line.get("status")}

        pods.until(ended, f"the end of clean:v{number}")

        def event(uid: str = uid) -> Any:
            found = admin.list("/api/v1/namespaces/default/events")["items"]
            about = [one for one in found if one["involvedObject"].get("uid") == uid]
            return next((one for one in about if one["reason"] == "ActionSucceeded"), None)

        found = pods.until(event, "the Event of it")
        assert found["reportingInstance"].startswith("ka-0_uid-of-ka-0_")
    ends = [line for line in pods.said("ka-0") if line.get("status")]
    assert ends[0].items() >= {
        "action": "clean:v1", "type": "delete_pod", "target": "Pod default/web-1", "status": "succeeded",
        "level": "info", "logger": "kubeactions.execution",
    }.items()  # fmt: skip
    assert ends[0]["timestamp"].endswith("Z")
    status, metrics = pods.ask("ka-0", "/metrics")
    assert status == 200
    assert 'kubeactions_actions_total{outcome="succeeded",type="delete_pod"} 2.0' in metrics
    assert "403" not in [line.split('code="')[1][:3] for line in metrics.splitlines() if "_api_requests_total{" in line]

    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    lease = admin.get("/apis/coordination.k8s.io/v1/namespaces/kubeactions/leases/kubeactions")
    assert lease["spec"]["holderIdentity"] == ""


@pytest.mark.slow
def test_an_api_server_that_goes_away_and_comes_back_is_three_lines(pods: PodLike) -> None:
    process = pods.pod_process("ka-0")
    pods.until(lambda: pods.ask("ka-0", "/readyz")[0] == 200, "it is ready")
    pods.processes["serve"].send_signal(signal.SIGSTOP)
    pods.processes["serve"].kill()
    pods.until(lambda: pods.ask("ka-0", "/readyz")[0] == 503, "it is not ready")
    assert "cannot connect to 127.0.0.1:" in pods.ask("ka-0", "/readyz")[1]
    assert pods.ask("ka-0", "/livez")[0] == 200
    pods.until(lambda: any(line["message"] == "lease lost" for line in pods.said("ka-0")), "the lease is lost")
    lines = [line for line in pods.said("ka-0") if "cannot connect" in line["message"]]
    assert 1 <= len(lines) <= 3, lines
    assert "urllib3" not in pods.log("ka-0")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_a_request_that_hangs_does_not_outlast_the_bound(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    command = [
        sys.executable,
        "-m",
        "kubeactions",
        "run",
        "--source",
        str(tmp_path),
        "--service-account",
        str(tmp_path),
    ]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = str(deaf.getsockname()[1])
        environment = {"PATH": os.environ["PATH"], "DD_KUBEACTIONS_SHUTDOWN_TIMEOUT_S": "1"}
        environment |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        connection, _ = deaf.accept()
        with connection:
            connection.recv(10)
            begun = SystemClock().monotonic()
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert SystemClock().monotonic() - begun < 2.5
    assert b"has not stopped in time" in said or b"the stop took too long" in said


def test_the_first_process_of_a_container_ends_at_once_while_it_still_starts(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "datadog.yaml")  # Whoever reads it waits.
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no process namespace can be made here")
    agent = [sys.executable, "-m", "kubeactions", "run", "--settings", str(tmp_path / "datadog.yaml")]
    process = subprocess.Popen([*command, *agent], cwd=ROOT)
    try:
        with (tmp_path / "datadog.yaml").open("w"):  # As soon as it reads.
            [first] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(first), signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def test_an_account_that_is_not_mounted_is_one_clear_line(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "kubeactions", "run", "--source", str(tmp_path), "--service-account", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    said = f"service account {tmp_path}: Service token file does not exist; it is for a process in a pod"
    told = f"kubeactions: {said}: elsewhere give --kubeconfig FILE"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (5, told)
