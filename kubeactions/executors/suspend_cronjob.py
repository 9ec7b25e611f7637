"""suspend_cronjob: start no more Jobs by a CronJob's schedule. Class P, see _field_patch.py.

Jobs that run already go on. The generation of a CronJob moves with its spec only.
"""

from __future__ import annotations

from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._parameters import IF_CHANGED
from kubeactions.model import Action, EffectClass, Json, JsonObject, Rule, Spec


class SuspendCronJob(FieldPatch):
    """The executor. It has no state."""

    field = "suspend"
    absent = False
    done = "suspended"
    words = ("not suspended", "suspended")
    spec = Spec(
        type="suspend_cronjob",
        effect=EffectClass.PATCH,
        summary="Start no more Jobs by a CronJob's schedule until it is resumed.",
        kinds={"CronJob": ("batch/v1", "cronjobs")},
        parameters=(IF_CHANGED,),
        rules=(Rule("batch", "cronjobs", ("get", "patch")),),
        endings=FIELD_ENDINGS,
        example={
            "action_type": "suspend_cronjob",
            "resource": {"api_version": "batch/v1", "kind": "CronJob", "namespace": "shop", "name": "nightly"},
        },
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return True


EXECUTOR = SuspendCronJob()
