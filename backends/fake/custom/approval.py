"""Who may define kinds in the groups of Kubernetes itself: definitions there carry an approval.

From k8s.io/apiextensions-apiserver/pkg/apihelpers. Called by `rules` and `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

APPROVED = "api-approved.kubernetes.io"
"""The annotation that definitions in Kubernetes' own groups must have."""
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"


def is_protected(group: str) -> bool:
    """Whether a group is Kubernetes' own."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def approval(annotations: Mapping[str, str]) -> tuple[str, str]:
    """How a definition in a protected group is approved: missing, invalid, approved, bypassed; and what to say."""
    text = annotations.get(APPROVED) or ""
    if not text:
        return "missing", f'protected groups must have approval annotation "{APPROVED}", {_SEE}'
    if text.startswith("unapproved"):
        return "bypassed", f'not approved: "{text}"'
    parts = urlsplit(text)
    if parts.scheme and parts.netloc:
        return "approved", f"approved in {text}"
    must = f'protected groups must have approval annotation "{APPROVED}" with either a URL or a reason starting with'
    return "invalid", f'{must} "unapproved", {_SEE}'
