"""Kinds that are asked and never stored: bindings through their collection, reviews of tokens and of oneself.

Called by the server for resources that can only be created. What depends on RBAC is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake import imitation, metadata, statuses
from backends.fake.bodies import read_object
from backends.fake.call import Call
from backends.fake.messages import Identity, Response
from backends.fake.reading import json_response
from backends.fake.registry import Registry
from backends.fake.subresources import bind

Obj = dict[str, Any]


class Reviews:
    """Answers from the token table."""

    def __init__(self, tokens: Mapping[str, Identity] | None) -> None:
        self._tokens = tokens

    def create(self, registry: Registry, call: Call) -> Response:
        """POST of something that is not stored. Raises `ApiError` 501 for what is not imitated."""
        plural = call.served.plural
        if plural == "bindings":
            return bind(registry, call, "")
        if plural == "selfsubjectreviews":
            return self._self_review(registry, call)
        raise statuses.not_imitated(imitation.REFUSED_RESOURCES[call.served.storage])

    @staticmethod
    def _self_review(registry: Registry, call: Call) -> Response:
        review = read_object(call, call.served)
        review["metadata"] = {"creationTimestamp": metadata.timestamp(registry.clock.wall())}
        review["status"] = {"userInfo": user_info(call.identity)}
        return json_response(201, orjson.dumps(review))


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


def component_status(call: Call) -> statuses.ApiError:
    """The refusal of /componentstatuses: nothing here has a health of its own."""
    if call.name:
        error = statuses.not_found("componentstatuses", call.name)
        error.message = f'componentstatus "{call.name}" not found'
        return error
    return statuses.not_imitated("component statuses")
