"""Credentials that change: rotated token files and exec plugins, and their errors in one line."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import Configuration

from backends.base import BackendError
from backends.clock import SimulatedClock
from backends.keys import KeyFiles
from backends.live import LiveBackend
from backends.live.credentials import REREAD_S, ExecPlugin, TokenFile
from backends.live.kubeconfig import Context


def token(configuration: Configuration) -> str:
    return str(configuration.get_api_key_with_prefix("BearerToken"))


def test_a_token_file_is_read_again_every_minute_and_kept_when_it_cannot_be(tmp_path: Path) -> None:
    path, clock, configuration = tmp_path / "token", SimulatedClock(), Configuration()
    path.write_text("one\n")
    TokenFile(path, clock).install(configuration)
    path.write_text("two\n")
    clock.advance(REREAD_S - 1)
    assert token(configuration) == "Bearer one"
    clock.advance(1)
    assert token(configuration) == "Bearer two"
    for content in (None, ""):
        path.unlink() if content is None else path.write_text(content)
        clock.advance(REREAD_S)
        assert token(configuration) == "Bearer two"


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_without_a_token_is_refused_at_the_start(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    with pytest.raises(BackendError, match=r"^\S*/token: (cannot read the token file: .*|the token file is empty)$"):
        TokenFile(tmp_path / "token", SimulatedClock())


def plugin(folder: Path, body: str) -> dict[str, Any]:
    """An exec entry whose command is the Python program `body`, in `folder`."""
    path = folder / "login"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, pathlib\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "interactiveMode": "Never"}


def credential(**status: str) -> str:
    document = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"print({json.dumps(document)!r})"


def asked(folder: Path, entry: Any) -> ExecPlugin:
    context = Context("x", "c", {"server": "https://c"}, {"exec": entry}, folder)
    return ExecPlugin(context, KeyFiles(), SimulatedClock())


def test_a_plugins_token_is_asked_for_again_when_it_expires(tmp_path: Path) -> None:
    clock, configuration = SimulatedClock(), Configuration()
    body = (
        "path = pathlib.Path('count'); n = len(path.read_text()) if path.exists() else 0\n"
        "path.write_text('x' * (n + 1))\n"
        "status = {'token': f't{n}', 'expirationTimestamp': '2026-01-01T00:10:00Z'}\n"
        "print(json.dumps({'apiVersion': json.loads(os.environ['KUBERNETES_EXEC_INFO'])['apiVersion'],"
        " 'kind': 'ExecCredential', 'status': status}))"
    )
    context = Context("x", "c", {"server": "https://c"}, {"exec": plugin(tmp_path, body)}, tmp_path)
    ExecPlugin(context, KeyFiles(), clock).install(configuration)
    assert token(configuration) == token(configuration) == "Bearer t0"
    clock.advance(600)
    assert token(configuration) == "Bearer t1"


def test_a_plugins_certificate_is_kept_in_a_private_file(tmp_path: Path) -> None:
    body = credential(clientCertificateData="CERT", clientKeyData="KEY")
    configuration = Configuration()
    given = asked(tmp_path, plugin(tmp_path, body))
    given.install(configuration)
    key = Path(configuration.key_file)
    assert (Path(configuration.cert_file).read_text(), key.read_text()) == ("CERT", "KEY")
    assert not key.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('log in first')", "exec: process returned 1. log in first"),
        ("print('hello')", "exec: failed to decode process output"),
        (credential(), "it gave neither a token nor a certificate"),
        (credential(clientCertificateData="C"), "it gave a certificate without its key"),
    ],
)
def test_a_plugin_that_fails_is_one_line(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(BackendError, match=f"^exec plugin './login' of context 'x': {message}") as caught:
        asked(tmp_path, plugin(tmp_path, body))
    assert "\n" not in str(caught.value)


def test_a_plugin_that_is_not_there_is_one_line_with_its_hint(tmp_path: Path) -> None:
    entry = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such", "installHint": "brew\n install it"}
    with pytest.raises(BackendError, match=r"^exec plugin 'no-such' of .*: there is no such command; brew install it$"):
        asked(tmp_path, entry)


def test_a_kubeconfig_with_a_plugin_is_used_and_leaves_no_keys(tmp_path: Path) -> None:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": plugin(tmp_path, credential(token="given"))}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    with LiveBackend(path) as backend:
        assert token(backend.client().configuration) == "Bearer given"
        own = Path(backend._own().put("key", b"KEY"))
        assert own.read_bytes() == b"KEY"
    assert not own.exists()
