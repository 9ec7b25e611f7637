"""Going back to an earlier pod template as `kubectl rollout undo` does; shared by the rollback_* types. Class P.

The revision is resolved once, in the first plan: `target_revision`, or the one before the present. "Previous" is never
asked again, by a retry or a new plan, which would roll forward. The intent holds the template itself, so what is sent
does not depend on a history that may be pruned meanwhile. One JSON patch tests UID and generation and replaces the
template.

A Deployment's marker lies in its own annotations, so that the old ReplicaSet is used again; the annotations that the
ReplicaSet keeps come back with it (`kubernetes.io/change-cause`), and what only the Deployment has stays, unlike with
kubectl. For a StatefulSet or DaemonSet it lies in the template.

Refused: a paused Deployment, as kubectl does, and a template of more than `MAX_TEMPLATE_BYTES`.
"""

from __future__ import annotations

import orjson

from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._history import (
    HISTORIES,
    history_rule,
    look_at_history,
    name_of,
    revision_of,
    template_of,
)
from kubeactions.executors._marks import OBJECT, annotations_of, object_has, template_has, tests_of
from kubeactions.executors._parameters import IF_CHANGED, WAITING, check_waiting, whole
from kubeactions.executors._pinned_patch import ENDINGS, Traces, pinned_verdict
from kubeactions.executors._rollout import ENDINGS as ROLLOUT_ENDINGS
from kubeactions.executors._rollout import is_watching, rollout_verdict, then_wait
from kubeactions.executors._targets import TERMINATING, look_at, objection, path_to, terminating
from kubeactions.model import (
    MARKER_ANNOTATION,
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
    Parameter,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

MAX_TEMPLATE_BYTES = 48 * 1024
"""Longest template that an intent takes into the ledger."""
TARGET_REVISION = "target_revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
_OWN = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
        MARKER_ANNOTATION,
    }
)
"""Annotations that are never taken from a ReplicaSet (kubectl's list, and ours)."""


def rollback_spec(kind: str, name: str) -> Spec:
    """What a rollback of this kind says of itself; `name` is the one in its example."""
    plural = f"{kind.lower()}s"
    type_ = f"rollback_{kind.lower()}"
    return Spec(
        type=type_,
        effect=EffectClass.PATCH,
        summary=f"Give a {kind} an earlier pod template, as `kubectl rollout undo` does.",
        kinds={kind: ("apps/v1", plural)},
        parameters=(
            Parameter(
                TARGET_REVISION,
                whole(0, 2**62),
                "the revision to go back to; 0, the default, is the one before the present",
                default=0,
            ),
            IF_CHANGED,
            *WAITING,
        ),
        rules=(Rule("apps", plural, ("get", "patch")), history_rule(kind)),
        check=check_waiting,
        endings=(
            *ENDINGS,
            *ROLLOUT_ENDINGS,
            Ending("NoChange", "succeeded", "it has the template of that revision already: nothing was sent"),
            *TARGET_LOST,
            TERMINATING,
            Ending("NoSuchRevision", "failed", "its history does not keep that revision, or none before the present"),
            Ending("ControllerBehind", "failed", "its controller has not seen the present template yet"),
            Ending("Paused", "failed", "it is paused"),
            Ending("TooLarge", "failed", f"template and annotations have more than {MAX_TEMPLATE_BYTES // 1024} KiB"),
        ),
        example={
            "action_type": type_,
            "resource": {"api_version": "apps/v1", "kind": kind, "namespace": "shop", "name": name},
            "parameters": {TARGET_REVISION: 3},
        },
    )


class Rollback:
    """Everything but what each kind says of itself. It has no state."""

    spec: Spec

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The workload, with its history before a plan and where only that can still tell."""
        seen = look_at(action, self.spec, kube)
        if seen.target is None or (intent is not None and not _needs_witnesses(seen.target, intent, action)):
            return seen
        return Seen(seen.target, look_at_history(action, seen.target, kube))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID, generation and the template to go back to; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        found = seen.target
        if (problem := terminating(action, found, "nothing would be rolled back")) is not None:
            return problem
        if _marked(action, found, circumstances.marker):
            return succeeded("Applied", f"{action.target} rolled back (seen by its marker)")
        if found["spec"].get("paused"):
            return failed("Paused", f"{action.target} is paused: it is rolled back after it is resumed")
        previous = circumstances.previous
        chosen = choose(action, found, seen.related, previous.resolved["from"] if previous else "")
        if isinstance(chosen, Outcome):
            return chosen
        template = template_of(chosen)
        revision, changes = revision_of(chosen), _changes(action, found, chosen, template)
        if same_template(template, found["spec"]["template"]):
            return succeeded("NoChange", f"{action.target} has the template of revision {revision} already")
        if len(orjson.dumps(changes)) > MAX_TEMPLATE_BYTES:
            text = f"the template of {name_of(chosen)}, with annotations, has more than {MAX_TEMPLATE_BYTES} bytes"
            return failed("TooLarge", text)
        return Plan(
            uid=uid_of(found),
            pin=int(found["metadata"]["generation"]),
            resolved={"revision": revision, "from": name_of(chosen), **changes},
            text=f"roll {action.target} back to revision {revision} ({name_of(chosen)})",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One JSON patch: tests, template, annotations."""
        return kube.patch(path_to(action, self.spec), patch_of(intent))

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The rules of _pinned_patch.py, with the template and the history as further traces."""
        if is_watching(intent):
            return rollout_verdict(action, intent, evidence)
        marker = action.key.marker
        traces = Traces(
            done=f"{action.target} rolled back to revision {intent.resolved['revision']}",
            has_marker=lambda target: _marked(action, target, marker),
            others=lambda seen: _traces(action, seen, intent),
        )
        return then_wait(action, intent, evidence, pinned_verdict(action, intent, evidence, traces))


def choose(
    action: Action, found: JsonObject, history: tuple[JsonObject, ...], before: str = ""
) -> JsonObject | Outcome:
    """The ReplicaSet or ControllerRevision to go back to; or why there is none.

    `before` is the name of the one that an earlier plan had chosen: another's rollback meanwhile renumbers them.
    """
    ordered = sorted((one for one in history if revision_of(one) > 0), key=revision_of)
    asked = int(action.parameters.get(TARGET_REVISION) or 0)
    known = ", ".join(str(revision_of(one)) for one in ordered) or "none"
    if before:
        text = f"{action.target}: {before}, to which it was to go back, is not kept any more; kept: {known}"
        return next((one for one in ordered if name_of(one) == before), failed("NoSuchRevision", text))
    if asked:
        chosen = [one for one in ordered if revision_of(one) == asked]
        return chosen[0] if chosen else failed("NoSuchRevision", f"{action.target}: no revision {asked}; kept: {known}")
    present = [one for one in ordered if same_template(template_of(one), found["spec"]["template"])]
    if not present or present[-1] is not ordered[-1]:
        text = f"{action.target}: its controller has not seen its template yet, so which one came before is not known"
        return failed("ControllerBehind", text)
    if len(ordered) < 2:
        return failed("NoSuchRevision", f"{action.target} has no revision before the present; kept: {known}")
    return ordered[-2]


def same_template(one: JsonObject, other: JsonObject) -> bool:
    """Whether two templates are equal but for the marks of actions."""
    return _bare(one) == _bare(other)


def _bare(template: JsonObject) -> JsonObject:
    metadata = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    metadata.pop("annotations", None)
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    kept = {name: value for name, value in annotations.items() if name != MARKER_ANNOTATION}
    return {**template, "metadata": metadata | ({"annotations": kept} if kept else {})}


def _changes(action: Action, found: JsonObject, chosen: JsonObject, template: JsonObject) -> JsonObject:
    """What the intent holds to be sent: the template with the marker, or the template and the annotations with it."""
    marker = action.key.marker
    if action.target.kind != "Deployment":
        metadata = template.get("metadata") or {}
        annotations = {**(metadata.get("annotations") or {}), MARKER_ANNOTATION: marker}
        return {"template": {**template, "metadata": {**metadata, "annotations": annotations}}}
    theirs = {name: value for name, value in annotations_of(chosen).items() if name not in _OWN}
    ours = {name: value for name, value in annotations_of(found).items() if name != CHANGE_CAUSE}
    return {"template": template, "annotations_after": {**ours, **theirs, MARKER_ANNOTATION: marker}}


def patch_of(intent: Intent) -> list[JsonObject]:
    """The JSON patch of an intent."""
    changes = [{"op": "replace", "path": "/spec/template", "value": intent.resolved["template"]}]
    if (annotations := intent.resolved.get("annotations_after")) is not None:
        changes.append({"op": "add", "path": OBJECT, "value": annotations})
    return [*tests_of(intent), *changes]


def _marked(action: Action, found: JsonObject, marker: str) -> bool:
    has = object_has if action.target.kind == "Deployment" else template_has
    return has(found, marker)


def _needs_witnesses(found: JsonObject, intent: Intent, action: Action) -> bool:
    moved_by = int(found["metadata"]["generation"]) - int(intent.pin or 0)
    undecided = uid_of(found) == intent.uid and moved_by >= 2 and not _marked(action, found, action.key.marker)
    return undecided and not is_watching(intent)


def _traces(action: Action, seen: Seen, intent: Intent) -> str:
    marker = action.key.marker
    for one in seen.related:
        marked = object_has(one, marker) if HISTORIES[action.target.kind] == "replicasets" else False
        if marked or (template_of(one).get("metadata") or {}).get("annotations", {}).get(MARKER_ANNOTATION) == marker:
            return name_of(one)
    if seen.target is not None and same_template(intent.resolved["template"], seen.target["spec"]["template"]):
        return "its template"
    return ""
