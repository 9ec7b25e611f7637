"""patch_daemonset: change a DaemonSet by a patch. Class P, see _patching.py."""

from __future__ import annotations

from kubeactions.executors._patching import Patch, patch_spec


class PatchDaemonSet(Patch):
    """The executor. It has no state."""

    spec = patch_spec("DaemonSet", "logs")


EXECUTOR = PatchDaemonSet()
