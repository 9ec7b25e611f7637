"""cordon_node: let no new pods onto a node, as `kubectl cordon` does. Class P, see _field_patch.py.

Nodes have no generation, so the pin is the resourceVersion. A node that is cordoned already is `succeeded (no change)`
and gets no marker, so that undoing ours (uncordon_node with `only_ours`) does not undo an administrator's cordon.
"""

from __future__ import annotations

from kubeactions.executors._field_patch import FIELD_ENDINGS, FieldPatch
from kubeactions.executors._parameters import IF_CHANGED
from kubeactions.model import Action, EffectClass, Json, JsonObject, Rule, Spec


class CordonNode(FieldPatch):
    """The executor. It has no state."""

    field = "unschedulable"
    absent = False
    done = "cordoned"
    words = ("schedulable", "unschedulable")
    spec = Spec(
        type="cordon_node",
        effect=EffectClass.PATCH,
        summary="Let no new pods onto a node; those on it stay.",
        kinds={"Node": ("v1", "nodes")},
        parameters=(IF_CHANGED,),
        rules=(Rule("", "nodes", ("get", "patch"), cluster=True),),
        namespaced=False,
        endings=FIELD_ENDINGS,
        example={"action_type": "cordon_node", "resource": {"api_version": "v1", "kind": "Node", "name": "node-1"}},
    )

    def wanted(self, action: Action, found: JsonObject) -> Json:  # noqa: ARG002
        """Always the same."""
        return True


EXECUTOR = CordonNode()
