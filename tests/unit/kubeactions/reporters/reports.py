"""Reports to deliver."""

from __future__ import annotations

from datetime import UTC, datetime

from kubeactions.model import Action, ActionKey, Outcome, Report, Status, Target

AT = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
POD = Target("v1", "Pod", "cart-0", "shop")
DONE = Outcome(Status.SUCCEEDED, "Deleted", "pod deleted")


def order(id_: str, target: Target = POD) -> Action:
    """A delete_pod."""
    return Action(ActionKey(id_, 1), "delete_pod", target, AT)


def report(id_: str, outcome: Outcome = DONE, *, target: Target = POD, action: bool | None = True) -> Report:
    """How it ended; `action` None: the config held none."""
    return Report(ActionKey(id_, 1), order(id_, target) if action else None, outcome, "replica-a", AT, "uid-1")
