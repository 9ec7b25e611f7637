"""resume_deployment: let rollouts go on, as `kubectl rollout resume` does. Class P, see _field_patch.py.

Whatever was changed in the template while it was paused is rolled out now; `wait: rollout` waits for that.
"""

from __future__ import annotations

from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._parameters import IF_CHANGED, WAITING, check_waiting
from kubeactions.executors._rollout import ENDINGS as ROLLOUT_ENDINGS
from kubeactions.model import Action, EffectClass, Json, JsonObject, Rule, Spec


class ResumeDeployment(FieldPatch):
    """The executor. It has no state."""

    field = "paused"
    absent = False
    done = "resumed"
    words = ("not paused", "paused")
    spec = Spec(
        type="resume_deployment",
        effect=EffectClass.PATCH,
        summary="Let the rollouts of a paused Deployment go on, as `kubectl rollout resume` does.",
        kinds={"Deployment": ("apps/v1", "deployments")},
        parameters=(IF_CHANGED, *WAITING),
        rules=(Rule("apps", "deployments", ("get", "patch")), Rule("apps", "replicasets", ("list",))),
        check=check_waiting,
        endings=(*FIELD_ENDINGS, *ROLLOUT_ENDINGS),
        example={
            "action_type": "resume_deployment",
            "resource": {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "cart"},
        },
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return False


EXECUTOR = ResumeDeployment()
