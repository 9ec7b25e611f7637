"""restart_deployment: replace the pods of a Deployment, as `kubectl rollout restart` does. Class P.

The pod template gets `kubectl.kubernetes.io/restartedAt` with a stamp that is fixed in the intent, and our marker, in
one JSON patch that tests UID and generation. The marker lies in the template, so whoever strips it makes a new
generation, and the ReplicaSet that our template made keeps it. A Deployment's generation rises with annotation changes
too, and its controller writes the revision annotation after each new template: one foreign edit of the template moves
it by two, so the evidence in ReplicaSets is asked for often.

Refused: a paused Deployment (no pod would restart; kubectl refuses it too).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kubeactions.errors import NotFound
from kubeactions.executors._endings import failed, gone, replaced, succeeded, uid_of
from kubeactions.executors._pinned_patch import pinned_verdict
from kubeactions.model import (
    FIELD_MANAGER,
    MARKER_ANNOTATION,
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Parameter,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation that kubectl sets; the same value twice would be the same template, and no rollout."""


def _if_changed(value: Json) -> str:
    if value not in ("replan", "fail"):
        raise ValueError(f'"replan" or "fail" is expected, not {value!r}')
    return str(value)


class RestartDeployment:
    """The executor. It has no state."""

    spec = Spec(
        type="restart_deployment",
        effect=EffectClass.PATCH,
        summary="Replace the pods of a Deployment one after the other, as `kubectl rollout restart` does.",
        kinds={"Deployment": ("apps/v1", "deployments")},
        parameters=(
            Parameter(
                "if_changed",
                _if_changed,
                'what to do when somebody changes the Deployment meanwhile: "replan" (the default) or "fail"',
                default="replan",
            ),
        ),
        rules=(Rule("apps", "deployments", ("get", "patch")), Rule("apps", "replicasets", ("list",))),
        example={
            "action_type": "restart_deployment",
            "resource": {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "cart"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The Deployment, and its ReplicaSets when only they can still tell whether the intent was applied."""
        try:
            found = kube.get(_path(action))
        except NotFound:
            return Seen(None)
        if intent is None or not _needs_witnesses(found, intent, action.key.marker):
            return Seen(found)
        selector = ",".join(
            f"{key}={value}" for key, value in sorted((found["spec"]["selector"].get("matchLabels") or {}).items())
        )
        listed = kube.list(
            f"/apis/apps/v1/namespaces/{quote(action.target.namespace, safe='')}/replicasets", labelSelector=selector
        )
        owned = tuple(one for one in listed["items"] if _is_owned_by(one, intent.uid))
        return Seen(found, owned)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID, generation and stamp; or why there is nothing to do."""
        if seen.target is None:
            return gone(action)
        previous = circumstances.previous
        wanted = action.target.uid or (previous.uid if previous else "")
        if wanted and uid_of(seen.target) != wanted:
            return replaced(action, wanted, uid_of(seen.target))
        if seen.target["metadata"].get("deletionTimestamp"):
            return failed("TargetTerminating", f"{action.target} is terminating: nothing would be restarted")
        if _has_marker(seen.target, circumstances.marker):
            return succeeded("Applied", f"{_done(action)} (seen by its marker)")
        if seen.target["spec"].get("paused"):
            return failed("Paused", f"{action.target} is paused: no pod would restart before it is resumed")
        annotations = _template_annotations(seen.target)
        return Plan(
            uid=uid_of(seen.target),
            pin=int(seen.target["metadata"]["generation"]),
            resolved={"stamp": _stamp(circumstances.now, annotations), "annotations": bool(annotations)},
            text=f"restart {action.target} at generation {seen.target['metadata']['generation']}",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One JSON patch: tests, stamp, marker."""
        return kube.patch(_path(action), patch_of(intent, action.key.marker))

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The rules of _pinned_patch.py, with ReplicaSets and managedFields as further traces."""
        marker = action.key.marker
        return pinned_verdict(
            action,
            intent,
            evidence,
            done=_done(action),
            has_marker=lambda target: _has_marker(target, marker),
            traces=lambda seen: _traces(seen, marker, str(intent.resolved["stamp"])),
        )


def patch_of(intent: Intent, marker: str) -> list[JsonObject]:
    """The JSON patch of an intent: the server applies all of it or, when a test fails, answers 422 and does nothing."""
    values = {RESTARTED_AT: intent.resolved["stamp"], MARKER_ANNOTATION: marker}
    base = "/spec/template/metadata/annotations"
    if intent.resolved["annotations"]:
        changes = [{"op": "add", "path": f"{base}/{_escape(key)}", "value": value} for key, value in values.items()]
    else:
        changes = [{"op": "add", "path": base, "value": values}]
    return [
        {"op": "test", "path": "/metadata/uid", "value": intent.uid},
        {"op": "test", "path": "/metadata/generation", "value": intent.pin},
        *changes,
    ]


def _escape(key: str) -> str:
    """A key as a JSON pointer's token (RFC 6901, 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _path(action: Action) -> str:
    namespace, name = (quote(part, safe="") for part in (action.target.namespace, action.target.name))
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


def _done(action: Action) -> str:
    return f"{action.target} restarted"


def _stamp(now: datetime, annotations: JsonObject) -> str:
    """RFC 3339 in whole seconds, as kubectl writes it, and never the value that is there already."""
    stamp = now.astimezone(UTC).replace(microsecond=0)
    if annotations.get(RESTARTED_AT) == _text(stamp):
        stamp += timedelta(seconds=1)
    return _text(stamp)


def _text(stamp: datetime) -> str:
    return stamp.strftime("%Y-%m-%dT%H:%M:%SZ")


def _template_annotations(found: JsonObject) -> JsonObject:
    metadata = found["spec"]["template"].get("metadata") or {}
    annotations: JsonObject = metadata.get("annotations") or {}
    return annotations


def _has_marker(found: JsonObject, marker: str) -> bool:
    return bool(_template_annotations(found).get(MARKER_ANNOTATION) == marker)


def _is_owned_by(found: JsonObject, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in found["metadata"].get("ownerReferences") or ())


def _needs_witnesses(found: JsonObject, intent: Intent, marker: str) -> bool:
    """Rule 4 only: the object itself tells everything else."""
    moved_by = int(found["metadata"]["generation"]) - int(intent.pin or 0)
    return uid_of(found) == intent.uid and moved_by >= 2 and not _has_marker(found, marker)


def _traces(seen: Seen, marker: str, stamp: str) -> str:
    """What besides the marker proves that our patch was applied; "" when nothing does."""
    for one in seen.related:
        if _has_marker(one, marker):
            return f"ReplicaSet {one['metadata']['name']}"
    if (
        seen.target is not None
        and _template_annotations(seen.target).get(RESTARTED_AT) == stamp
        and _wrote(seen.target)
    ):
        return "managedFields"
    return ""


def _wrote(found: JsonObject) -> bool:
    """Whether managedFields say that the stamp in the template is ours."""
    path = ("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{RESTARTED_AT}")
    for entry in found["metadata"].get("managedFields") or ():
        fields: Any = entry.get("fieldsV1") or {}
        for step in path:
            fields = fields.get(step) if isinstance(fields, dict) else None
        if entry.get("manager") == FIELD_MANAGER and fields is not None:
            return True
    return False


EXECUTOR = RestartDeployment()
