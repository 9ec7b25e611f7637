"""Kinds that are asked and never stored: bindings through their collection, reviews of tokens and of oneself, tokens.

Called by the server for resources that can only be created, and for the subresource that makes a token. Who may do what
is reviewed in `access_reviews`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson

from backends.fake import metadata, options, statuses
from backends.fake.access_reviews import AccessReviews
from backends.fake.authentication import Authenticator, TokenError
from backends.fake.authorization import Authorizer
from backends.fake.bodies import read_kind, read_object
from backends.fake.call import Call
from backends.fake.messages import Identity, Response
from backends.fake.ownership import track
from backends.fake.reading import json_response
from backends.fake.registry import Registry
from backends.fake.service_account_tokens import AUDIENCE, ServiceAccountTokens, bound_to
from backends.fake.subresources import bind
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.writing import check_namespace, writer

Obj = dict[str, Any]

TOKEN_REQUEST: Final = ("authentication.k8s.io", "v1", "TokenRequest")
DEFAULT_LIFETIME_S: Final = 3600
SHORTEST_LIFETIME_S: Final = 600
LONGEST_LIFETIME_S: Final = 1 << 32


class Reviews:
    """Answers from who and what the server knows."""

    def __init__(self, authenticator: Authenticator, authorizer: Authorizer, tokens: ServiceAccountTokens) -> None:
        self._authenticator = authenticator
        self._tokens = tokens
        self._access = AccessReviews(authorizer)

    def create(self, registry: Registry, call: Call) -> Response:
        """POST of something that is not stored. Raises `ApiError` 400, 422."""
        plural = call.served.plural
        if plural == "bindings":
            return bind(registry, call, "")
        options.check_write(call, "CreateOptions")
        if plural == "selfsubjectreviews":
            return self._self_review(registry, call)
        if plural == "tokenreviews":
            return self._token_review(registry, call)
        return self._access.create(call, partial(own, registry, call))

    @staticmethod
    def _self_review(registry: Registry, call: Call) -> Response:
        review = read_object(call, call.served)
        review["metadata"] = {"creationTimestamp": metadata.timestamp(registry.clock.wall())}
        review["status"] = {"userInfo": user_info(call.identity)}
        return json_response(201, orjson.dumps(review))

    def _token_review(self, registry: Registry, call: Call) -> Response:
        """pkg/registry/authentication/tokenreview."""
        review = read_object(call, call.served)
        own(registry, call, review)
        token = review["spec"].get("token")
        if not token:
            raise statuses.bad_request("token is required for TokenReview in authentication")
        try:
            who, audiences = self._authenticator.find(token, review["spec"].get("audiences") or ())
        except TokenError as error:
            review["status"] = {"user": {}, "error": str(error)}
        else:
            review["status"] = {"authenticated": True, "user": user_info(who), "audiences": audiences}
        return json_response(201, orjson.dumps(review))

    def token(self, registry: Registry, call: Call) -> Response:
        """POST to /serviceaccounts/{name}/token. Raises `ApiError` 400, 404, 409, 422, 501.

        pkg/registry/core/serviceaccount/storage/token.go.
        """
        namespace, name = call.route.namespace, call.route.name
        options.check_write(call, "CreateOptions")
        request = read_kind(call, TOKEN_REQUEST)
        check_namespace(call.served, request, namespace)
        account = registry.find(call.served, namespace, name)
        if request["metadata"].get("name") not in (None, "", name):
            raise statuses.bad_request("name on the URL does not match name in the TokenRequest object")
        spec = request["spec"]
        if spec.get("expirationSeconds") is None:
            spec["expirationSeconds"] = DEFAULT_LIFETIME_S
        own(registry, call, request)
        spec["audiences"] = spec.get("audiences") or [AUDIENCE]
        _check_lifetime(spec["expirationSeconds"])
        reference = spec.get("boundObjectRef")
        bound = bound_to(registry.store, account, reference) if reference is not None else []
        seconds = spec["expirationSeconds"]
        token, expires = self._tokens.issue(account, spec["audiences"], seconds, bound, registry.ids.uid())
        request["metadata"].update(
            name=name,
            namespace=namespace,
            uid=account.uid,
            creationTimestamp=account.load()["metadata"]["creationTimestamp"],
        )
        request["status"] = {"token": token, "expirationTimestamp": metadata.timestamp(expires)}
        call.uid = account.uid
        return json_response(201, orjson.dumps(request))


def _check_lifetime(seconds: int) -> None:
    """ValidateTokenRequest. Raises `ApiError` 422."""
    found: list[Cause] = []
    field = "spec.expirationSeconds"
    if seconds < SHORTEST_LIFETIME_S:
        found.append(causes.invalid(field, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > LONGEST_LIFETIME_S:
        found.append(causes.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"))
    if found:
        raise statuses.invalid("TokenRequest", "", TOKEN_REQUEST[0], [cause._asdict() for cause in found])


def own(registry: Registry, call: Call, obj: Obj) -> None:
    """Fill in who owns the fields of what is never stored: the real handler does so for all that is created."""
    owners = track(None, obj, writer(registry, call), has_status=False)
    if owners:
        obj["metadata"]["managedFields"] = owners


def user_info(identity: Identity | None) -> Obj:
    """An identity as authentication.k8s.io shows it."""
    if identity is None:
        return {}
    shown: Obj = {"username": identity.name}
    if identity.uid:
        shown["uid"] = identity.uid
    if identity.groups:
        shown["groups"] = list(identity.groups)
    if identity.extra:
        shown["extra"] = {name: list(values) for name, values in identity.extra}
    return shown
