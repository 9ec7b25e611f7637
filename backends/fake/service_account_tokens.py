"""Tokens of service accounts: signed here, and believed as long as what they are bound to is still there.

Issued by the TokenRequest subresource (`reviews`), read by the authenticator. A token is a JWT with the claims of
k8s.io/kubernetes/pkg/serviceaccount/claims.go, signed with ES256; its key follows from the cluster's seed, so a cluster
that is made again with the same seed believes the tokens of the first. Expiry is judged by the cluster's clock, and a
token dies with its ServiceAccount, or with the Pod, Secret or Node that it is bound to, at once.

Signing needs PyJWT and cryptography (the extra `serve`); without them tokens are refused with 501.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from backends.clock import Clock
from backends.fake import statuses
from backends.fake.authentication import TokenError, service_account, service_account_identity
from backends.fake.authorization.rules import go_list, quoted
from backends.fake.forking import Fork
from backends.fake.messages import Identity, Response
from backends.fake.store import Entry, Key, Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

Obj = dict[str, Any]

AUDIENCE: Final = "https://kubernetes.default.svc"
"""The API server's own audience, and the issuer of its tokens."""
ALGORITHM: Final = "ES256"
CONFIGURATION: Final = "/.well-known/openid-configuration"
KEYS: Final = "/openid/v1/jwks"
REMEMBERED: Final = 1024
"""How many tokens are kept whose signature has been checked."""
_PRIVATE: Final = "kubernetes.io"
_EXTRA: Final = "authentication.kubernetes.io/"
_ORDER_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_KINDS: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


class Bound(NamedTuple):
    """The object that a token dies with."""

    kind: str
    name: str
    uid: str


class ServiceAccountTokens:
    """Signs and reads the tokens of one cluster."""

    def __init__(self, store: Store, clock: Clock, seed: int) -> None:
        self._store = store
        self._clock = clock
        self._seed = seed
        self._made: ec.EllipticCurvePrivateKey | None = None
        self._read: dict[str, Obj] = {}

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork signs with the same key, and believes the same tokens while its own store has what they name."""
        del fork
        return {"_made": self._made, "_read": self._read.copy()}  # the claims are only ever read

    # ---- signing

    def issue(
        self, account: Entry, audiences: Sequence[str], seconds: int, bound: Sequence[Bound], token_id: str
    ) -> tuple[str, datetime]:
        """A token of `account` for `audiences` that expires in `seconds`, and when that is.

        Raises `ApiError` 501 where the libraries are not installed.
        """
        now = self._clock.wall().replace(microsecond=0)
        namespace, name = account.key.namespace, account.key.name
        at, expires = int(now.timestamp()), now + timedelta(seconds=seconds)
        private: Obj = {"namespace": namespace, "serviceaccount": {"name": name, "uid": account.uid}}
        private.update({one.kind.lower(): {"name": one.name, "uid": one.uid} for one in bound})
        claims = {
            "aud": list(audiences),
            "exp": int(expires.timestamp()),
            "iat": at,
            "iss": AUDIENCE,
            "jti": token_id,
            _PRIVATE: private,
            "nbf": at,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        key = self._key()
        import jwt

        return jwt.encode(claims, key, ALGORITHM, headers={"kid": self._key_id()}), expires

    def _key(self) -> ec.EllipticCurvePrivateKey:
        if self._made is None:
            try:
                import jwt  # noqa: F401  both or none
                from cryptography.hazmat.primitives.asymmetric import ec
            except ImportError as error:
                raise statuses.not_imitated(
                    "service account tokens without the libraries that sign them: pip install 'kubeactions[serve]'"
                ) from error
            digest = hashlib.sha512(f"service account key of {self._seed}".encode()).digest()
            number = int.from_bytes(digest, "big") % (_ORDER_P256 - 1) + 1
            self._made = ec.derive_private_key(number, ec.SECP256R1())
        return self._made

    def _key_id(self) -> str:
        return hashlib.sha256(f"service account key id of {self._seed}".encode()).hexdigest()[:43]

    def published(self, path: str) -> Response | None:
        """What others check the tokens with: the issuer's description and its keys; None for any other path.

        Raises `ApiError` 501 where the libraries are not installed.
        """
        if path == CONFIGURATION:
            document: Obj = {
                "issuer": AUDIENCE,
                "jwks_uri": f"{AUDIENCE}{KEYS}",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
            media = "application/json"
        elif path == KEYS:
            public = self._key().public_key()
            from jwt.algorithms import ECAlgorithm

            key = {**ECAlgorithm.to_jwk(public, as_dict=True), "use": "sig", "kid": self._key_id(), "alg": ALGORITHM}
            document, media = {"keys": [key]}, "application/jwk-set+json"
        else:
            return None
        return Response(200, {"Content-Type": media, "Cache-Control": "public, max-age=3600"}, orjson.dumps(document))

    # ---- reading

    def read(self, token: str, audiences: Sequence[str]) -> tuple[Identity, list[str]] | None:
        """Whom a token stands for, and which of `audiences` it is for; None for what is no token of ours.

        Raises `TokenError` for one that holds no longer, or is for somebody else.
        """
        claims = self._claims(token)
        if claims is None:
            return None
        now = self._clock.wall().timestamp()
        if now >= claims["exp"]:
            raise TokenError("service account token has expired")
        meant = [audience for audience in claims["aud"] if audience in audiences]
        if not meant:
            raise TokenError(
                f"token audiences {go_list(claims['aud'])} is invalid for the target audiences {go_list(audiences)}"
            )
        return self._identity(claims), meant

    def _claims(self, token: str) -> Obj | None:
        """What a token claims, if its signature is ours."""
        known = self._read.get(token)
        if known is not None:
            return known
        if token.count(".") != 2 or not token.isascii():  # a header may carry any bytes
            return None
        try:
            import jwt
        except ImportError:  # then none can have been signed here
            return None
        try:
            options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
            claims: Obj = jwt.decode(
                token, self._key().public_key(), [ALGORITHM], issuer=AUDIENCE, options=options  # type: ignore[arg-type]
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError):
            return None
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        self._read[token] = claims
        return claims

    def _identity(self, claims: Obj) -> Identity:
        place = service_account(claims["sub"])
        assert place is not None, "we have signed it"
        namespace, name = place
        private = claims[_PRIVATE]
        self._must_be_there("serviceaccounts", namespace, private["serviceaccount"])
        extra = [("credential-id", f"JTI={claims['jti']}")]
        for kind, plural in _KINDS.items():
            reference = private.get(kind.lower())
            if reference is None:
                continue
            # The node that comes with a pod is told, not asked for.
            if kind != "Node" or "pod" not in private:
                self._must_be_there(plural, "" if kind == "Node" else namespace, reference)
            if kind != "Secret":
                extra += [(f"{kind.lower()}-name", reference["name"]), (f"{kind.lower()}-uid", reference["uid"])]
        known = service_account_identity(namespace, name, private["serviceaccount"]["uid"])
        return known._replace(extra=tuple((f"{_EXTRA}{key}", (value,)) for key, value in extra))

    def _must_be_there(self, plural: str, namespace: str, reference: Mapping[str, str]) -> None:
        entry = self._store.get(Key("", plural, namespace, reference["name"]))
        if entry is None or entry.uid != reference["uid"]:
            raise TokenError("service account token has been invalidated")


def bound_to(store: Store, account: Entry, reference: Mapping[str, Any]) -> list[Bound]:
    """The objects that a TokenRequest's boundObjectRef binds to: a pod brings its node.

    Raises `ApiError` 400, 404, 409 as pkg/registry/core/serviceaccount/storage/token.go does.
    """
    version, kind, name, uid = (reference.get(member) or "" for member in ("apiVersion", "kind", "name", "uid"))
    if version != "v1" or kind not in _KINDS:
        group, _, bare = version.rpartition("/")
        raise statuses.bad_request(f"cannot bind token to object of type {group}/{bare}, Kind={kind}")
    entry = store.get(Key("", _KINDS[kind], "" if kind == "Node" else account.key.namespace, name))
    if entry is None:
        raise statuses.not_found(_KINDS[kind], name)
    if uid and uid != entry.uid:
        why = f"the UID in the bound object reference ({uid}) does not match the UID in record. "
        raise statuses.conflict(kind, name, "", f"{why}The object might have been deleted and then recreated")
    bound = [Bound(kind, name, entry.uid)]
    if kind == "Pod":
        spec = entry.load()["spec"]
        if spec.get("serviceAccountName") != account.key.name:
            who = quoted(account.key.name)
            raise statuses.bad_request(
                f"cannot bind token for serviceaccount {who} to pod running with different serviceaccount name."
            )
        node = store.get(Key("", "nodes", "", spec.get("nodeName") or ""))
        bound += [Bound("Node", node.key.name, node.uid)] if node is not None else []
    return bound
