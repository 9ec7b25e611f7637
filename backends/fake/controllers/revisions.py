"""ControllerRevisions: the history of a pod template, for StatefulSets and DaemonSets.

Pure: what is to be written comes back as a list. Rules: pkg/controller/history. What is stored is a strategic merge
patch that puts the template back, so that `kubectl rollout undo` can apply it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backends.fake.controllers.client import Create, Delete, Update, Write
from backends.fake.controllers.kinds import REVISIONS, Kind
from backends.fake.controllers.templates import canonical, owner_reference, template_hash
from backends.kubelet.pods import Object

DEFAULT_LIMIT = 10


def template_patch(owner: Object) -> Object:
    """What a revision stores of its owner: the patch that puts the template back."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    """The pod template that a revision stores."""
    template = dict(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def number(revision: Object) -> int:
    """The place of a revision in the history."""
    found: int = revision.get("revision", 0)
    return found


@dataclass(frozen=True, slots=True)
class History:
    """What became of the history: the revision that the owner wants now, all of them in order, and what to write."""

    update: Object
    revisions: list[Object]
    writes: list[Write]


def history(kind: Kind, owner: Object, existing: Iterable[Object], hash_label: str) -> History:
    """The revision of the owner's template: the latest, an old one brought forward, or a new one.

    `hash_label` is the label under which the revision carries its hash.
    """
    revisions = sorted(existing, key=lambda one: (number(one), one["metadata"]["name"]))
    patch = template_patch(owner)
    wanted = canonical(patch)
    equal = [one for one in revisions if canonical(one["data"]) == wanted]
    if equal and equal[-1] is revisions[-1]:
        return History(equal[-1], revisions, [])
    latest = number(revisions[-1]) + 1 if revisions else 1
    if equal:
        forward = equal[-1]
        forward["revision"] = latest
        revisions.sort(key=number)
        return History(forward, revisions, [Update(REVISIONS, forward)])
    new = _new(kind, owner, patch, latest, hash_label, {one["metadata"]["name"] for one in revisions})
    return History(new, [*revisions, new], [Create(REVISIONS, new)])


def _new(kind: Kind, owner: Object, patch: Object, place: int, hash_label: str, taken: set[str]) -> Object:
    metadata = owner["metadata"]
    collisions = owner.get("status", {}).get("collisionCount")
    digest = template_hash(patch["spec"]["template"], collisions)
    while f"{metadata['name']}-{digest}" in taken:  # another template with the same 32 bits
        collisions = (collisions or 0) + 1
        digest = template_hash(patch["spec"]["template"], collisions)
    template_labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    new: Object = {
        "kind": "ControllerRevision",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": {**template_labels, hash_label: digest},
            "ownerReferences": [owner_reference(kind, owner)],
        },
        "data": patch,
        "revision": place,
    }
    if annotations := metadata.get("annotations"):
        new["metadata"]["annotations"] = dict(annotations)
    return new


def surplus(owner: Object, revisions: Iterable[Object], live: Iterable[str]) -> list[Write]:
    """Deletions of the oldest revisions beyond `revisionHistoryLimit`; those in `live` (names) do not count."""
    keep = owner["spec"].get("revisionHistoryLimit", DEFAULT_LIMIT)
    alive = set(live)
    old = [one for one in revisions if one["metadata"]["name"] not in alive]
    return [Delete(REVISIONS, one) for one in old[: max(0, len(old) - keep)]]
