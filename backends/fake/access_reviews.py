"""May somebody do something, asked as an object: the reviews of authorization.k8s.io.

Called by `reviews`. The answers are the authorizer's; what is refused follows pkg/registry/authorization and
pkg/apis/authorization/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from backends.fake import statuses
from backends.fake.authorization import Attributes, Authorizer, Rule
from backends.fake.bodies import read_object
from backends.fake.call import Call
from backends.fake.messages import Identity, Response
from backends.fake.reading import json_response
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.writing import check_namespace

Obj = dict[str, Any]

GROUP: Final = "authorization.k8s.io"


class AccessReviews:
    """Answers in the name of one authorizer."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def create(self, call: Call, own: Callable[[Obj], None]) -> Response:
        """POST of any of the four kinds; `own` fills in who owns a review's fields. Raises `ApiError` 400, 422."""
        review = read_object(call, call.served)
        if call.served.plural == "selfsubjectrulesreviews":
            return json_response(201, orjson.dumps(self._rules(call, review)))
        check_namespace(call.served, review, call.route.namespace)
        spec = review["spec"]
        found = _one_of(spec)
        if call.served.plural == "selfsubjectaccessreviews":
            user = _asking(call)
        else:
            found += _subject(spec)
            user = _subject_of(spec)
        if review["metadata"].keys() - {"namespace"}:
            text = "must be empty except for namespace" if call.served.namespaced else "must be empty"
            found.append(causes.invalid("metadata", review["metadata"], text))
        if call.served.namespaced:
            found += _local(spec, call.route.namespace)
        _check(found)
        own(review)
        decision = self._authorizer.decide(_attributes(user, spec))
        review["status"] = {"allowed": decision.allowed}
        if decision.reason:
            review["status"]["reason"] = decision.reason
        return json_response(201, orjson.dumps(review))

    def _rules(self, call: Call, review: Obj) -> Obj:
        """All that whoever asks may do in a namespace; the answer leaves the spec out, as the real one's does."""
        namespace = review["spec"].get("namespace")
        if not namespace:
            raise statuses.bad_request("no namespace on request")
        rules, problems = self._authorizer.rules(_asking(call), namespace)
        status: Obj = {
            "resourceRules": [_resource_rule(rule) for rule in rules if not rule.urls],
            "nonResourceRules": [{"verbs": rule.verbs, "nonResourceURLs": rule.urls} for rule in rules if rule.urls],
            "incomplete": bool(problems),
        }
        if problems:
            status["evaluationError"] = ", ".join(problems)
        return {**review, "spec": {}, "status": status}


def _resource_rule(rule: Rule) -> Obj:
    shown = {"apiGroups": rule.groups, "resources": rule.resources, "resourceNames": rule.names}
    return {"verbs": rule.verbs, **{member: values for member, values in shown.items() if values}}


def _asking(call: Call) -> Identity:
    assert call.identity is not None, "authentication comes first"
    return call.identity


def _subject_of(spec: Mapping[str, Any]) -> Identity:
    extra = tuple((name.lower(), tuple(values or ())) for name, values in (spec.get("extra") or {}).items())
    return Identity(spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()), extra)


def _attributes(user: Identity, spec: Mapping[str, Any]) -> Attributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        url = spec["nonResourceAttributes"]
        return Attributes(user, url.get("verb") or "", path=url.get("path") or "/")
    members = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(user, *(resource.get(member) or "" for member in members))


# ---- what may be asked


def _one_of(spec: Mapping[str, Any]) -> list[Cause]:
    resource, url = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and url is not None:
        text = "cannot be specified in combination with resourceAttributes"
        return [causes.invalid("spec.nonResourceAttributes", _shown(url), text)]
    if resource is None and url is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [causes.invalid("spec.resourceAttributes", None, text)]
    return []


def _shown(url: Mapping[str, Any]) -> Obj:
    """NonResourceAttributes as the server's own type, whose members have no other names, is written."""
    return {"Path": url.get("path") or "", "Verb": url.get("verb") or ""}


def _subject(spec: Mapping[str, Any]) -> list[Cause]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [causes.invalid("spec.user", "", "at least one of user or group must be specified")]


def _check(found: Iterable[Cause]) -> None:
    listed = [cause._asdict() for cause in found]
    if listed:
        # The real server leaves the kind out here.
        raise statuses.invalid("", "", GROUP, listed)


def _local(spec: Mapping[str, Any], namespace: str) -> list[Cause]:
    """A LocalSubjectAccessReview asks about its own namespace."""
    resource, url = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    found: list[Cause] = []
    if resource is not None and (resource.get("namespace") or "") != namespace:
        text = "must match metadata.namespace"
        found.append(causes.invalid("spec.resourceAttributes.namespace", resource.get("namespace") or "", text))
    if url is not None:
        found.append(causes.invalid("spec.nonResourceAttributes", _shown(url), "disallowed on this kind of request"))
    return found
