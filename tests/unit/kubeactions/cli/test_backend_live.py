"""`kubeactions backend check` and `sweep`, against our own API server over TLS."""

from __future__ import annotations

import base64
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from backends.live import LiveBackend
from backends.live.guard import LABEL, VALUE
from backends.rest import Rest, path_of
from kubeactions.cli import invoke
from tests.conformance.served import serve

pytestmark = pytest.mark.http


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a served cluster."""
    with serve(tmp_path_factory.mktemp("served"), "--tls") as served:
        yield served.kubeconfig


def test_check_says_who_we_are_and_what_we_may(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["backend", "check", "--kubeconfig", str(kubeconfig)]) == 0
    out = capsys.readouterr().out
    assert "you are   kubernetes-admin (system:masters, system:authenticated)" in out
    assert "permitted everything that scenarios need" in out


PLUGIN = """#!{python}
import json, os
assert json.loads(os.environ["KUBERNETES_EXEC_INFO"])["kind"] == "ExecCredential"
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {status!r}}}))
"""
"""Logs in, as those of cloud providers do: by printing a certificate with its key."""


def test_a_plugins_certificate_passes_through_a_proxy_as_somebody_else(
    kubeconfig: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = yaml.safe_load(kubeconfig.read_text())
    own = {key: base64.b64decode(text).decode() for key, text in document["users"][0]["user"].items()}
    status = {"clientCertificateData": own["client-certificate-data"], "clientKeyData": own["client-key-data"]}
    (tmp_path / "login").write_text(PLUGIN.format(python=sys.executable, status=status))
    (tmp_path / "login").chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": plugin, "as": "jane", "as-groups": ["devs", "ops"]}
    with Tunnel() as tunnel:
        document["clusters"][0]["cluster"]["proxy-url"] = tunnel.url
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
        assert invoke(["backend", "check", "--kubeconfig", str(tmp_path / "kubeconfig")]) == 1
        assert "you are   jane (devs, ops, system:authenticated)" in capsys.readouterr().out
        assert set(tunnel.asked) == {document["clusters"][0]["cluster"]["server"].removeprefix("https://")}
    assert invoke(["backend", "check", "--kubeconfig", str(tmp_path / "kubeconfig")]) == 5
    assert capsys.readouterr().err.endswith(
        " does not answer: cannot connect to its proxy: [Errno 111] Connection refused\n"
    )


class Tunnel:
    """A proxy of HTTP that passes connections on (RFC 9110, 9.3.6), and keeps where to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Tunnel:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += near.recv(1)
        self.asked.append(head.split()[1].decode())
        host, _, port = self.asked[-1].rpartition(":")
        with near, socket.create_connection((host, int(port))) as far:
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    while piece := source.recv(65536):
        sink.sendall(piece)
    sink.shutdown(socket.SHUT_WR)


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    )
    assert invoke(["backend", "check", "--kubeconfig", str(path)]) == 5
    error = capsys.readouterr().err
    assert error.startswith("kubeactions: c (http://127.0.0.1:9) does not answer: ")
    assert error.count("\n") == 1


def test_sweep_removes_what_is_old_enough_and_says_what(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LiveBackend(kubeconfig) as backend:
        rest = Rest(backend.client())
        body = {"metadata": {"name": "left-behind", "labels": {LABEL: VALUE}}}
        assert rest.send("POST", path_of("v1", "namespaces"), body).ok
        command = ["backend", "sweep", "--kubeconfig", str(kubeconfig)]
        assert invoke(command) == 0
        assert capsys.readouterr().out == ""
        assert invoke([*command, "--older-than", "0", "--dry-run"]) == 0
        assert capsys.readouterr().out == "would remove /api/v1/namespaces/left-behind\n"
        assert invoke([*command, "--older-than", "0"]) == 0
        assert capsys.readouterr().out == "removed /api/v1/namespaces/left-behind\n"
        found = rest.get(path_of("v1", "namespaces", name="left-behind"))
        assert found.status == 404 or found.body["status"]["phase"] == "Terminating"
