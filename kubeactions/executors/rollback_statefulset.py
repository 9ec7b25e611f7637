"""rollback_statefulset: give a StatefulSet an earlier pod template. Class P, see _rollback.py."""

from __future__ import annotations

from kubeactions.executors._rollback import Rollback, rollback_spec


class RollbackStatefulSet(Rollback):
    """The executor. It has no state."""

    spec = rollback_spec("StatefulSet", "db")


EXECUTOR = RollbackStatefulSet()
