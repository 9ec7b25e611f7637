"""scale_statefulset: set how many pods a StatefulSet has, absolutely or relatively. Class P, see _scale.py."""

from __future__ import annotations

from kubeactions.executors._scale import Scale, scale_spec


class ScaleStatefulSet(Scale):
    """The executor. It has no state."""

    spec = scale_spec("StatefulSet", "db")


EXECUTOR = ScaleStatefulSet()
