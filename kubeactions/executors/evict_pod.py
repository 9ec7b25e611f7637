"""evict_pod: evict one pod, as far as its disruption budget allows. Class U, see _unique.py.

The API server asks the budget before it compares the UID, and an eviction that fails afterwards has spent its share
(recorded in tests/conformance, eviction/): so the UID is looked at before each request, besides being its precondition.
429 (no disruption is allowed now) waits as long as the server asks, or a pause of our own when it asks for nothing, and
tries again until the deadline: then it is `failed (pdb)`. A pod that two budgets cover can never be evicted: the server
answers 500, which is `failed`.
"""

from __future__ import annotations

from kubeactions.errors import TooManyRequests
from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of, unknown
from kubeactions.executors._eviction import BUDGET_PAUSE_S, TWO_BUDGETS, evict, eviction, has_two_budgets
from kubeactions.executors._parameters import MAX_TIMEOUT_S, TIMEOUT, deadline, is_over, whole
from kubeactions.executors._targets import is_terminating, look_at, objection, path_to
from kubeactions.executors._unique import unique_endings, unique_verdict
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Ending,
    Evidence,
    Intent,
    Json,
    Outcome,
    Parameter,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

DEFAULT_TIMEOUT_S = 300
MAX_GRACE_S = 86400
GRACE = "grace_period_seconds"


class EvictPod:
    """The executor. It has no state."""

    spec = Spec(
        type="evict_pod",
        effect=EffectClass.UNIQUE,
        summary="Evict one pod as soon as its PodDisruptionBudget allows it.",
        kinds={"Pod": ("v1", "pods")},
        parameters=(
            Parameter(
                GRACE, whole(0, MAX_GRACE_S, "seconds"), "seconds the pod gets to end; the default is the pod's own"
            ),
            Parameter(
                TIMEOUT,
                whole(1, MAX_TIMEOUT_S, "seconds"),
                f"how long to wait for the budget, within the order's expiry; the default is {DEFAULT_TIMEOUT_S}",
                default=DEFAULT_TIMEOUT_S,
            ),
        ),
        rules=(Rule("", "pods", ("get",)), Rule("", "pods/eviction", ("create",))),
        endings=(
            *unique_endings("evicted", "Evicted"),
            *TARGET_LOST,
            Ending("DisruptionBudget", "failed", "its budget allowed no disruption until the deadline (pdb)"),
            Ending("TwoBudgets", "failed", f"it has {TWO_BUDGETS}: the API server can evict no such pod"),
            Ending("DeadlineExceeded", "unknown", "it is there at the deadline, and a try may still be on its way"),
        ),
        example={
            "action_type": "evict_pod",
            "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
            "parameters": {TIMEOUT: 600},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """The pod."""
        return look_at(action, self.spec, kube)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID and deadline; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        if is_terminating(seen.target):
            return succeeded("AlreadyTerminating", f"{action.target} is terminating already: nothing was sent")
        until = deadline(circumstances.now, float(action.parameters.get(TIMEOUT, DEFAULT_TIMEOUT_S)))
        resolved = {GRACE: action.parameters.get(GRACE), "until": until}
        return Plan(uid=uid_of(seen.target), resolved=resolved, text=f"evict {action.target} until {until}")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One POST of an Eviction with the UID as precondition."""
        target = action.target
        body = eviction(target.namespace, target.name, intent.uid, intent.resolved[GRACE])
        return evict(kube, path_to(action, self.spec, "eviction"), body)

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The answer, or whether a pod with that UID is still there; a spent budget waits until the deadline."""
        if has_two_budgets(evidence.answer):
            return Verdict.settle(failed("TwoBudgets", f"{action.target} has {TWO_BUDGETS}: it cannot be evicted"))
        until = str(intent.resolved["until"])
        spent = isinstance(evidence.refused, TooManyRequests)
        if evidence.answer is None and evidence.seen is None and spent:
            if not is_over(until, evidence.at):
                return Verdict.look("DisruptionBudget", "its disruption budget is spent: waiting", _pause(evidence))
            return Verdict.look("DisruptionBudget", "whether it is still there is to be seen")
        verdict = unique_verdict(action, intent, evidence, "evicted", "Evicted")
        if verdict.outcome is None and evidence.seen is not None and is_over(until, evidence.at):
            return Verdict.settle(_too_late(action, evidence, spent=spent))
        return verdict


def _pause(evidence: Evidence) -> float:
    asked = evidence.refused.retry_after_s if isinstance(evidence.refused, TooManyRequests) else None
    return asked or BUDGET_PAUSE_S


def _too_late(action: Action, evidence: Evidence, *, spent: bool) -> Outcome:
    """The deadline is over and the pod is there: every answer was a definite no, or nobody knows."""
    if not evidence.doubt:
        return failed("DisruptionBudget", f"{action.target} was not evicted (pdb): no disruption was allowed in time")
    why = "its budget allowed no disruption when it was last asked" if spent else "no answer said why"
    text = f"{action.target} is still there at the deadline, and {why}; an earlier try may still be on its way"
    return unknown("DeadlineExceeded", text)


EXECUTOR = EvictPod()
