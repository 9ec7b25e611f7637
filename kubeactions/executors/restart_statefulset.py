"""restart_statefulset: replace the pods of a StatefulSet, as `kubectl rollout restart` does. Class P, see _restart.py.

Refused, because no pod would restart: the update strategy OnDelete, and a partition at or above the replicas.
"""

from __future__ import annotations

from kubeactions.executors._endings import failed
from kubeactions.executors._restart import Restart, restart_spec
from kubeactions.model import Action, Ending, JsonObject, Outcome


class RestartStatefulSet(Restart):
    """The executor. It has no state."""

    spec = restart_spec(
        "StatefulSet",
        "db",
        Ending("OnDelete", "failed", "its update strategy is OnDelete: no pod would restart"),
        Ending("Partitioned", "failed", "its partition is at or above its replicas: no pod would restart"),
    )

    def refusal(self, action: Action, found: JsonObject) -> Outcome | None:
        """Its strategy replaces no pod."""
        strategy = found["spec"].get("updateStrategy") or {}
        replicas = int(found["spec"].get("replicas", 1))
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        if strategy.get("type") == "OnDelete":
            text = f"{action.target} has the update strategy OnDelete: no pod would restart before it is deleted"
            return failed("OnDelete", text)
        if partition and partition >= replicas:
            text = f"{action.target} has partition {partition} and {replicas} replicas: no pod would restart"
            return failed("Partitioned", text)
        return None


EXECUTOR = RestartStatefulSet()
