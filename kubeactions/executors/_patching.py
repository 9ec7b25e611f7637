"""Patching a workload with what the order says; shared by the patch_* types. Class P.

The plan asks the API server for a dry run of the very request and judges its result, not the text of the patch: what is
refused there, changes nothing, or hands out more rights than the operator permits (_escalation.py) is never sent.

A JSON patch gets `test` operations for UID and pin in front; its pin is the generation where the dry run moves it, and
the resourceVersion where it does not (labels). A merge or strategic merge patch carries `metadata.uid` and
`metadata.resourceVersion`, which the server compares. The marker lies in the object's own annotations. Numbers are sent
as they were written: integers above 2^53 survive.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubeactions.errors import Conflict, Invalid, Refused, TooManyRequests
from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._escalation import PERMITS, escalations
from kubeactions.executors._marks import (
    OBJECT,
    annotate,
    annotations_of,
    last_write,
    object_has,
    tests_of,
    written_since,
)
from kubeactions.executors._parameters import IF_CHANGED, WAITING, check_waiting, choice, json_value
from kubeactions.executors._pinned_patch import ENDINGS, Traces, pinned_verdict, versioned_verdict
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
    Status,
    Verdict,
)

PATCH = "patch"
STRATEGY = "patch_strategy"
_TYPES = {"strategic-merge": "strategic", "merge": "merge", "json": "json"}
_STRICT = "strict decoding error: "
"""What a server says before it names the fields that it does not know."""
_REFUSAL = "Status"


def patch_spec(kind: str, name: str) -> Spec:
    """What patching this kind says of itself; `name` is the one in its example."""
    plural = f"{kind.lower()}s"
    type_ = f"patch_{kind.lower()}"
    return Spec(
        type=type_,
        effect=EffectClass.PATCH,
        summary=f"Change a {kind} by a patch that the API server has tried first.",
        kinds={kind: ("apps/v1", plural)},
        parameters=(
            Parameter(PATCH, json_value, "the patch: an object, or a list of operations for json", required=True),
            Parameter(
                STRATEGY,
                choice(*_TYPES),
                "strategic-merge (the default), merge (RFC 7386) or json (RFC 6902)",
                default="strategic-merge",
            ),
            IF_CHANGED,
            *WAITING,
        ),
        rules=(Rule("apps", plural, ("get", "patch")),),
        check=_check,
        permits=PERMITS,
        endings=(
            *ENDINGS,
            *ROLLOUT_ENDINGS,
            Ending("NoChange", "succeeded", "it is as the patch would have it already: nothing was sent"),
            *TARGET_LOST,
            TERMINATING,
            Ending("NotPermitted", "rejected", "the patch hands out rights that the operator has not permitted"),
            Ending("MarkerOverwritten", "failed", f"the patch removes {MARKER_ANNOTATION}, which is ours"),
            Ending("Invalid", "failed", "the API server's dry run refuses the patch; BadRequest likewise"),
        ),
        example={
            "action_type": type_,
            "resource": {"api_version": "apps/v1", "kind": kind, "namespace": "shop", "name": name},
            "parameters": {PATCH: {"spec": {"template": {"metadata": {"labels": {"tier": "gold"}}}}}},
        },
    )


def _check(parameters: Mapping[str, Json]) -> None:
    check_waiting(parameters)
    patch, strategy = parameters[PATCH], parameters.get(STRATEGY, "strategic-merge")
    if (strategy == "json") is not isinstance(patch, list):
        wanted = "a list of operations" if strategy == "json" else "an object"
        raise ValueError(f"{PATCH}: {STRATEGY} {strategy} takes {wanted}")
    if isinstance(patch, dict):
        metadata = patch.get("metadata", {})
        if not isinstance(metadata, dict) or not isinstance(metadata.get("annotations", {}), dict):
            raise ValueError(f"{PATCH}: metadata and its annotations cannot be replaced as a whole")
    elif not all(isinstance(one, dict) for one in patch):
        raise ValueError(f"{PATCH}: each operation is an object")


class Patch:
    """Everything but what each kind says of itself. It has no state."""

    spec: Spec

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The workload, and before a plan what the patch would make of it, or the Status that refuses it."""
        seen = look_at(action, self.spec, kube)
        if (
            intent is not None
            or seen.target is None
            or (action.target.uid or uid_of(seen.target)) != uid_of(seen.target)
        ):
            return seen
        found = seen.target
        body = body_of(action, uid_of(found), str(found["metadata"]["resourceVersion"]), has_any(found))
        try:
            return Seen(found, (kube.rehearse(path_to(action, self.spec), body, type=type_of(action)),))
        except TooManyRequests:
            raise
        except Refused as error:
            refusal: Refused = error
            if isinstance(error, (Conflict, Invalid)) and look_at(action, self.spec, kube) != seen:
                refusal = Conflict(f"{action.target} was changed between a look at it and the dry run: {error.message}")
                if action.parameters.get("if_changed") != "fail":
                    raise refusal from error
            text = refusal.message.rpartition(_STRICT)[2]  # What comes before it is the whole patch, or object.
            return Seen(found, ({"kind": _REFUSAL, "reason": type(refusal).__name__, "message": text},))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID and pin, when the dry run has shown that the patch may pass and changes something."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        found = seen.target
        if object_has(found, circumstances.marker):
            return succeeded("Applied", f"{action.target} patched (seen by its marker)")
        if (problem := terminating(action, found, "nothing is changed any more")) is not None:
            return problem
        (after,) = seen.related
        if after["kind"] == _REFUSAL:
            if after["reason"] == "Conflict":
                return failed("Conflict", after["message"])
            return failed(
                after["reason"], f"{action.target}: the API server would refuse this patch: {after['message']}"
            )
        if (problem := judge(action, found, after, circumstances)) is not None:
            return problem
        moves = int(after["metadata"]["generation"]) > int(found["metadata"]["generation"])
        pin: int | str = str(found["metadata"]["resourceVersion"])
        if type_of(action) == "json" and moves:
            pin = int(found["metadata"]["generation"])
        resolved = {"annotations": has_any(found), "written": last_write(found)}
        return Plan(uid=uid_of(found), pin=pin, resolved=resolved, text=f"patch {action.target} ({type_of(action)})")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One PATCH with its guards."""
        if intent.pin is None:
            raise RuntimeError(f"{action.key}: a patch has a pin")
        body = body_of(action, intent.uid, intent.pin, bool(intent.resolved["annotations"]))
        return kube.patch(path_to(action, self.spec), body, type=type_of(action))

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The rules of _pinned_patch.py, with managedFields as a further trace."""
        if is_watching(intent):
            return rollout_verdict(action, intent, evidence)
        marker, annotations = action.key.marker, bool(intent.resolved["annotations"])
        traces = Traces(
            done=f"{action.target} patched",
            has_marker=lambda target: object_has(target, marker),
            others=lambda seen: _traces(seen, intent),
            marker_moves_generation=action.target.kind == "Deployment",
            controller_witnesses=False,
            fits=lambda target: has_any(target) == annotations,
        )
        rules = versioned_verdict if isinstance(intent.pin, str) else pinned_verdict
        return then_wait(action, intent, evidence, rules(action, intent, evidence, traces))


def type_of(action: Action) -> str:
    """The patch type as the door calls it."""
    return _TYPES[str(action.parameters.get(STRATEGY, "strategic-merge"))]


def has_any(found: JsonObject) -> bool:
    """Whether it has annotations of its own."""
    return bool(annotations_of(found))


def body_of(action: Action, uid: str, pin: int | str, annotations: bool) -> Json:
    """The patch of the order with its guards and the marker. The order's own words for those are overwritten."""
    marker, patch = action.key.marker, action.parameters[PATCH]
    if isinstance(patch, list):
        guards = tests_of(Intent(0, 0, uid, pin, {}, action.created_at))
        marks = annotate(OBJECT, {MARKER_ANNOTATION: marker}, present=annotations)
        return [*guards, *patch, *marks] if annotations else [*guards, *marks, *patch]
    metadata = dict(patch.get("metadata") or {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), MARKER_ANNOTATION: marker}
    return {**patch, "metadata": {**metadata, "uid": uid, "resourceVersion": str(pin)}}


def judge(action: Action, found: JsonObject, after: JsonObject, circumstances: Circumstances) -> Outcome | None:
    """What speaks against the result of the dry run."""
    if not object_has(after, circumstances.marker):
        return failed("MarkerOverwritten", f"{action.target}: the patch removes {MARKER_ANNOTATION}, which is ours")
    if _content(found) == _content(after):
        return succeeded("NoChange", f"{action.target} is as the patch would have it already: nothing was sent")
    wanting = [(p, what) for p, what in escalations(found, after) if p not in circumstances.permits]
    if not wanting:
        return None
    fields = ", ".join(dict.fromkeys(what for _, what in wanting))
    permits = ", ".join(dict.fromkeys(permit for permit, _ in wanting))
    text = f"{action.target}: the patch changes {fields}, which takes the operator's permit {permits}"
    return Outcome(Status.REJECTED, "NotPermitted", text)


def _content(found: JsonObject) -> JsonObject:
    """What a patch is about: everything but the bookkeeping of the server and our mark."""
    metadata = {
        name: value
        for name, value in found["metadata"].items()
        if name not in ("managedFields", "resourceVersion", "generation", "annotations")
    }
    annotations = {name: value for name, value in annotations_of(found).items() if name != MARKER_ANNOTATION}
    return {"metadata": metadata, "annotations": annotations, "spec": found["spec"]}


def _traces(seen: Seen, intent: Intent) -> str:
    return "managedFields" if seen.target and written_since(seen.target, intent.resolved.get("written")) else ""
