"""scale_replicaset: set how many pods a ReplicaSet has, absolutely or relatively. Class P, see _scale.py."""

from __future__ import annotations

from kubeactions.executors._scale import Scale, scale_spec


class ScaleReplicaSet(Scale):
    """The executor. It has no state."""

    spec = scale_spec("ReplicaSet", "cart-7d9f")


EXECUTOR = ScaleReplicaSet()
