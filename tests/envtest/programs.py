"""Stand-ins for `etcd` and `kube-apiserver`: they take exactly the flags of the real ones, and refuse all others.

`install` makes the two executables. The etcd answers `/health` and stores nothing; the kube-apiserver asks for its etcd
and then becomes our own in-memory server, over TLS with the certificates that it was given, without controllers. A
`behaviour` makes one misbehave: `says` a line first, `dies` after so many seconds, `hangs` and never listens,
`never_ready`, or ignores SIGTERM (`deaf`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]

ETCD_FLAGS = {
    "advertise-client-urls",
    "auto-compaction-mode",
    "auto-compaction-retention",
    "data-dir",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "listen-client-urls",
    "listen-peer-urls",
    "log-level",
    "max-txn-ops",
    "name",
    "quota-backend-bytes",
    "snapshot-count",
    "unsafe-no-fsync",
}
"""Of etcd 3.5 and 3.6, those that anybody would pass here. (`snapshot-count` is deprecated in 3.6 and still there.)"""

API_SERVER_FLAGS = {
    "admission-control-config-file",
    "advertise-address",
    "allow-privileged",
    "anonymous-auth",
    "audit-log-path",
    "audit-policy-file",
    "authorization-mode",
    "bind-address",
    "cert-dir",
    "client-ca-file",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "endpoint-reconciler-type",
    "etcd-compaction-interval",
    "etcd-prefix",
    "etcd-servers",
    "event-ttl",
    "feature-gates",
    "max-requests-inflight",
    "profiling",
    "runtime-config",
    "secure-port",
    "service-account-issuer",
    "service-account-key-file",
    "service-account-signing-key-file",
    "service-cluster-ip-range",
    "tls-cert-file",
    "tls-private-key-file",
    "token-auth-file",
    "v",
}
"""Of kube-apiserver 1.34 to 1.36, those that anybody would pass here."""

MUST = {
    "etcd-servers",
    "service-account-issuer",
    "service-account-signing-key-file",
    "service-account-key-file",
}
"""Without these the real one does not start."""


def install(folder: Path, **behaviour: Mapping[str, Any]) -> Path:
    """Put both programs into `folder`; `etcd={"dies": 1}` and `api_server={...}` say how they misbehave."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, function in (("etcd", "etcd"), ("kube-apiserver", "api_server")):
        path = folder / name
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            f"from tests.envtest import programs\nprograms.{function}({dict(behaviour.get(function, {}))!r})\n"
        )
        path.chmod(0o755)
    return folder


def etcd(behaviour: Mapping[str, Any]) -> None:
    """Be etcd."""
    if sys.argv[1:] == ["--help"]:
        print("\n".join(f"  --{flag}" for flag in sorted(ETCD_FLAGS - set(behaviour.get("lacks", ())))))
        return
    flags = _flags(ETCD_FLAGS - set(behaviour.get("lacks", ())), "flag provided but not defined: -{}")
    _misbehave(behaviour)
    if not Path(flags["data-dir"]).is_dir():
        sys.exit(f"no such directory: {flags['data-dir']}")
    url = urlsplit(flags["listen-client-urls"])
    try:
        server = HTTPServer((url.hostname or "", url.port or 0), Health)
    except OSError:
        sys.exit(f'{{"level":"fatal","error":"listen tcp {url.netloc}: bind: address already in use"}}')
    server.serve_forever()


class Health(BaseHTTPRequestHandler):
    """GET /health, as etcd answers it."""

    def do_GET(self) -> None:
        body = json.dumps({"health": "true", "reason": ""}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Say nothing."""


def api_server(behaviour: Mapping[str, Any]) -> None:
    """Be kube-apiserver."""
    flags = _flags(API_SERVER_FLAGS, "Error: unknown flag: --{}")
    if missing := MUST - flags.keys():
        sys.exit(f"Error: --{sorted(missing)[0]} must be specified")
    _misbehave(behaviour)
    try:
        urllib.request.urlopen(f"{flags['etcd-servers']}/health", timeout=5).read()
    except OSError as error:
        sys.exit(f"Error: context deadline exceeded: etcd {flags['etcd-servers']}: {error}")
    port = int(flags["secure-port"])
    try:
        socket.create_server((flags["bind-address"], port)).close()
    except OSError:
        sys.exit(f"failed to create listener: listen tcp {flags['bind-address']}:{port}: bind: address already in use")
    if behaviour.get("never_ready"):
        HTTPServer((flags["bind-address"], port), Health).serve_forever()
    _become_the_in_memory_server(flags)


def _become_the_in_memory_server(flags: Mapping[str, str]) -> None:
    taken = ("tls-cert-file", "tls-private-key-file", "client-ca-file", "token-auth-file", "authorization-mode")
    arguments = [f"--{name}={flags[name]}" for name in taken if name in flags]
    bare = ["--no-controllers", "--no-scheduler", "--no-kubelet", "--nodes=0"]
    where = [f"--host={flags['bind-address']}", f"--port={flags['secure-port']}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kubeactions", "fake", "serve", *where, *bare, *arguments]
    os.execve(sys.executable, command, environment)


def _flags(known: set[str], complaint: str) -> dict[str, str]:
    """The flags that were given. Exits as the real program does when it is given one that it does not know."""
    given = [argument.removeprefix("--").partition("=") for argument in sys.argv[1:]]
    for name, equals, _ in given:
        if name not in known or not equals:
            sys.exit(complaint.format(name))
    return {name: value for name, _, value in given}


def _misbehave(behaviour: Mapping[str, Any]) -> None:
    if "says" in behaviour:
        print(behaviour["says"], flush=True)
    if behaviour.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "dies" in behaviour:
        time.sleep(behaviour["dies"])
        sys.exit(3)
    if behaviour.get("hangs"):
        time.sleep(600)
