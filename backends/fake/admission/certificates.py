"""CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may say yes to a certificate request.

plugin/pkg/admission/certificates. Approving and signing need a permission for the signer beside that for the request;
nobody gets a client certificate of the administrators' group by asking for it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from backends.fake import statuses
from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.authorization import Attributes as Asked
from backends.fake.authorization import Authorizer
from backends.fake.catalogue import Resource
from backends.fake.messages import Identity

Obj = dict[str, Any]
Guard = Callable[[Obj, Obj | None], None]
"""As `registry.Guard`, which is above this layer."""

GROUP = "certificates.k8s.io"
REQUESTS = (GROUP, "certificatesigningrequests")
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
MASTERS = "system:masters"


class Certificates(Base):
    """The three plugins; the permission is the authorizer's to give."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Requests, their approval, and their certificate."""
        if resource.storage != REQUESTS:
            return None
        if operation == CREATE and not subresource:
            return _check_subject
        if operation == UPDATE:
            return {"approval": self._check_approval, "status": self._check_signing}.get(subresource)
        return None

    def _check_approval(self, write: Attributes) -> None:
        self._check(write, "approve")

    def _check_signing(self, write: Attributes) -> None:
        new, old = (one.get("status") or {} for one in (write.obj, write.old or {}))
        if new.get("certificate") != old.get("certificate") or _failed(new) != _failed(old):
            self._check(write, "sign")

    def _check(self, write: Attributes, verb: str) -> None:
        signer = ((write.old or {}).get("spec") or {}).get("signerName", "")
        if not self._may(write, verb, signer) and not self._may(write, verb, f"{signer.partition('/')[0]}/*"):
            raise write.forbidden(f'user not permitted to {verb} requests with signerName "{signer}"')

    def _may(self, write: Attributes, verb: str, signer: str) -> bool:
        identity = write.asking.identity
        assert identity is not None, "whoever writes is somebody"
        asked = Asked(identity, verb, GROUP, "signers", name=signer)
        return self._authorizer.decide(asked).allowed


def asked_by(identity: Identity) -> Guard:
    """What keeps a request to who asks: it carries his name, and what is wanted changes no more (csr/strategy.go)."""

    def keep(new: Obj, old: Obj | None) -> None:
        if old is not None:
            new["spec"] = old["spec"]
            return
        said: Obj = {"username": identity.name, "uid": identity.uid, "groups": list(identity.groups)}
        said["extra"] = {name: list(values) for name, values in identity.extra}
        given = {name: value for name, value in new["spec"].items() if name not in said}
        new["spec"] = {**given, **{name: value for name, value in said.items() if value}}

    return keep


def _failed(status: Obj) -> list[Obj]:
    return [one for one in status.get("conditions") or [] if one.get("type") == "Failed"]


def _check_subject(write: Attributes) -> None:
    spec = write.obj.get("spec") or {}
    if spec.get("signerName") != CLIENT_SIGNER:
        return
    if MASTERS in _organizations(spec.get("request") or ""):
        raise write.forbidden(f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed")


def _organizations(request: str) -> list[str]:
    """The organizations of a request's subject. What is no request is validation's to refuse."""
    try:
        from cryptography import x509
    except ImportError:
        raise statuses.not_imitated(
            "certificate requests without the library cryptography: pip install 'kubeactions[serve]'"
        ) from None
    try:
        found = x509.load_pem_x509_csr(base64.b64decode(request))
    except ValueError:
        return []
    names = found.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return [str(name.value) for name in names]
