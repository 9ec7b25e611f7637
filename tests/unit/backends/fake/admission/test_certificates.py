"""Certificate requests: who may approve and sign them, and whose certificate nobody gets."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from backends.fake.messages import Identity
from tests.unit.backends.fake.access import Access, bind, role, rule
from tests.unit.backends.fake.door import Door

GROUP = "certificates.k8s.io"
REQUESTS = f"/apis/{GROUP}/v1/certificatesigningrequests"
ALICE = Identity("alice", "7", ("devs",), (("scopes", ("all",)),))
RBAC = "rbac.authorization.k8s.io"


def request(name: str, organization: str, signer: str) -> dict[str, Any]:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)
    spec = {"signerName": signer, "usages": ["client auth"], "request": base64.b64encode(pem).decode()}
    return {"metadata": {"name": name}, "spec": spec}


def test_nobody_asks_for_a_certificate_of_the_administrators(door: Door) -> None:
    signer = "kubernetes.io/kube-apiserver-client"
    refused = door.post(REQUESTS, request("r", "system:masters", signer))
    text = f"use of {signer} signer with system:masters group is not allowed"
    assert (refused.code, refused.body["message"].partition("forbidden: ")[2]) == (403, text)
    door.made(REQUESTS, request("r", "devs", signer))
    door.made(REQUESTS, request("s", "system:masters", "example.com/mine"))


def test_who_approves_and_signs_may_do_so_for_the_signer() -> None:
    access = Access()
    access.door.made(REQUESTS, request("r", "devs", "example.com/mine"))
    update = rule("get update", GROUP, "certificatesigningrequests/approval certificatesigningrequests/status")
    get = rule("get", GROUP, "certificatesigningrequests")

    def allow(name: str, *rules: dict[str, Any]) -> None:
        subject = {"kind": "User", "name": name, "apiGroup": RBAC}
        reference = {"kind": "ClusterRole", "name": name, "apiGroup": RBAC}
        binding = {
            "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "subjects": [subject], "roleRef": reference,
        }  # fmt: skip
        access.write(role(name, update, get, *rules, cluster=True), binding)

    allow("nobody")
    allow("one", rule("approve sign", GROUP, "signers", "example.com/mine"))
    allow("all", rule("approve", GROUP, "signers", "example.com/*"))

    def approve(user: str) -> Any:
        held = access.ask(user, "GET", f"{REQUESTS}/r").body
        condition = {"type": "Approved", "status": "True", "reason": user, "message": "fine"}
        return access.ask(user, "PUT", f"{REQUESTS}/r/approval", {**held, "status": {"conditions": [condition]}})

    refused = approve("nobody")
    text = 'user not permitted to approve requests with signerName "example.com/mine"'
    assert (refused.code, refused.body["message"].partition("forbidden: ")[2]) == (403, text)
    assert [approve(user).code for user in ("one", "all")] == [200, 200]
    held = access.ask("all", "GET", f"{REQUESTS}/r").body
    signed = {**held, "status": {**held["status"], "certificate": "LS0t"}}
    assert "not permitted to sign" in access.ask("all", "PUT", f"{REQUESTS}/r/status", signed).body["message"]


def test_a_request_is_in_the_name_of_who_makes_it_and_stays_as_it_was() -> None:
    access = Access()
    asks = rule("create update", GROUP, "certificatesigningrequests")
    access.write(role("asks", asks, cluster=True), bind("asks", ("User", "alice"), of="ClusterRole", cluster=True))
    wanted = request("r", "devs", "example.com/mine")
    wanted["spec"] |= {"username": "somebody", "groups": ["system:masters"], "extra": {"a": ["b"]}}
    made = access.ask(ALICE, "POST", REQUESTS, wanted).body
    assert {**made["spec"], "request": ""} == {
        "request": "", "signerName": "example.com/mine", "usages": ["client auth"], "username": "alice", "uid": "7",
        "groups": ["devs"], "extra": {"scopes": ["all"]},
    }  # fmt: skip
    other = {**made, "spec": {**made["spec"], "signerName": "example.com/other"}}
    assert access.door.put(f"{REQUESTS}/r", other).body["spec"] == made["spec"]


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"request": "aGk=", "usages": []}, ["spec.request", "spec.usages"]),
        ({"usages": ["bad", "client auth", "client auth"]}, ["spec.usages[0]", "spec.usages[2]"]),
        ({"signerName": "bad", "expirationSeconds": 10}, ["spec.signerName", "spec.expirationSeconds"]),
        ({"signerName": "bad/B_"}, ["spec.signerName", "spec.signerName"]),
        ({"signerName": "kubernetes.io/legacy-unknown"}, ["spec.signerName"]),
    ],
)
def test_what_may_be_asked_for(door: Door, spec: dict[str, Any], fields: list[str]) -> None:
    asked = request("r", "devs", "example.com/mine")
    asked["spec"].update(spec)
    causes = door.post(REQUESTS, asked).body["details"]["causes"]
    assert [cause["field"] for cause in causes] == fields


def test_a_verdict_is_one_and_stays(door: Door) -> None:
    door.made(REQUESTS, request("r", "devs", "example.com/mine"))

    def told(door_of: str, *kinds: str, status: str = "True") -> Any:
        conditions = [{"type": kind, "status": status, "reason": "x"} for kind in kinds]
        return door.patch(f"{REQUESTS}/r{door_of}", {"status": {"conditions": conditions}})

    assert 'may not add a condition of type "Approved"' in told("/status", "Approved").body["message"]
    assert "mutually exclusive" in told("/approval", "Approved", "Denied").body["message"]
    assert 'supported values: "True"' in told("/approval", "Denied", status="False").body["message"]
    approved = told("/approval", "Approved").body["status"]["conditions"][0]
    assert approved["lastUpdateTime"] == approved["lastTransitionTime"] != ""
    assert 'may not remove a condition of type "Approved"' in told("/approval").body["message"]
    certificate = door.patch(f"{REQUESTS}/r/approval", {"status": {"certificate": "LS0t"}})
    assert "certificate" not in certificate.body["status"], "a certificate does not come through this door"
