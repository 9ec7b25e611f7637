"""Scaling a workload to an absolute number of pods; shared by the scale_* types. Class P.

`replicas` is that number; `delta` is resolved against what is live in the plan, once, and never again from a retry: the
intent holds the number. A patch of the parent and not of its `scale` subresource, so that the marker travels with it.

Refused unless `force`: a HorizontalPodAutoscaler that targets the workload (it would scale it back), and a ReplicaSet
that a Deployment controls (so would that).
"""

from __future__ import annotations

from kubeactions.executors._endings import failed
from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._history import history_rule
from kubeactions.executors._parameters import (
    FORCE,
    IF_CHANGED,
    WAITING,
    all_of,
    check_waiting,
    exactly_one,
    flag,
    whole,
)
from kubeactions.executors._rollout import ENDINGS as ROLLOUT_ENDINGS
from kubeactions.kube import path_of
from kubeactions.model import (
    Action,
    Circumstances,
    EffectClass,
    Ending,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Parameter,
    Reader,
    Rule,
    Seen,
    Spec,
)

MAX_REPLICAS = 10000
"""More than any cluster of supported size runs of one workload (150,000 pods in all); a typing error, most likely."""
AUTOSCALER = "HorizontalPodAutoscaler"
_AUTOSCALERS = ("autoscaling/v2", "horizontalpodautoscalers")


def scale_spec(kind: str, name: str) -> Spec:
    """What scaling this kind says of itself; `name` is the one in its example."""
    plural = f"{kind.lower()}s"
    type_ = f"scale_{kind.lower()}"
    witnesses = (history_rule(kind),) if kind == "Deployment" else ()
    return Spec(
        type=type_,
        effect=EffectClass.PATCH,
        summary=f"Set how many pods a {kind} has, to a number or by a difference.",
        kinds={kind: ("apps/v1", plural)},
        parameters=(
            Parameter("replicas", whole(0, MAX_REPLICAS), "how many pods there are to be"),
            Parameter("delta", whole(-MAX_REPLICAS, MAX_REPLICAS), "how many more (3) or fewer (-3) than there are"),
            Parameter("current_replicas", whole(0, MAX_REPLICAS), "do nothing unless there are so many now"),
            Parameter(FORCE, flag, f"scale although a {AUTOSCALER} or an owner may scale it back", default=False),
            IF_CHANGED,
            *WAITING,
        ),
        rules=(
            Rule("apps", plural, ("get", "patch")),
            *witnesses,
            Rule("autoscaling", "horizontalpodautoscalers", ("list",)),
        ),
        check=all_of(exactly_one("replicas", "delta"), check_waiting),
        endings=(
            *FIELD_ENDINGS,
            *ROLLOUT_ENDINGS,
            Ending("CurrentReplicasDiffer", "failed", "it has not the `current_replicas` that the order expects"),
            Ending("OutOfRange", "failed", f"`delta` would make less than 0 or more than {MAX_REPLICAS} replicas"),
            Ending("Autoscaled", "failed", f"a {AUTOSCALER} scales it and would undo it; see `{FORCE}`"),
            Ending("Controlled", "failed", f"an owner controls it and would undo it; see `{FORCE}`"),
        ),
        example={
            "action_type": type_,
            "resource": {"api_version": "apps/v1", "kind": kind, "namespace": "shop", "name": name},
            "parameters": {"replicas": 5},
        },
    )


class Scale(FieldPatch):
    """Everything but what each kind says of itself. It has no state."""

    field = "replicas"
    absent = 1
    done = "scaled"

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The workload, and before a plan the autoscalers of its namespace."""
        seen = super().look(action, intent, kube)
        if intent is not None or seen.target is None or action.parameters.get(FORCE):
            return seen
        api_version, plural = _AUTOSCALERS
        listed = kube.list(path_of(api_version, plural, namespace=action.target.namespace))
        return Seen(seen.target, tuple({**one, "kind": AUTOSCALER} for one in listed["items"]))

    def wanted(self, action: Action, found: JsonObject) -> Json | Outcome:
        """The absolute number."""
        now = int(self.value_of(found))
        expected = action.parameters.get("current_replicas")
        if expected is not None and expected != now:
            return failed("CurrentReplicasDiffer", f"{action.target} has {now} replicas, and {expected} were expected")
        if (absolute := action.parameters.get("replicas")) is not None:
            return absolute
        value = now + int(action.parameters["delta"])
        if not 0 <= value <= MAX_REPLICAS:
            text = f"{action.target} has {now} replicas: {action.parameters['delta']:+d} would make {value}"
            return failed("OutOfRange", text)
        return value

    def refusal(self, action: Action, seen: Seen, circumstances: Circumstances) -> Outcome | None:  # noqa: ARG002
        """Somebody would scale it back."""
        if action.parameters.get(FORCE) or seen.target is None:
            return None
        for one in seen.related:
            if one["kind"] == AUTOSCALER and _scales(one, action):
                text = f"{AUTOSCALER} {one['metadata']['name']} scales {action.target} and would undo it; see {FORCE}"
                return failed("Autoscaled", text)
        for owner in seen.target["metadata"].get("ownerReferences") or ():
            if owner.get("controller"):
                text = f"{owner['kind']} {owner['name']} controls {action.target} and would undo it; see {FORCE}"
                return failed("Controlled", text)
        return None


def _scales(autoscaler: JsonObject, action: Action) -> bool:
    found = autoscaler["spec"]["scaleTargetRef"]
    group = str(found.get("apiVersion", "")).rpartition("/")[0]
    return (found["kind"], found["name"]) == (action.target.kind, action.target.name) and group in ("", "apps")
