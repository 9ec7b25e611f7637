"""What runs on a live cluster have left: found by its label, whatever its kind, and removed.

Called at the end of a test session and by `kubeactions backend sweep`. It refuses to touch anything without the label,
and removes each object only if it is still the one that was found (its uid).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backends.base import BackendError
from backends.live.guard import LABEL, VALUE
from backends.rest import NoAnswer, Rest, path_of


@dataclass(frozen=True, slots=True)
class Leftover:
    """One object."""

    path: str
    uid: str
    since: str
    """When it was created, RFC 3339."""


def find(rest: Rest) -> list[Leftover]:
    """Everything with the label, namespaces first. Raises `BackendError` when the cluster does not answer.

    What is in a namespace that is found goes with that and is not named. A kind that may not be listed is passed over.
    """
    try:
        spaces = list(_labelled(rest, "v1", "namespaces"))
        doomed = tuple(f"{space.path}/" for space in spaces)
        others = [left for kind in _kinds(rest) for left in _labelled(rest, *kind)]
    except NoAnswer as error:
        raise BackendError(f"the cluster does not answer: {error}") from error
    return spaces + [left for left in others if not any(_inside(left.path, space) for space in doomed)]


def remove(rest: Rest, left: Leftover) -> str:
    """Delete it; returns why that was refused, "" when it was not. Raises `BackendError`."""
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": left.uid}}
    try:
        answer = rest.send("DELETE", left.path, {**options, "propagationPolicy": "Background"})
    except NoAnswer as error:
        raise BackendError(f"the cluster does not answer: {error}") from error
    return "" if answer.ok or answer.status == 404 else answer.why


def _inside(path: str, space: str) -> bool:
    return space.removeprefix("/api/v1") in path


def _labelled(rest: Rest, version: str, plural: str) -> Iterator[Leftover]:
    answer = rest.get(path_of(version, plural), labelSelector=f"{LABEL}={VALUE}")
    for item in (answer.body.get("items") or ()) if answer.ok else ():
        metadata: dict[str, Any] = item["metadata"]
        if not metadata.get("deletionTimestamp"):
            path = path_of(version, plural, metadata.get("namespace", ""), metadata["name"])
            yield Leftover(path, metadata["uid"], metadata["creationTimestamp"])


def _kinds(rest: Rest) -> Iterator[tuple[str, str]]:
    """Version and plural of everything but namespaces that can be listed and deleted."""
    groups = rest.get("/apis").body.get("groups") or []
    for version in ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]:
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        for kind in rest.get(root).body.get("resources") or ():
            if "/" not in kind["name"] and kind["name"] != "namespaces" and {"list", "delete"} <= set(kind["verbs"]):
                yield version, kind["name"]
