"""Restarting a workload as `kubectl rollout restart` does; shared by the restart_* types. Class P.

The pod template gets `kubectl.kubernetes.io/restartedAt` with a stamp that is fixed in the intent, and our marker, in
one JSON patch that tests UID and generation. The marker lies in the template, so whoever strips it makes a new
generation, and the history keeps the template that ours made. A Deployment's generation rises with annotation changes
too, and its controller writes the revision annotation after each new template: one foreign edit of the template moves
it by two, so the evidence in the history is asked for often.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._history import history_rule, look_at_history, name_of, template_of
from kubeactions.executors._marks import TEMPLATE, annotate, template_annotations, template_has, tests_of, wrote
from kubeactions.executors._parameters import IF_CHANGED, WAITING, check_waiting
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
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation that kubectl sets; the same value twice would be the same template, and no rollout."""
_STAMP_FIELD = ("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{RESTARTED_AT}")


def restart_spec(kind: str, name: str, *refusals: Ending) -> Spec:
    """What a restart of this kind says of itself; `name` is the one in its example, `refusals` are its own."""
    plural = f"{kind.lower()}s"
    type_ = f"restart_{kind.lower()}"
    return Spec(
        type=type_,
        effect=EffectClass.PATCH,
        summary=f"Replace the pods of a {kind} one after the other, as `kubectl rollout restart` does.",
        kinds={kind: ("apps/v1", plural)},
        parameters=(IF_CHANGED, *WAITING),
        rules=(Rule("apps", plural, ("get", "patch")), history_rule(kind)),
        check=check_waiting,
        endings=(*ENDINGS, *ROLLOUT_ENDINGS, *TARGET_LOST, TERMINATING, *refusals),
        example={
            "action_type": type_,
            "resource": {"api_version": "apps/v1", "kind": kind, "namespace": "shop", "name": name},
        },
    )


class Restart(ABC):
    """Everything but what each kind says of itself and refuses. It has no state."""

    spec: Spec

    @abstractmethod
    def refusal(self, action: Action, found: JsonObject) -> Outcome | None:
        """Why no pod would restart, if none would."""

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The workload, and its history when only that can still tell whether the intent was applied."""
        seen = look_at(action, self.spec, kube)
        if seen.target is None or intent is None or not _needs_witnesses(seen.target, intent, action.key.marker):
            return seen
        return Seen(seen.target, look_at_history(action, seen.target, kube))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID, generation and stamp; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        found = seen.target
        if (problem := terminating(action, found, "nothing would be restarted")) is not None:
            return problem
        if template_has(found, circumstances.marker):
            return succeeded("Applied", f"{_done(action)} (seen by its marker)")
        if (problem := self.refusal(action, found)) is not None:
            return problem
        annotations = template_annotations(found)
        return Plan(
            uid=uid_of(found),
            pin=int(found["metadata"]["generation"]),
            resolved={"stamp": _stamp(circumstances.now, annotations), "annotations": bool(annotations)},
            text=f"restart {action.target} at generation {found['metadata']['generation']}",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One JSON patch: tests, stamp, marker."""
        return kube.patch(path_to(action, self.spec), patch_of(intent, action.key.marker))

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The rules of _pinned_patch.py, with the history and managedFields as further traces."""
        if is_watching(intent):
            return rollout_verdict(action, intent, evidence)
        marker, stamp = action.key.marker, str(intent.resolved["stamp"])
        traces = Traces(
            done=_done(action),
            has_marker=lambda target: template_has(target, marker),
            others=lambda seen: _traces(seen, marker, stamp),
        )
        return then_wait(action, intent, evidence, pinned_verdict(action, intent, evidence, traces))


def patch_of(intent: Intent, marker: str) -> list[JsonObject]:
    """The JSON patch of an intent: the server applies all of it or, when a test fails, answers 422 and does nothing."""
    values = {RESTARTED_AT: intent.resolved["stamp"], MARKER_ANNOTATION: marker}
    return [*tests_of(intent), *annotate(TEMPLATE, values, present=bool(intent.resolved["annotations"]))]


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


def _needs_witnesses(found: JsonObject, intent: Intent, marker: str) -> bool:
    """Rule 4 only: the object itself tells everything else."""
    moved_by = int(found["metadata"]["generation"]) - int(intent.pin or 0)
    return not is_watching(intent) and uid_of(found) == intent.uid and moved_by >= 2 and not template_has(found, marker)


def _traces(seen: Seen, marker: str, stamp: str) -> str:
    """What besides the marker proves that our patch was applied; "" when nothing does."""
    for one in seen.related:
        if template_annotations({"spec": {"template": template_of(one)}}).get(MARKER_ANNOTATION) == marker:
            return name_of(one)
    target = seen.target
    if target is not None and template_annotations(target).get(RESTARTED_AT) == stamp and wrote(target, _STAMP_FIELD):
        return "managedFields"
    return ""
