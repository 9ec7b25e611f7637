"""restart_deployment: replace the pods of a Deployment, as `kubectl rollout restart` does. Class P, see _restart.py.

Refused: a paused Deployment (no pod would restart; kubectl refuses it too).
"""

from __future__ import annotations

from kubeactions.executors._endings import failed
from kubeactions.executors._restart import Restart, restart_spec
from kubeactions.model import Action, Ending, JsonObject, Outcome


class RestartDeployment(Restart):
    """The executor. It has no state."""

    spec = restart_spec(
        "Deployment", "cart", Ending("Paused", "failed", "it is paused: no pod would restart before it is resumed")
    )

    def refusal(self, action: Action, found: JsonObject) -> Outcome | None:
        """It is paused."""
        if not found["spec"].get("paused"):
            return None
        return failed("Paused", f"{action.target} is paused: no pod would restart before it is resumed")


EXECUTOR = RestartDeployment()
