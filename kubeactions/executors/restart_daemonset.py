"""restart_daemonset: replace the pods of a DaemonSet, as `kubectl rollout restart` does. Class P, see _restart.py.

Refused: the update strategy OnDelete (no pod would restart).
"""

from __future__ import annotations

from kubeactions.executors._endings import failed
from kubeactions.executors._restart import Restart, restart_spec
from kubeactions.model import Action, Ending, JsonObject, Outcome


class RestartDaemonSet(Restart):
    """The executor. It has no state."""

    spec = restart_spec(
        "DaemonSet", "logs", Ending("OnDelete", "failed", "its update strategy is OnDelete: no pod would restart")
    )

    def refusal(self, action: Action, found: JsonObject) -> Outcome | None:
        """Its strategy replaces no pod."""
        if (found["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
            return None
        text = f"{action.target} has the update strategy OnDelete: no pod would restart before it is deleted"
        return failed("OnDelete", text)


EXECUTOR = RestartDaemonSet()
