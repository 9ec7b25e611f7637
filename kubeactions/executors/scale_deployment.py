"""scale_deployment: set how many pods a Deployment has, absolutely or relatively. Class P, see _scale.py."""

from __future__ import annotations

from kubeactions.executors._scale import Scale, scale_spec


class ScaleDeployment(Scale):
    """The executor. It has no state."""

    spec = scale_spec("Deployment", "cart")


EXECUTOR = ScaleDeployment()
