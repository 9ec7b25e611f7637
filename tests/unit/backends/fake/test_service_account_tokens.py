"""Tokens of service accounts: what is in them, whom they are good for, and when they end."""

from __future__ import annotations

from typing import Any

import jwt
import orjson
import pytest

from backends.fake.service_account_tokens import REMEMBERED
from tests.unit.backends.fake.access import Access
from tests.unit.backends.fake.door import CM, Answer, pod

SA = "/api/v1/namespaces/default/serviceaccounts"
AUDIENCE = "https://kubernetes.default.svc"
WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture
def access() -> Access:
    made = Access()
    made.write({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})
    return made


def request(access: Access, name: str = "robot", **spec: Any) -> Answer:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return access.door.post(f"{SA}/{name}/token", body)


def token(access: Access, **spec: Any) -> str:
    answer = request(access, **spec)
    assert answer.code == 201, answer
    found: str = answer.body["status"]["token"]
    return found


def who(access: Access, bearer: str) -> Any:
    body = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    answer = access.ask(None, "POST", WHOAMI, body, authorization=f"Bearer {bearer}")
    return answer.body["status"]["userInfo"] if answer.code == 201 else answer.code


def review(access: Access, bearer: str, *audiences: str) -> Any:
    spec = {"token": bearer, "audiences": list(audiences)} if audiences else {"token": bearer}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    return access.door.made("/apis/authentication.k8s.io/v1/tokenreviews", body)["status"]


def test_a_token_says_whose_it_is_and_for_how_long(access: Access) -> None:
    account = access.door.get(f"{SA}/robot").body["metadata"]
    claims = jwt.decode(token(access, expirationSeconds=600), options={"verify_signature": False})
    now = int(access.door.clock.wall().timestamp())
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (now, now, now + 600)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (
        AUDIENCE, [AUDIENCE], "system:serviceaccount:default:robot"
    )  # fmt: skip
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "robot", "uid": account["uid"]},
    }


def test_whoever_shows_it_is_the_service_account(access: Access) -> None:
    found = who(access, token(access))
    assert found["username"] == "system:serviceaccount:default:robot"
    assert found["uid"] == access.door.get(f"{SA}/robot").body["metadata"]["uid"]
    assert found["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert list(found["extra"]) == ["authentication.kubernetes.io/credential-id"]


def test_it_ends_with_its_time_by_the_clusters_clock(access: Access) -> None:
    bearer = token(access, expirationSeconds=600)
    access.door.clock.advance(599)
    assert who(access, bearer)["username"].endswith("robot")
    access.door.clock.advance(1)
    assert who(access, bearer) == 401
    assert review(access, bearer)["error"] == "[invalid bearer token, service account token has expired]"


def test_it_ends_with_its_account_even_if_another_takes_the_name(access: Access) -> None:
    bearer = token(access)
    access.door.delete(f"{SA}/robot")
    assert who(access, bearer) == 401
    access.write({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})
    assert who(access, bearer) == 401
    assert "has been invalidated" in review(access, bearer)["error"]


def robots_pod(node: str = "") -> dict[str, Any]:
    made = pod(node=node)
    made["spec"] = {**made["spec"], "serviceAccountName": "robot"}
    return made


@pytest.mark.parametrize(
    ("kind", "path", "obj"),
    [
        ("Pod", "/api/v1/namespaces/default/pods/p", robots_pod()),
        ("Secret", "/api/v1/namespaces/default/secrets/p", {"kind": "Secret", "metadata": {"name": "p"}}),
        ("Node", "/api/v1/nodes/p", {"kind": "Node", "metadata": {"name": "p"}}),
    ],
)
def test_it_ends_with_the_object_that_it_is_bound_to(access: Access, kind: str, path: str, obj: dict[str, Any]) -> None:
    access.write({"apiVersion": "v1", **obj})
    bearer = token(access, boundObjectRef={"apiVersion": "v1", "kind": kind, "name": "p"})
    assert who(access, bearer)["username"].endswith("robot")
    access.door.delete(path, {"gracePeriodSeconds": 0})
    assert who(access, bearer) == 401


def test_a_pods_token_tells_the_pod_and_its_node(access: Access) -> None:
    access.write({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    access.write(robots_pod(node="n"))
    bearer = token(access, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p"})
    extra = who(access, bearer)["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert extra["authentication.kubernetes.io/node-name"] == ["n"]
    access.door.delete("/api/v1/nodes/n")
    assert who(access, bearer)["extra"] == extra  # the node is told, not asked for


@pytest.mark.parametrize(
    ("reference", "code", "text"),
    [
        ({"kind": "Pod", "name": "none"}, 404, 'pods "none" not found'),
        ({"kind": "Pod", "name": "p", "uid": "x"}, 409, "the UID in the bound object reference (x) does not match"),
        ({"kind": "Pod", "name": "p"}, 400, "to pod running with different serviceaccount name"),
        ({}, 400, "cannot bind token to object of type /v1, Kind="),
        ({"kind": "ConfigMap", "name": "p"}, 400, "cannot bind token to object of type /v1, Kind=ConfigMap"),
    ],
)
def test_what_it_cannot_be_bound_to_is_refused(access: Access, reference: dict[str, str], code: int, text: str) -> None:
    access.write(pod())
    answer = request(access, boundObjectRef={"apiVersion": "v1", **reference})
    assert answer.code == code
    assert text in answer.body["message"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (599, "may not specify a duration less than 10 minutes"),
        ((1 << 32) + 1, "may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_its_time_is_bounded(access: Access, seconds: int, text: str) -> None:
    answer = request(access, expirationSeconds=seconds)
    assert answer.code == 422
    assert text in answer.body["message"]
    assert request(access, expirationSeconds=600).code == 201
    assert request(access).body["spec"]["expirationSeconds"] == 3600


def test_another_name_in_the_body_is_refused(access: Access) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {"name": "x"}, "spec": {}}
    assert access.door.post(f"{SA}/robot/token", body).code == 400
    assert request(access, "none").code == 404


def test_a_token_for_others_is_not_for_this_server(access: Access) -> None:
    bearer = token(access, audiences=["vault", "other"])
    assert who(access, bearer) == 401
    assert "is invalid for the target audiences" in review(access, bearer)["error"]
    told = review(access, bearer, "vault", "elsewhere")
    assert (told["authenticated"], told["audiences"]) == (True, ["vault"])
    assert told["user"]["username"] == "system:serviceaccount:default:robot"


def test_a_token_that_somebody_has_changed_or_made_is_nobodys(access: Access) -> None:
    bearer = token(access)
    head, claims, signature = bearer.split(".")
    other = jwt.encode(jwt.decode(bearer, options={"verify_signature": False}), "0" * 32, "HS256")
    unsigned = jwt.encode({"sub": "system:serviceaccount:default:robot", "iss": AUDIENCE}, "", "none")
    changed = f"{head}.{claims}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"
    for forged in (changed, other, unsigned, f"{head}.{claims}.", "a.b.c", "..", "x", "e30.e30.e30", "\u00e9.b.c"):
        assert who(access, forged) == 401, forged
        assert review(access, forged)["error"] == "invalid bearer token"


def test_others_can_check_it_with_the_published_keys(access: Access) -> None:
    account = "system:serviceaccount:default:robot"
    told = access.ask(account, "GET", "/.well-known/openid-configuration").body
    assert told["jwks_uri"] == "https://kubernetes.default.svc/openid/v1/jwks"
    answer = access.ask(account, "GET", "/openid/v1/jwks")
    keys = jwt.PyJWKSet.from_dict(orjson.loads(answer.body))
    bearer = token(access, audiences=["vault"])
    key = keys[jwt.get_unverified_header(bearer)["kid"]]
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(bearer, key, told["id_token_signing_alg_values_supported"], audience="vault", options=options)
    assert claims["sub"] == account
    assert access.ask(None, "GET", "/openid/v1/jwks").code == 403


@pytest.mark.parametrize("bearer", ["\udcff.a.b", "a" * 100_000, "eyJhbGciOiJub25lIn0.e30.", "W1.W1.W1", "MQ.MQ.MQ"])
def test_bytes_that_are_no_token_are_refused_like_any_other(access: Access, bearer: str) -> None:
    assert who(access, bearer) == 401


def test_a_cluster_of_another_seed_does_not_believe_it(access: Access) -> None:
    bearer = token(access)
    other = Access(seed=1)
    other.write({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})
    assert who(other, bearer) == 401


def test_the_signature_is_checked_once_and_what_is_remembered_is_bounded(access: Access) -> None:
    issued = access.door.cluster.server._reviews._tokens
    for _ in range(3):
        who(access, token(access))
    assert len(issued._read) == 3
    for number in range(REMEMBERED):
        issued._read[str(number)] = {}
    assert who(access, token(access))["username"].endswith("robot")
    assert len(issued._read) == 1


def test_a_token_is_needed_to_be_anybody(access: Access) -> None:
    assert access.ask(None, "GET", CM, authorization="Bearer ").code == 403  # anonymous
    assert access.ask(None, "GET", CM, authorization="Bearer x").code == 401
    assert access.ask(None, "GET", CM, authorization=f"bearer {token(access)}").code == 403
