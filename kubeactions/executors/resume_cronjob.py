"""resume_cronjob: start Jobs by a CronJob's schedule again. Class P, see _field_patch.py.

Starts that were missed within `startingDeadlineSeconds` (without one: all of them, up to 100) count as due: one
Job may start at once. That is the CronJob controller's rule.
"""

from __future__ import annotations

from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._parameters import IF_CHANGED
from kubeactions.model import Action, EffectClass, Json, JsonObject, Rule, Spec


class ResumeCronJob(FieldPatch):
    """The executor. It has no state."""

    field = "suspend"
    absent = False
    done = "resumed"
    words = ("not suspended", "suspended")
    spec = Spec(
        type="resume_cronjob",
        effect=EffectClass.PATCH,
        summary="Let a suspended CronJob start Jobs by its schedule again.",
        kinds={"CronJob": ("batch/v1", "cronjobs")},
        parameters=(IF_CHANGED,),
        rules=(Rule("batch", "cronjobs", ("get", "patch")),),
        endings=FIELD_ENDINGS,
        example={
            "action_type": "resume_cronjob",
            "resource": {"api_version": "batch/v1", "kind": "CronJob", "namespace": "shop", "name": "nightly"},
        },
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return False


EXECUTOR = ResumeCronJob()
