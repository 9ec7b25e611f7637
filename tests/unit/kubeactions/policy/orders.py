"""Actions, specs and times that the policy is asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kubeactions.model import Action, ActionKey, EffectClass, Spec, Target

NOW = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
"""A Thursday."""
DELETE = Spec("delete_pod", EffectClass.UNIQUE, "delete", {"Pod": ("v1", "pods")})
READ = Spec("get_resource", EffectClass.READ, "read", {})
POD = Target("v1", "Pod", "cart-0", "shop")
NODE = Target("v1", "Node", "node-1")


def act(target: Target = POD, *, age_s: float = 0, not_before: datetime | None = None, by: str = "") -> Action:
    stamp = NOW - timedelta(seconds=age_s)
    return Action(ActionKey("cfg", 1), "delete_pod", target, stamp, not_before=not_before, requested_by=by)
