"""rollback_deployment: give a Deployment an earlier pod template. Class P, see _rollback.py."""

from __future__ import annotations

from kubeactions.executors._rollback import Rollback, rollback_spec


class RollbackDeployment(Rollback):
    """The executor. It has no state."""

    spec = rollback_spec("Deployment", "cart")


EXECUTOR = RollbackDeployment()
