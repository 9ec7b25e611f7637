"""delete_job: delete one Job, the very one that was planned for, and its pods with it. Class U, see _unique.py.

A plain DELETE of a batch/v1 Job leaves its pods behind, for old clients (`DefaultGarbageCollectionPolicy` in
pkg/registry/batch/job/strategy.go), so the propagation is always said aloud: Background (the pods follow), Foreground
(the Job goes when its pods are gone) or Orphan (the pods stay).
"""

from __future__ import annotations

from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of
from kubeactions.executors._parameters import choice
from kubeactions.executors._targets import is_terminating, look_at, objection, path_to
from kubeactions.executors._unique import unique_endings, unique_verdict
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
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

PROPAGATION = "propagation_policy"


class DeleteJob:
    """The executor. It has no state."""

    spec = Spec(
        type="delete_job",
        effect=EffectClass.UNIQUE,
        summary="Delete one Job, with its pods unless told otherwise.",
        kinds={"Job": ("batch/v1", "jobs")},
        parameters=(
            Parameter(
                PROPAGATION,
                choice("Background", "Foreground", "Orphan"),
                "what becomes of its pods: Background (the default), Foreground or Orphan",
                default="Background",
            ),
        ),
        rules=(Rule("batch", "jobs", ("get", "delete")),),
        endings=(*unique_endings("deleted", "Deleted"), *TARGET_LOST),
        example={
            "action_type": "delete_job",
            "resource": {"api_version": "batch/v1", "kind": "Job", "namespace": "shop", "name": "import-17"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """The Job."""
        return look_at(action, self.spec, kube)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """The UID; or why there is nothing to do."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        if is_terminating(seen.target):
            return succeeded("AlreadyTerminating", f"{action.target} is terminating already: nothing was sent")
        uid = uid_of(seen.target)
        propagation = action.parameters.get(PROPAGATION, "Background")
        return Plan(uid=uid, resolved={"propagation": propagation}, text=f"delete {action.target}, UID {uid}")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One DELETE with the UID as precondition."""
        return kube.delete(path_to(action, self.spec), uid=intent.uid, propagation=intent.resolved["propagation"])

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The answer, or whether a Job with that UID is still there and not terminating."""
        return unique_verdict(action, intent, evidence, "deleted", "Deleted")


EXECUTOR = DeleteJob()
