"""ConfigMaps and Secrets: keys, sizes, types, and what immutability means."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import prepare_defaults, validate_create, validate_update

CONFIG_MAP, SECRET = ("", "v1", "ConfigMap"), ("", "v1", "Secret")
META = {"name": "a", "resourceVersion": "1"}
FROZEN = "Forbidden: field is immutable when `immutable` is set"


def test_string_data_becomes_data_and_is_gone() -> None:
    secret: dict[str, Any] = {"metadata": META, "data": {"a": "eA=="}, "stringData": {"b": "hunter2", "a": "y"}}

    prepare_defaults(SECRET, secret)

    assert secret == {"metadata": META, "type": "Opaque", "data": {"a": "eQ==", "b": "aHVudGVyMg=="}}


@pytest.mark.parametrize(
    ("content", "field", "message"),
    [
        ({"data": {"bad key": "x"}}, "data[bad key]", None),
        ({"data": {"a": "x"}, "binaryData": {"a": "eA=="}}, "data[a]",
         'Invalid value: "a": duplicate of key present in binaryData'),
        ({"data": {"a": "x" * (1024 * 1024 + 1)}}, "[]", "Too long: may not be more than 1048576 bytes"),
        ({"data": {"a": "ä" * (1024 * 512 + 1)}}, "[]", "Too long: may not be more than 1048576 bytes"),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_config_map(content: dict[str, Any], field: str, message: str | None) -> None:
    cause = validate_create(CONFIG_MAP, {"metadata": META, **content})[0]

    assert cause.field == field
    assert message is None or cause.message == message


def test_a_config_map_may_be_full() -> None:
    assert validate_create(CONFIG_MAP, {"metadata": META, "data": {"a": "x" * 1024 * 1024}}) == []


def test_an_immutable_config_map_keeps_its_content_and_its_immutability() -> None:
    old = {"metadata": META, "immutable": True, "data": {"k": "v"}}
    new = {"metadata": META, "data": {"k": "other"}, "binaryData": {"b": "eA=="}}

    causes = validate_update(CONFIG_MAP, new, old)

    assert [(cause.field, cause.message) for cause in causes] == [
        ("immutable", FROZEN), ("data", FROZEN), ("binaryData", FROZEN),
    ]  # fmt: skip
    assert validate_update(CONFIG_MAP, {**old, "metadata": {**META, "labels": {"a": "b"}}}, old) == []


@pytest.mark.parametrize(
    ("secret", "fields"),
    [
        ({"type": "kubernetes.io/tls"}, ["data[tls.crt]", "data[tls.key]"]),
        ({"type": "kubernetes.io/basic-auth"}, ["data[username]", "data[password]"]),
        ({"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]"]),
        ({"type": "kubernetes.io/dockerconfigjson"}, ["data[.dockerconfigjson]"]),
        ({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}},
         ["data[.dockerconfigjson]"]),
        ({"type": "kubernetes.io/service-account-token"},
         ["metadata.annotations[kubernetes.io/service-account.name]"]),
        ({"type": "example.com/own"}, []),
    ],
)  # fmt: skip
def test_the_type_of_a_secret_asks_for_keys(secret: dict[str, Any], fields: list[str]) -> None:
    assert [cause.field for cause in validate_create(SECRET, {"metadata": META, **secret})] == fields


def test_a_secret_keeps_its_type() -> None:
    causes = validate_update(SECRET, {"metadata": META, "type": "b"}, {"metadata": META, "type": "a"})

    assert [(cause.field, cause.message) for cause in causes] == [("type", 'Invalid value: "b": field is immutable')]


def test_an_immutable_secret_keeps_its_content() -> None:
    old = {"metadata": META, "type": "Opaque", "immutable": True, "data": {"a": "eA=="}}

    assert [cause.field for cause in validate_update(SECRET, {**old, "data": {}}, old)] == ["data"]
    assert [cause.field for cause in validate_update(SECRET, {**old, "immutable": None}, old)] == ["immutable"]
