"""Safety hooks of an operator, for the scenarios that have one."""

from __future__ import annotations

from kubeactions.model import Action
from kubeactions.policy import Facts, Veto


def keep_web_0(action: Action, facts: Facts) -> Veto | None:
    """Refuse whatever is about web-0."""
    return Veto("web-0 serves the demo") if action.target.name == "web-0" else None


def broken(action: Action, facts: Facts) -> Veto | None:
    """Break."""
    raise RuntimeError("the hook's own database is down")
