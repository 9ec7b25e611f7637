"""rollback_daemonset: give a DaemonSet an earlier pod template. Class P, see _rollback.py."""

from __future__ import annotations

from kubeactions.executors._rollback import Rollback, rollback_spec


class RollbackDaemonSet(Rollback):
    """The executor. It has no state."""

    spec = rollback_spec("DaemonSet", "logs")


EXECUTOR = RollbackDaemonSet()
