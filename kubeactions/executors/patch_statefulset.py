"""patch_statefulset: change a StatefulSet by a patch. Class P, see _patching.py."""

from __future__ import annotations

from kubeactions.executors._patching import Patch, patch_spec


class PatchStatefulSet(Patch):
    """The executor. It has no state."""

    spec = patch_spec("StatefulSet", "db")


EXECUTOR = PatchStatefulSet()
