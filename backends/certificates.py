"""A certificate authority for one disposable cluster: its server's certificate, its users' client certificates.

Called by whoever starts an API server: `fake serve --tls`, and backends that boot a real one. Everything is made in
memory, as PEM text; writing it to a file that others cannot read is the caller's business. The time is passed in.

It is no public key infrastructure: nothing is revoked, renewed or stored, and the keys protect nothing that outlives
the cluster. Needs the library `cryptography` (in the extras that start API servers).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["CertificateAuthority", "Pair"]

AUTHORITY_LIFETIME = timedelta(days=3650)
LIFETIME = timedelta(days=365)
"""What kubeadm gives to its authority and to what that signs."""
BACKDATED = timedelta(minutes=5)
"""Certificates hold from a little before they are made: the clocks of two machines differ."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, PEM text each."""

    certificate_pem: str
    key_pem: str


class CertificateAuthority:
    """Signs certificates for one cluster, all of them at the time at which it was made. Keys are EC P-256."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, now: datetime) -> None:
        self._certificate = certificate
        self._key = key
        self._now = now
        self.certificate_pem = _certificate_pem(certificate)
        """What clients check servers with, and servers check clients with."""
        self.key_pem = _key_pem(key)

    @classmethod
    def create(cls, common_name: str, now: datetime) -> Self:
        """A new authority that calls itself `common_name`; it holds for ten years from `now` (with its time zone)."""
        if now.tzinfo is None:
            raise ValueError("the time at which an authority begins must have a time zone")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(builder.sign(key, hashes.SHA256()), key, now)

    def issue_server(self, hosts: Sequence[str]) -> Pair:
        """A certificate for a server that is reached under `hosts`: DNS names and IP addresses, one at least.

        Raises ValueError for none, or for a name that cannot stand in a certificate.
        """
        if not hosts:
            raise ValueError("a server's certificate needs a host name or address")
        names = x509.SubjectAlternativeName([_general_name(host) for host in dict.fromkeys(hosts)])
        # The subject is not looked at by anybody any more, and a common name has at most 64 characters.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        return self._issue(subject, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def issue_client(self, user: str, groups: Sequence[str] = ()) -> Pair:
        """A client certificate that Kubernetes reads as `user` (common name) in `groups` (organizations).

        Raises ValueError for a name that is empty or longer than 64 characters.
        """
        organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        # One attribute each: a relative distinguished name with several is read differently by different libraries.
        subject = x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        return self._issue(subject, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _issue(
        self, subject: x509.Name, purpose: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = self._key.public_key()
        builder = (
            x509.CertificateBuilder(self._certificate.subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(self._now - BACKDATED)
            .not_valid_after(self._now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return Pair(_certificate_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
