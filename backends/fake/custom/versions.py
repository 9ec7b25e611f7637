"""The order of versions: stable before beta before alpha, the newest first (apimachinery/pkg/version)."""

from __future__ import annotations

import re

_KUBE_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def priority(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as Kubernetes does, the preferred one first: v2, v1, v1beta2, v1alpha1, then by name."""
    found = _KUBE_VERSION.fullmatch(version)
    if found is None:
        return (3, 0, 0, version)
    stability = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stability, -int(found[1]), -int(found[3] or 0), "")
