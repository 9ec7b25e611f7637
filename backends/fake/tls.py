"""How a served cluster is secured: the server's certificate, and what a client's certificate says about who asks.

Used by `serving`. Either somebody brings the files (`from_files`), or the server makes an authority of its own at its
start (`own`), which also signs the administrator's client certificate for the kubeconfig.

A client's certificate is checked in the handshake, so one that this authority has not signed ends the connection,
where kube-apiserver, which looks at it later, answers 401.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backends.base import BackendError
from backends.fake.authentication import ADMINISTRATOR, AUTHENTICATED, MASTERS
from backends.fake.messages import Identity
from backends.keys import KeyFiles

if TYPE_CHECKING:
    from backends.certificates import Pair

CREDENTIAL_ID: Final = "authentication.kubernetes.io/credential-id"
NAMES: Final = (
    "localhost",
    "127.0.0.1",
    "::1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
)
"""Under which every API server is known: from the machine itself, and from within the cluster."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server needs to speak TLS, and what its kubeconfig tells about it."""

    context: ssl.SSLContext
    authority_pem: str
    """What clients check the server's certificate with."""
    administrator: Pair | None = None
    """A client certificate in `system:masters`, if the authority is the server's own."""


class TlsError(BackendError):
    """The certificate cannot be used: one line that says which and why."""


def from_files(certificate: Path, key: Path, client_authority: Path | None = None) -> Tls:
    """Secure a server with PEM files; clients may show certificates if there is an authority to check them with.

    Raises `TlsError`.
    """
    context = _context(certificate, key)
    if client_authority is not None:
        try:
            _ask_clients(context, client_authority.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise TlsError(f"cannot use the client authority {client_authority}: {error}") from error
    # Whoever trusts exactly this certificate needs no authority.
    return Tls(context, certificate.read_text(encoding="utf-8"))


def own(hosts: Iterable[str], now: datetime) -> Tls:
    """Secure a server that is reached under `hosts` with a new authority. `now` is the machine's time.

    Raises `TlsError`: `cryptography` is not installed, or a host cannot stand in a certificate.
    """
    try:
        from backends.certificates import CertificateAuthority
    except ImportError as error:
        raise TlsError("TLS needs the library cryptography: pip install 'kubeactions[serve]'") from error
    authority = CertificateAuthority.create("kubernetes", now)
    try:
        server = authority.issue_server(names(hosts))
    except ValueError as error:
        raise TlsError(f"cannot make a certificate: {error}") from error
    with KeyFiles() as keys:  # the ssl module reads keys from files only
        certificate = keys.put("tls.crt", server.certificate_pem.encode())
        context = _context(Path(certificate), Path(keys.put("tls.key", server.key_pem.encode())))
    _ask_clients(context, authority.certificate_pem)
    return Tls(context, authority.certificate_pem, authority.issue_client(ADMINISTRATOR.name, [MASTERS]))


def names(hosts: Iterable[str]) -> list[str]:
    """Every name of a server: the usual ones, the machine's own, and `hosts` but for "all addresses"."""
    everywhere = ("0.0.0.0", "::", "")  # noqa: S104  they are left out, not bound
    wanted = (*NAMES, socket.gethostname(), *hosts)
    return [host for host in dict.fromkeys(wanted) if host not in everywhere]


def identity_of(certificate: Mapping[str, Any] | None, der: bytes | None) -> Identity | None:
    """Whom a verified client certificate stands for: its common name, in the groups of its organizations.

    `certificate` is what `SSLSocket.getpeercert` returns, `der` its binary form. None without one, or without a name.
    From k8s.io/apiserver/pkg/authentication/request/x509 (CommonNameUserConversion).
    """
    subject: Sequence[Sequence[tuple[str, str]]] = (certificate or {}).get("subject", ())
    parts = [pair for relative in subject for pair in relative]
    name = next((value for kind, value in reversed(parts) if kind == "commonName"), "")
    if not name or der is None:
        return None
    groups = tuple(value for kind, value in parts if kind == "organizationName")
    credential = f"X509SHA256={hashlib.sha256(der).hexdigest()}"
    return Identity(name, "", (*groups, AUTHENTICATED), ((CREDENTIAL_ID, (credential,)),))


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password="")  # an encrypted key is an error, not a question
    except ssl.SSLError as error:  # its own words name a line of OpenSSL's source
        text = f"it or the key {key} is not PEM, the key is encrypted, or it is another certificate's"
        raise TlsError(f"cannot use the certificate {certificate}: {text}") from error
    except OSError as error:  # it does not say of which file
        reason = (error.strerror or str(error)).lower()
        raise TlsError(f"cannot use the certificate {certificate}: it or the key {key}: {reason}") from error
    return context


def _ask_clients(context: ssl.SSLContext, authority_pem: str) -> None:
    context.load_verify_locations(cadata=authority_pem)
    context.verify_mode = ssl.CERT_OPTIONAL
