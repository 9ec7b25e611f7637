"""Before a live cluster is touched: is it there, what is it, who are we, what may we do. It writes nothing.

Called by test sessions and `kubeactions backend check`. What it finds out also becomes the backend's capabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.rest import NoAnswer, Rest, path_of

Permission = tuple[str, str, str]
"""Verb, API group and resource (with its subresource)."""

NEEDED: Final[tuple[Permission, ...]] = (
    ("create", "", "namespaces"),
    ("delete", "", "namespaces"),
    ("create", "", "pods"),
    ("delete", "", "pods"),
    ("create", "", "pods/eviction"),
    ("create", "", "configmaps"),
    ("create", "", "events"),
    ("create", "apps", "deployments"),
    ("patch", "apps", "deployments"),
    ("create", "coordination.k8s.io", "leases"),
)
"""What the scenarios do in namespaces that they make."""
IMPERSONATE: Final[Permission] = ("impersonate", "", "users")


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found."""

    where: str
    version: str
    user: str
    groups: tuple[str, ...]
    refused: tuple[Permission, ...]
    """What is needed and not permitted."""
    capabilities: Capabilities

    def lines(self) -> list[str]:
        """For a person."""
        may_not = ", ".join(f"{verb} {resource}" for verb, _, resource in self.refused)
        has = ", ".join(
            name.replace("_", " ")
            for name in ("pods_run", "controllers", "many_identities", "cluster_wide")
            if getattr(self.capabilities, name)
        )
        who = f"{self.user} ({', '.join(self.groups)})" if self.groups else self.user
        return [
            f"cluster   {self.where}",
            f"version   {self.version}",
            f"you are   {who}",
            f"permitted {'everything that scenarios need' if not may_not else f'not: {may_not}'}",
            f"it has    {has or 'nothing beyond the API'}",
        ]


def look(rest: Rest, where: str, *, cluster_wide: bool, needed: Sequence[Permission] = NEEDED) -> Preflight:
    """Ask. Raises `BackendError` when the cluster does not answer, or does not know us."""
    try:
        version = rest.get("/version")
        if not version.ok:
            raise BackendError(f"{where}: {_stranger(version.status)}: {version.why}")
        user, groups = _who(rest, where)
        refused = tuple(permission for permission in needed if not _may(rest, permission))
        capabilities = Capabilities(
            pods_run=_has_a_ready_node(rest),
            controllers=rest.get(path_of("v1", "configmaps", "default", "kube-root-ca.crt")).ok,
            many_identities=_may(rest, IMPERSONATE),
            cluster_wide=cluster_wide,
        )
    except NoAnswer as error:
        raise BackendError(f"{where} does not answer: {error}") from error
    return Preflight(where, str(version.body.get("gitVersion", "unknown")), user, groups, refused, capabilities)


def _stranger(status: int) -> str:
    return "it does not know these credentials" if status == 401 else f"it answers {status}"


def _who(rest: Rest, where: str) -> tuple[str, tuple[str, ...]]:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = rest.send("POST", path_of("authentication.k8s.io/v1", "selfsubjectreviews"), review)
    if answer.status == 401:
        raise BackendError(f"{where}: {_stranger(401)}: {answer.why}")
    if not answer.ok:
        return f"unknown ({answer.why})", ()
    info: dict[str, Any] = (answer.body.get("status") or {}).get("userInfo") or {}
    return str(info.get("username", "unknown")), tuple(info.get("groups") or ())


def _may(rest: Rest, permission: Permission) -> bool:
    verb, group, resource = permission
    plural, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = rest.send("POST", path_of("authorization.k8s.io/v1", "selfsubjectaccessreviews"), review)
    return answer.ok and bool((answer.body.get("status") or {}).get("allowed"))


def _has_a_ready_node(rest: Rest) -> bool:
    nodes = rest.get(path_of("v1", "nodes")).body.get("items") or ()
    conditions = [each for node in nodes for each in (node.get("status") or {}).get("conditions") or ()]
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
