"""delete_pod: delete one pod, the very one that was planned for. Class U.

A pod can be deleted only once, and its UID is never used again: the UID is the precondition of the DELETE, so a
replacement under the same name (a StatefulSet's pod) is never touched, and a request that is repeated or arrives late
does nothing more. A second DELETE with the same grace period is a no-op on the server. What cannot always be told after
a crash is who deleted it: then it is `succeeded (inferred)`.

Refused: grace period 0 for a pod of a StatefulSet, unless the operator permits it: two pods of one name might run
(https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/).
"""

from __future__ import annotations

from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._parameters import whole
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

MAX_GRACE_S = 86400
FORCE_PERMIT = "force_delete_statefulset_pods"
"""What an operator permits to let grace period 0 pass for a StatefulSet's pod."""


class DeletePod:
    """The executor. It has no state."""

    spec = Spec(
        type="delete_pod",
        effect=EffectClass.UNIQUE,
        summary="Delete one pod. Disruption budgets are not asked (eviction asks them).",
        kinds={"Pod": ("v1", "pods")},
        parameters=(
            Parameter(
                "grace_period_seconds",
                whole(0, MAX_GRACE_S, "seconds"),
                "seconds the pod gets to end; 0 kills it at once; the default is the pod's own",
            ),
        ),
        rules=(Rule("", "pods", ("get", "delete")),),
        permits={FORCE_PERMIT: "let grace period 0 pass for a pod of a StatefulSet"},
        endings=(
            *unique_endings("deleted", "Deleted"),
            *TARGET_LOST,
            Ending("ForceNotPermitted", "failed", f"grace period 0 for a pod of a StatefulSet, without {FORCE_PERMIT}"),
        ),
        example={
            "action_type": "delete_pod",
            "resource": {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "my-pod-xyz"},
            "parameters": {"grace_period_seconds": "30"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """The pod."""
        return look_at(action, self.spec, kube)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """The UID; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        if is_terminating(seen.target):
            return succeeded("AlreadyTerminating", f"{action.target} is terminating already: nothing was sent")
        uid = uid_of(seen.target)
        grace = action.parameters.get("grace_period_seconds")
        if grace == 0 and _is_of_statefulset(seen.target) and FORCE_PERMIT not in circumstances.permits:
            return failed(
                "ForceNotPermitted",
                f"{action.target} belongs to a StatefulSet: grace period 0 might let two pods of its name run",
            )
        return Plan(uid=uid, resolved={"grace_period_seconds": grace}, text=f"delete {action.target}, UID {uid}")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One DELETE with the UID as precondition."""
        return kube.delete(
            path_to(action, self.spec), uid=intent.uid, grace_period_s=intent.resolved["grace_period_seconds"]
        )

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The answer, or whether a pod with that UID is still there and not terminating."""
        return unique_verdict(action, intent, evidence, "deleted", "Deleted")


def _is_of_statefulset(pod: JsonObject) -> bool:
    return any(owner.get("kind") == "StatefulSet" for owner in pod["metadata"].get("ownerReferences") or ())


EXECUTOR = DeletePod()
