"""Setting one field of the spec (replicas, paused, suspend, unschedulable); shared by the types that do. Class P.

One JSON patch tests UID and pin, sets the field and writes the marker into the object's own annotations. The value is
absolute and fixed in the intent. What has the value already is `succeeded (no change)`: nothing is sent and no marker
is left, so every patch of ours changes the spec, which the rules of _pinned_patch.py rely on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._history import look_at_history, name_of
from kubeactions.executors._marks import (
    OBJECT,
    annotate,
    annotations_of,
    last_write,
    object_has,
    tests_of,
    written_since,
)
from kubeactions.executors._pinned_patch import ENDINGS, Traces, pinned_verdict, versioned_verdict
from kubeactions.executors._rollout import is_watching, rollout_verdict, then_wait
from kubeactions.executors._targets import TERMINATING, look_at, objection, path_to, terminating
from kubeactions.model import (
    MARKER_ANNOTATION,
    Action,
    Circumstances,
    Cluster,
    Ending,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Plan,
    Reader,
    Seen,
    Spec,
    Verdict,
)

FIELD_ENDINGS = (
    *ENDINGS,
    Ending("NoChange", "succeeded", "the field has that value already: nothing was sent"),
    *TARGET_LOST,
    TERMINATING,
)
"""How every type that sets a field may end."""


class FieldPatch(ABC):
    """Everything but what each type says of itself, wants and refuses. It has no state."""

    spec: Spec
    field: str
    """Name of the field in `spec`."""
    absent: Json
    """What the field's absence means."""
    done: str
    """What was done to the target, in one word ("resumed")."""
    words: tuple[str, str] = ("", "")
    """What false and true are called, for a field that is one of both."""

    @abstractmethod
    def wanted(self, action: Action, found: JsonObject) -> Json | Outcome:
        """The value to set, or why there is none."""

    def refusal(self, action: Action, seen: Seen, circumstances: Circumstances) -> Outcome | None:  # noqa: ARG002
        """Why it must not be changed; nothing speaks against it by default."""
        return None

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The target, and a Deployment's ReplicaSets (they copy its annotations) when only they can still tell."""
        seen = look_at(action, self.spec, kube)
        if seen.target is None or intent is None or not self._needs_witnesses(seen.target, intent, action.key.marker):
            return seen
        return Seen(seen.target, look_at_history(action, seen.target, kube))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID, pin and the absolute value; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        found = seen.target
        if object_has(found, circumstances.marker):
            return succeeded("Applied", f"{action.target} {self.done} (seen by its marker)")
        if (problem := terminating(action, found, "nothing is changed any more")) is not None:
            return problem
        value = self.wanted(action, found)
        if isinstance(value, Outcome):
            return value
        before = self.value_of(found)
        if value == before:
            return succeeded("NoChange", f"{action.target}: {self.said(value)} already; nothing was sent")
        if (problem := self.refusal(action, seen, circumstances)) is not None:
            return problem
        return Plan(
            uid=uid_of(found),
            pin=pin_of(found),
            resolved={
                "value": value,
                "before": before,
                "annotations": bool(annotations_of(found)),
                "written": last_write(found),
            },
            text=f"{action.target}: {self.field} from {before} to {value}",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One JSON patch: tests, field, marker."""
        return kube.patch(path_to(action, self.spec), self.patch_of(intent, action.key.marker))

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The rules of _pinned_patch.py, with the value, ReplicaSets and managedFields as further traces."""
        if is_watching(intent):
            return rollout_verdict(action, intent, evidence)
        marker, kind = action.key.marker, action.target.kind
        value, annotations = intent.resolved["value"], bool(intent.resolved["annotations"])
        traces = Traces(
            done=f"{action.target} {self.done}: {self.said(value)} (before: {self.said(intent.resolved['before'])})",
            has_marker=lambda target: object_has(target, marker),
            others=lambda seen: self._traces(seen, marker, intent),
            marker_moves_generation=kind == "Deployment",
            controller_witnesses=kind == "Deployment",
            fits=lambda target: bool(annotations_of(target)) == annotations,
        )
        rules = versioned_verdict if isinstance(intent.pin, str) else pinned_verdict
        return then_wait(action, intent, evidence, rules(action, intent, evidence, traces))

    def patch_of(self, intent: Intent, marker: str) -> list[JsonObject]:
        """The JSON patch of an intent."""
        return [
            *tests_of(intent),
            {"op": "add", "path": f"/spec/{self.field}", "value": intent.resolved["value"]},
            *annotate(OBJECT, {MARKER_ANNOTATION: marker}, present=bool(intent.resolved["annotations"])),
        ]

    def value_of(self, found: JsonObject) -> Json:
        """The field as it is."""
        value = found["spec"].get(self.field)
        return self.absent if value is None else value

    def said(self, value: Json) -> str:
        """A value in words."""
        return self.words[value] if isinstance(value, bool) else f"{value} {self.field}"

    def _needs_witnesses(self, found: JsonObject, intent: Intent, marker: str) -> bool:
        if found["kind"] != "Deployment" or is_watching(intent) or uid_of(found) != intent.uid:
            return False
        return int(found["metadata"]["generation"]) - int(intent.pin or 0) >= 2 and not object_has(found, marker)

    def _traces(self, seen: Seen, marker: str, intent: Intent) -> str:
        value = intent.resolved["value"]
        for one in seen.related:
            if object_has(one, marker):
                return name_of(one)
        if seen.target is None:
            return ""
        if self.value_of(seen.target) == value:
            return f"{self.field} = {value}"
        return "managedFields" if written_since(seen.target, intent.resolved.get("written")) else ""


def pin_of(found: JsonObject) -> int | str:
    """The generation; the resourceVersion of kinds that have none (nodes)."""
    generation = found["metadata"].get("generation")
    return str(found["metadata"]["resourceVersion"]) if generation is None else int(generation)
