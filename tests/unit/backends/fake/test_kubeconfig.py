"""The kubeconfig names every user that the server knows, and is nobody else's to read."""

from __future__ import annotations

import base64
import ssl
import stat
from pathlib import Path

import yaml

from backends.certificates import Pair
from backends.fake.kubeconfig import kubeconfig, write
from backends.fake.messages import Identity
from backends.fake.tls import Tls

TOKENS = {"t1": Identity("alice"), "t2": Identity("bob"), "t3": Identity("alice")}


def test_without_a_token_table_there_is_one_user_without_credentials() -> None:
    config = kubeconfig("http://127.0.0.1:1")
    assert config["users"] == [{"name": "admin", "user": {}}]
    assert config["current-context"] == "admin"
    assert config["clusters"][0]["cluster"] == {"server": "http://127.0.0.1:1"}


def test_every_user_of_the_table_has_a_context_and_its_first_token() -> None:
    config = kubeconfig("http://127.0.0.1:1", TOKENS)
    assert {user["name"]: user["user"]["token"] for user in config["users"]} == {"alice": "t1", "bob": "t2"}
    assert [context["context"]["user"] for context in config["contexts"]] == ["alice", "bob"]


def decoded(text: str) -> str:
    return base64.b64decode(text).decode()


def test_the_authority_and_the_administrators_certificate_are_in_it() -> None:
    tls = Tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "authority", Pair("certificate", "key"))
    config = kubeconfig("https://127.0.0.1:1", TOKENS, tls)
    assert decoded(config["clusters"][0]["cluster"]["certificate-authority-data"]) == "authority"
    user = config["users"][-1]
    assert user["name"] == "kubernetes-admin"
    assert decoded(user["user"]["client-certificate-data"]) == "certificate"
    assert decoded(user["user"]["client-key-data"]) == "key"
    assert config["current-context"] == "alice"
    assert kubeconfig("https://127.0.0.1:1", None, tls)["current-context"] == "kubernetes-admin"


def test_the_file_is_its_owners_alone_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config"
    write(path, kubeconfig("http://127.0.0.1:1", TOKENS))
    assert yaml.safe_load(path.read_text())["kind"] == "Config"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
