"""get_resource: read one object of any kind and report it, redacted and capped. Class R.

The kind may be given as the API calls it in any of its ways (Kind, plural, singular; case-folded); the server's own
discovery resolves it, so nothing that the order holds becomes part of a path unresolved, and Secrets are refused by
what the name resolves to, not by how it is spelled. Reading changes nothing and may be repeated: no intent is written,
and what was read is reported, never kept in the ledger.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import orjson

from kubeactions.errors import KubeError, NotFound, TooLarge
from kubeactions.executors._endings import TARGET_LOST, failed, gone, replaced, uid_of
from kubeactions.executors._redaction import redact
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Ending,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Status,
    Verdict,
)
from kubeactions.plugins import nearest

MAX_BYTES = 1572864
"""Longest redacted object that is reported (1.5 MiB)."""


class GetResource:
    """The executor. It has no state."""

    spec = Spec(
        type="get_resource",
        effect=EffectClass.READ,
        summary="Read one object of any kind but Secret and report it, with sensitive values hidden.",
        kinds={},
        rules=(Rule("*", "*", ("get",)),),
        namespaced=None,
        endings=(
            Ending("Read", "succeeded", "it was read; the report carries it, redacted"),
            *TARGET_LOST,
            Ending("ProtectedKind", "rejected", "what the kind resolves to is Secret"),
            Ending("UnknownKind", "failed", "the cluster serves no such kind at that apiVersion"),
            Ending("NotReadable", "failed", "the kind has no objects that can be read (a review, say)"),
            Ending("NamespaceRequired", "failed", "the kind lives in a namespace, and none is given"),
            Ending("NamespaceNotAllowed", "failed", "the kind lives in no namespace, and one is given"),
            Ending("TooLarge", "failed", f"the redacted object has more than {MAX_BYTES} bytes"),
        ),
        example={
            "action_type": "get_resource",
            "resource": {"api_version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "settings"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """What the kind resolves to (`related`; else what there is), and the object, unless it must not be read."""
        try:
            listed = kube.get(_discovery_path(action.target.api_version))
        except KubeError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # A group that is not served is a bare 404 page, no Status.
                raise
            return Seen(None)
        resource = resolve(listed, action.target.kind)
        if resource is None:
            return Seen(None, (listed,))
        if _objection(action, resource) is not None:
            return Seen(None, (resource,))
        try:
            return Seen(kube.get(_path(action, resource), max_bytes=8 * MAX_BYTES), (resource,))
        except NotFound:
            return Seen(None, (resource,))
        except TooLarge:
            return Seen({}, (resource,))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """Always an outcome: there is nothing to send."""
        target = action.target
        if not seen.related:
            return failed("UnknownKind", f"this cluster serves no {target.api_version}")
        if "resources" in seen.related[0]:
            kinds = {one["kind"] for one in seen.related[0]["resources"] if "/" not in one["name"]}
            text = f"{target.api_version} has no kind {target.kind} on this cluster{nearest(target.kind, kinds)}"
            return failed("UnknownKind", text)
        if (objection := _objection(action, seen.related[0])) is not None:
            return objection
        if seen.target is None:
            return gone(action)
        found = redact(seen.target, circumstances.sensitive_words)
        size = len(orjson.dumps(found))
        if not seen.target or size > MAX_BYTES:
            return failed("TooLarge", f"{target} is larger than {MAX_BYTES} bytes: it is not reported")
        if target.uid and uid_of(seen.target) != target.uid:
            return replaced(action, target.uid, uid_of(seen.target))
        version = seen.target["metadata"].get("resourceVersion", "")
        name = "/".join(part for part in (seen.related[0]["name"], target.namespace, target.name) if part)
        message = f"{target} read at resourceVersion {version}, {circumstances.now.isoformat().replace('+00:00', 'Z')}"
        return Outcome(Status.SUCCEEDED, "Read", message, payload={name: found})

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:  # noqa: ARG002
        """Never called: a read has no intent."""
        raise RuntimeError(f"{action.key}: a read sends nothing")

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """Never called: a read has no intent."""
        raise RuntimeError(f"{action.key}: a read has no intent")


def resolve(listed: JsonObject, kind: str) -> JsonObject | None:
    """The entry of an APIResourceList that `kind` names, by kind, plural or singular; subresources never match."""
    folded = kind.casefold()
    for one in listed.get("resources") or ():
        names = {str(one.get(key, "")).casefold() for key in ("kind", "name", "singularName")} - {""}
        if folded in names and "/" not in one["name"]:
            found: JsonObject = one
            return found
    return None


def _objection(action: Action, resource: JsonObject) -> Outcome | None:
    """Why the object must not, or cannot, be read."""
    target = action.target
    if resource["kind"] == "Secret":  # In any group: what others call so, holds what nobody should read, too.
        return Outcome(Status.REJECTED, "ProtectedKind", "Secrets are not read by actions")
    if "get" not in (resource.get("verbs") or ()):
        return failed("NotReadable", f"{resource['kind']} has no object that could be read")
    if resource["namespaced"] and not target.namespace:
        return failed("NamespaceRequired", f"{resource['kind']} lives in a namespace, and none is given")
    if not resource["namespaced"] and target.namespace:
        return failed(
            "NamespaceNotAllowed", f"{resource['kind']} lives in no namespace, and {target.namespace} is given"
        )
    return None


def _discovery_path(api_version: str) -> str:
    group, _, version = api_version.rpartition("/")
    return f"/apis/{quote(group, safe='')}/{quote(version, safe='')}" if group else f"/api/{quote(version, safe='')}"


def _path(action: Action, resource: JsonObject) -> str:
    base = _discovery_path(action.target.api_version)
    namespace = f"/namespaces/{quote(action.target.namespace, safe='')}" if action.target.namespace else ""
    return f"{base}{namespace}/{quote(resource['name'], safe='')}/{quote(action.target.name, safe='')}"


EXECUTOR = GetResource()
