"""uncordon_node: let new pods onto a node again, as `kubectl uncordon` does. Class P, see _field_patch.py.

With `only_ours` it undoes what cordon_node or drain_node did, and nothing else: managedFields say who set the field
last, so a cordon that an administrator made, or made again, stays.
"""

from __future__ import annotations

from kubeactions.executors._endings import succeeded
from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._marks import annotations_of, wrote
from kubeactions.executors._parameters import IF_CHANGED, flag
from kubeactions.model import (
    MARKER_ANNOTATION,
    Action,
    Circumstances,
    EffectClass,
    Ending,
    Json,
    JsonObject,
    Outcome,
    Parameter,
    Rule,
    Seen,
    Spec,
)

ONLY_OURS = "only_ours"


class UncordonNode(FieldPatch):
    """The executor. It has no state."""

    field = "unschedulable"
    absent = False
    done = "uncordoned"
    words = ("schedulable", "unschedulable")
    spec = Spec(
        type="uncordon_node",
        effect=EffectClass.PATCH,
        summary="Let new pods onto a node again.",
        kinds={"Node": ("v1", "nodes")},
        parameters=(
            Parameter(ONLY_OURS, flag, "leave a node alone that somebody else has cordoned", default=False),
            IF_CHANGED,
        ),
        rules=(Rule("", "nodes", ("get", "patch"), cluster=True),),
        namespaced=False,
        endings=(
            *FIELD_ENDINGS,
            Ending("NotOurs", "succeeded", f"`{ONLY_OURS}`: somebody else cordoned it, so it stays cordoned"),
        ),
        example={"action_type": "uncordon_node", "resource": {"api_version": "v1", "kind": "Node", "name": "node-1"}},
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return False

    def refusal(self, action: Action, seen: Seen, circumstances: Circumstances) -> Outcome | None:  # noqa: ARG002
        """Somebody else's cordon stays, if that is asked."""
        found = seen.target
        if found is None or not action.parameters.get(ONLY_OURS):
            return None
        if MARKER_ANNOTATION in annotations_of(found) and wrote(found, ("f:spec", "f:unschedulable")):
            return None
        return succeeded("NotOurs", f"{action.target} was cordoned by somebody else: it stays as it is")


EXECUTOR = UncordonNode()
