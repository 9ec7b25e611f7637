"""Webhooks over real HTTPS: certificates, deadlines, and a cluster that is served while it asks."""

from __future__ import annotations

import base64
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from backends.certificates import CertificateAuthority
from backends.clock import SystemClock
from backends.fake.cluster import Cluster
from backends.fake.policies.calling import call_over_https
from backends.fake.policies.callouts import Callout
from backends.fake.serving import Listener
from tests.unit.backends.fake.door import CM, config_map

WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class _Webhook(http.server.BaseHTTPRequestHandler):
    """Adds what its path says; `/slow` drips, `/broken` fails, `/back` asks the cluster before it answers."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = self.path.partition("?")[0]
        if path == "/broken":
            self.send_error(500, "broken")
            return
        if path == "/back":
            assert requests.get(f"{self.server.cluster_url}/api/v1/namespaces/default", timeout=5).ok  # type: ignore[attr-defined]
        request = orjson.loads(body)["request"]
        patch = orjson.dumps([{"op": "add", "path": "/data/path", "value": path}])
        response = {
            "uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(patch).decode(),
        }  # fmt: skip
        answer = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": response}
        self.send_response(200)
        self.end_headers()
        for byte in orjson.dumps(answer):
            self.wfile.write(bytes((byte,)))
            if path == "/slow":
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


class Served:
    """A webhook on loopback, with a certificate for the Service `s` in the namespace `n`."""

    def __init__(self, folder: Path) -> None:
        self.authority = CertificateAuthority.create("webhooks", SystemClock().wall())
        pair = self.authority.issue_server(["s.n.svc", "127.0.0.1"])
        (folder / "c.pem").write_text(pair.certificate_pem)
        (folder / "k.pem").write_text(pair.key_pem)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Webhook)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "c.pem", folder / "k.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.bundle = self.authority.certificate_pem.encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    webhook = Served(tmp_path)
    yield webhook
    webhook.close()


def callout(url: str, bundle: bytes, *, timeout_s: float = 5, name: str = "") -> Callout:
    body = orjson.dumps({"request": {"uid": "1"}})
    return Callout("k", url, url, body, timeout_s, bundle, name)


@pytest.mark.http
def test_a_call_is_made_over_https_with_the_certificate_checked(served: Served) -> None:
    answer = call_over_https(callout(f"{served.url}/a", served.bundle, name="s.n.svc"))
    assert (answer.code, orjson.loads(answer.body)["response"]["uid"]) == (200, "1")
    assert call_over_https(callout(f"{served.url}/broken", served.bundle)).code == 500
    other = CertificateAuthority.create("other", SystemClock().wall()).certificate_pem.encode()
    assert "certificate verify failed" in call_over_https(callout(served.url, other)).problem.lower()
    wrong = call_over_https(callout(served.url, served.bundle, name="other.n.svc")).problem
    assert "other.n.svc" in wrong
    with socket.socket() as deaf:  # bound, so that nobody else has the port, and not listening
        deaf.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        assert "refused" in call_over_https(callout(url, served.bundle)).problem
    assert "no network" in call_over_https(Callout("k", "u", "", b"", 1, b"", "")).problem


@pytest.mark.http
def test_a_webhook_that_drips_is_left_at_its_deadline(served: Served) -> None:
    begin = time.monotonic()
    answer = call_over_https(callout(f"{served.url}/slow", served.bundle, timeout_s=0.3))
    assert answer.problem.endswith("context deadline exceeded")
    assert time.monotonic() - begin < 2


@pytest.mark.http
def test_a_served_cluster_answers_others_while_it_asks(served: Served) -> None:
    cluster = Cluster(controllers=False, webhook_services={"n/s": served.url})
    listener = Listener(cluster)
    try:
        served.server.cluster_url = listener.url  # type: ignore[attr-defined]
        client = {"service": {"namespace": "n", "name": "s", "path": "/back"}}
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        webhook = {
            "name": "m.example.com", "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {**client, "caBundle": base64.b64encode(served.bundle).decode()},
        }  # fmt: skip
        made = requests.post(
            listener.url + WEBHOOKS, json={"metadata": {"name": "m"}, "webhooks": [webhook]}, timeout=5
        )
        assert made.status_code == 201, made.text
        answer = requests.post(listener.url + CM, json=config_map(), timeout=10)
        assert (answer.status_code, answer.json()["data"]) == (201, {"k": "v", "path": "/back"})
    finally:
        listener.close()
