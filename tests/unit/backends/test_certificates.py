"""The authority of a disposable cluster: what strict TLS, and Kubernetes, read in what it signs."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from backends.certificates import AUTHORITY_LIFETIME, LIFETIME, CertificateAuthority, Pair
from backends.clock import SystemClock

AT = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.create("test-ca", SystemClock().wall())


def chain(folder: Path, pair: Pair) -> tuple[Path, Path]:
    paths = folder / "c.pem", folder / "k.pem"
    for path, text in zip(paths, (pair.certificate_pem, pair.key_pem), strict=True):
        path.write_text(text)
    return paths


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> object:
    """Who the server takes the client for, after a handshake over a pair of sockets. Raises `ssl.SSLError`."""
    ours, theirs = socket.socketpair()
    seen: list[object] = []

    def accept() -> None:
        with contextlib.suppress(OSError), server.wrap_socket(theirs, server_side=True) as secured:
            seen.append(secured.getpeercert())
            secured.recv(1)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        with ours, client.wrap_socket(ours, server_hostname=host) as secured:
            secured.send(b"x")
    finally:
        thread.join()
    return seen[0]


def contexts(authority: CertificateAuthority, folder: Path, pair: Pair) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.certificate_pem)
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_cert_chain(*chain(folder, pair))
    client = ssl.create_default_context(cadata=authority.certificate_pem)
    for context in (server, client):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    return server, client


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"])
def test_a_server_is_believed_under_each_of_its_names(
    authority: CertificateAuthority, tmp_path: Path, host: str
) -> None:
    pair = authority.issue_server(["localhost", "127.0.0.1", "::1", "kubernetes.default.svc", "localhost"])
    handshake(*contexts(authority, tmp_path, pair), host)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(*contexts(authority, tmp_path, pair), "example.com")


def test_a_server_of_another_authority_is_not_believed(authority: CertificateAuthority, tmp_path: Path) -> None:
    stranger = CertificateAuthority.create("test-ca", SystemClock().wall())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(*contexts(authority, tmp_path, stranger.issue_server(["localhost"])), "localhost")


def test_a_client_is_its_common_name_and_its_organizations(authority: CertificateAuthority, tmp_path: Path) -> None:
    server, client = contexts(authority, tmp_path, authority.issue_server(["localhost"]))
    client.load_cert_chain(*chain(tmp_path, authority.issue_client("alice", ["devs", "system:masters"])))
    seen = handshake(server, client, "localhost")
    assert isinstance(seen, dict)
    assert seen["subject"] == (
        (("organizationName", "devs"),),
        (("organizationName", "system:masters"),),
        (("commonName", "alice"),),
    )


def test_a_servers_certificate_does_not_make_a_client(authority: CertificateAuthority, tmp_path: Path) -> None:
    pair = authority.issue_server(["localhost"])
    server, client = contexts(authority, tmp_path, pair)
    client.load_cert_chain(*chain(tmp_path, pair))
    with pytest.raises(
        (ssl.SSLError, ConnectionError, IndexError)
    ):  # the server hangs up: the client may have sent before it knows
        handshake(server, client, "localhost")


def test_everything_holds_from_a_little_before_the_given_time_and_ends() -> None:
    authority = CertificateAuthority.create("ca", AT)
    for pem, lifetime in (
        (authority.certificate_pem, AUTHORITY_LIFETIME),
        (authority.issue_server(["a.example"]).certificate_pem, LIFETIME),
        (authority.issue_client("u").certificate_pem, LIFETIME),
    ):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        assert certificate.not_valid_before_utc == AT - timedelta(minutes=5)
        assert certificate.not_valid_after_utc == AT + lifetime
        assert certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ca"


def test_each_key_is_its_own(authority: CertificateAuthority) -> None:
    pairs = [authority.issue_client("a"), authority.issue_client("a"), authority.issue_server(["a"])]
    assert len({authority.key_pem, *(pair.key_pem for pair in pairs)}) == 4


def test_what_cannot_stand_in_a_certificate_is_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match="needs a host name or address"):
        authority.issue_server([])
    with pytest.raises(ValueError, match="time zone"):
        CertificateAuthority.create("ca", AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="A-label"):
        authority.issue_server(["h\u00e9.example"])
    for user in "", "u" * 65:
        with pytest.raises(ValueError, match=r"64|zero|length"):
            authority.issue_client(user)
