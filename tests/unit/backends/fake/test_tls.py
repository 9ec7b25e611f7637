"""How a served cluster is secured, and whom a client's certificate stands for."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.certificates import CertificateAuthority, Pair
from backends.clock import SystemClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Identity
from backends.fake.serving import Listener
from backends.fake.tls import Tls, TlsError, from_files, identity_of, names, own


def write(folder: Path, pair: Pair) -> tuple[Path, Path]:
    certificate, key = folder / "c.pem", folder / "k.pem"
    certificate.write_text(pair.certificate_pem)
    key.write_text(pair.key_pem)
    return certificate, key


@pytest.fixture
def listen() -> Iterator[Callable[[Tls], Listener]]:
    """Serves an empty cluster, closed at the end."""
    listeners: list[Listener] = []

    def start(tls: Tls) -> Listener:
        listeners.append(Listener(Cluster(controllers=False), tls=tls))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def who(listener: Listener, authority_pem: str, client: tuple[Path, Path] | None) -> dict[str, Any]:
    """Whom the server takes us for."""
    host, port = listener.url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cadata=authority_pem)
    if client is not None:
        context.load_cert_chain(*client)
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=5)
    body = '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'
    try:
        connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
        user: dict[str, Any] = json.loads(connection.getresponse().read())["status"]["userInfo"]
    finally:
        connection.close()
    return user


@pytest.mark.http
def test_a_client_certificate_is_the_user_whatever_the_headers_say(
    tmp_path: Path, listen: Callable[[Tls], Listener]
) -> None:
    authority = CertificateAuthority.create("ca", SystemClock().wall())
    certificate, key = write(tmp_path, authority.issue_server(["127.0.0.1"]))
    ca = tmp_path / "ca.pem"
    ca.write_text(authority.certificate_pem)
    listener = listen(from_files(certificate, key, ca))
    (tmp_path / "client").mkdir()
    user = who(listener, authority.certificate_pem, write(tmp_path / "client", authority.issue_client("al", ["devs"])))
    assert (user["username"], user["groups"]) == ("al", ["devs", "system:authenticated"])
    assert user["extra"]["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")


@pytest.mark.http
def test_a_certificate_of_another_authority_ends_the_connection(
    tmp_path: Path, listen: Callable[[Tls], Listener]
) -> None:
    tls = own([], SystemClock().wall())
    stranger = CertificateAuthority.create("kubernetes", SystemClock().wall())
    with pytest.raises((ssl.SSLError, ConnectionError)):  # an alert, or an end before it has been read
        who(listen(tls), tls.authority_pem, write(tmp_path, stranger.issue_client("mallory", ["system:masters"])))


@pytest.mark.http
def test_the_listeners_kubeconfig_brings_the_administrator(tmp_path: Path, listen: Callable[[Tls], Listener]) -> None:
    tls = own([], SystemClock().wall())
    listener = listen(tls)
    listener.write_kubeconfig(tmp_path / "config")
    user = yaml.safe_load((tmp_path / "config").read_text())["users"][0]["user"]
    pems = [base64.b64decode(user[f"client-{part}-data"]).decode() for part in ("certificate", "key")]
    assert who(listener, tls.authority_pem, write(tmp_path, Pair(*pems)))["username"] == "kubernetes-admin"


@pytest.mark.parametrize(
    ("subject", "identity"),
    [
        ([("commonName", "a")], Identity("a", "", ("system:authenticated",))),
        ([("organizationName", "g"), ("commonName", "a"), ("organizationName", "h")],
         Identity("a", "", ("g", "h", "system:authenticated"))),
        ([("commonName", "first"), ("commonName", "last")], Identity("last", "", ("system:authenticated",))),
        ([("organizationName", "system:masters")], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_common_name_is_the_user_and_organizations_are_groups(
    subject: list[tuple[str, str]], identity: Identity | None
) -> None:
    found = identity_of({"subject": tuple((pair,) for pair in subject)}, b"der")
    assert (found and found[:3]) == (identity and identity[:3])


def test_no_certificate_is_nobody() -> None:
    assert identity_of(None, None) is None
    assert identity_of({}, None) is None  # as getpeercert answers where the client has shown none


def test_addresses_that_mean_all_of_them_are_no_names() -> None:
    found = names(["0.0.0.0", "::", "node.example", "localhost"])
    assert "node.example" in found
    assert found.count("localhost") == 1
    assert not {"0.0.0.0", "::"} & set(found)


def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "none.pem"):
        with pytest.raises(TlsError, match=f"^cannot use the certificate {path}: [^\n]+$"):
            from_files(path, path)


def test_a_client_authority_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    pair = write(tmp_path, CertificateAuthority.create("ca", SystemClock().wall()).issue_server(["a.example"]))
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "none.pem"):
        with pytest.raises(TlsError, match=f"^cannot use the client authority {path}: [^\n]+$"):
            from_files(*pair, path)
