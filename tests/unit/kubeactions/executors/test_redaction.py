"""The redaction's documented list, item by item, and what it must leave alone."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kubeactions.executors._redaction import HIDDEN, redact

SENSITIVE = [
    "password",
    "DB_PASSWORD",
    "db-passwd",
    "rootPassphrase",
    "client_secret",
    "authToken",
    "API_KEY",
    "apiKey",
    "app.key",
    "aws-access-key-id",
    "pwd",
    "auth",
    "private_key",
    "credentials",
    "Authorization",
    "session-cookie",
    ".dockerconfigjson",
    "connectionString",
    "dsn",
    "DB_PASS",
    "MYSQL_PWD",
]


@pytest.mark.parametrize("name", SENSITIVE)
@pytest.mark.parametrize("value", ["hunter2", 7, ["hunter2"], {"deep": "hunter2"}])
def test_a_value_under_a_sensitive_name_is_hidden_whatever_it_is(name: str, value: Any) -> None:
    assert redact({"data": {name: value}}) == {"data": {name: HIDDEN}}


@pytest.mark.parametrize(
    "found",
    [
        {"secretName": "tls"},
        {"secretKeyRef": {"name": "db", "key": "user"}},
        {"volumes": [{"name": "tls", "secret": {"secretName": "tls"}}], "secrets": [{"name": "sa"}]},
        {"serviceAccountToken": {"path": "t", "expirationSeconds": 3607}, "passthrough": "yes"},
        {"imagePullSecrets": [{"name": "regcred"}]},
        {"automountServiceAccountToken": False},
        {"author": "me", "keyboard": "de", "passenger": "x", "path": "/a"},
        {"password": None, "token": ""},
        {"name": "PATH", "value": "/bin"},
    ],
)
def test_what_tells_no_secret_is_left_alone(found: dict[str, Any]) -> None:
    assert redact(found) == found


def test_an_environment_variable_is_judged_by_its_name() -> None:
    found = redact({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "HOME", "value": "/root"}]})
    assert found == {"env": [{"name": "DB_PASSWORD", "value": HIDDEN}, {"name": "HOME", "value": "/root"}]}


@pytest.mark.parametrize("name", ["SECRET", "secrets", "Secret", "COOKIE_SECRET", "SECRET_NAME"])
def test_what_is_called_secret_is_one_unless_it_is_the_apis_own_member(name: str) -> None:
    assert redact({"env": [{"name": name, "value": "hunter2"}]}) == {"env": [{"name": name, "value": HIDDEN}]}


@pytest.mark.parametrize("name", ["secret", "SECRETS", "secretRef", "service-account-token"])
def test_a_text_under_a_name_of_the_api_that_holds_none_there_is_hidden(name: str) -> None:
    assert redact({"data": {name: "hunter2"}}) == {"data": {name: HIDDEN}}


@pytest.mark.parametrize(
    "text",
    [
        "postgres://app:hunter2@db/x",
        "curl -H 'Authorization: Bearer hunter2hunter2'",
        "--password=hunter2 --verbose",
        'api_key: "hunter2"',
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_secret_inside_a_text_is_hidden(text: str) -> None:
    found = redact({"args": [text]})["args"][0]
    assert "hunter2" not in found
    assert HIDDEN in found


def test_what_repeats_the_object_is_hidden() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"x":"hunter2"}}', "a": "b"}
    found = redact({"metadata": {"annotations": annotations, "managedFields": [{"x": 1}]}})
    assert found == {
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": HIDDEN, "a": "b"}}
    }


@pytest.mark.parametrize("words", [(), ("",), (" - ",)])
def test_an_empty_word_hides_nothing(words: tuple[str, ...]) -> None:
    assert redact({"colour": "blue"}, words) == {"colour": "blue"}


def test_numbers_stay_as_they_are() -> None:
    found = {"generation": 9007199254740993, "least": -(2**63), "most": 2**64 - 1, "half": 0.5}
    assert redact(found) == found


def test_the_input_is_not_changed() -> None:
    found = {"data": {"password": "hunter2"}}
    redact(found)
    assert found == {"data": {"password": "hunter2"}}


@pytest.mark.parametrize(
    "text", ["x" * 400_000, "secret" * 60_000, "://a:" * 80_000, "-----BEGIN PRIVATE KEY-----" * 9000]
)
def test_a_long_text_costs_its_length_and_not_its_square(text: str) -> None:
    before = time.process_time()
    redact({"data": {"x": text}})
    assert time.process_time() - before < 2
