"""patch_deployment: change a Deployment by a patch. Class P, see _patching.py."""

from __future__ import annotations

from kubeactions.executors._patching import Patch, patch_spec


class PatchDeployment(Patch):
    """The executor. It has no state."""

    spec = patch_spec("Deployment", "cart")


EXECUTOR = PatchDeployment()
