"""pause_deployment: stop the rollouts of a Deployment, as `kubectl rollout pause` does. Class P, see _field_patch.py.

A paused Deployment keeps its pods and still scales; changes of its template have no effect until it is resumed.
"""

from __future__ import annotations

from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._parameters import IF_CHANGED
from kubeactions.model import Action, EffectClass, Json, JsonObject, Rule, Spec


class PauseDeployment(FieldPatch):
    """The executor. It has no state."""

    field = "paused"
    absent = False
    done = "paused"
    words = ("not paused", "paused")
    spec = Spec(
        type="pause_deployment",
        effect=EffectClass.PATCH,
        summary="Stop the rollouts of a Deployment until it is resumed, as `kubectl rollout pause` does.",
        kinds={"Deployment": ("apps/v1", "deployments")},
        parameters=(IF_CHANGED,),
        rules=(Rule("apps", "deployments", ("get", "patch")), Rule("apps", "replicasets", ("list",))),
        endings=FIELD_ENDINGS,
        example={
            "action_type": "pause_deployment",
            "resource": {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "cart"},
        },
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return True


EXECUTOR = PauseDeployment()
