"""The PersistentVolumeClaims of a StatefulSet's pods: one for each template and ordinal. Pure.

Used by statefulset.py. Rules: pkg/controller/statefulset/stateful_set_utils.go, KEP-1847 for the retention policy:
what is to go with the set or with a pod that is scaled away gets it as its owner, and the garbage collector does the
rest. No volume is ever bound to a claim here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.fake.controllers.client import Create, Update, Write
from backends.fake.controllers.kinds import CLAIMS, PODS, STATEFUL_SETS
from backends.fake.controllers.templates import owner_reference
from backends.kubelet.pods import Object, is_terminating


def names(stateful_set: Object, ordinal: int) -> dict[str, str]:
    """The volume's name in the pod -> the claim's name."""
    owner = stateful_set["metadata"]["name"]
    templates = stateful_set["spec"].get("volumeClaimTemplates") or ()
    return {one["metadata"]["name"]: f"{one['metadata']['name']}-{owner}-{ordinal}" for one in templates}


def volumes(stateful_set: Object, ordinal: int, template_volumes: Iterable[Object]) -> list[Object]:
    """The volumes of a pod: those of the claims, and those of the pod template that they do not replace."""
    claimed = names(stateful_set, ordinal)
    mounted = [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in claimed.items()]
    return [*mounted, *(one for one in template_volumes if one["name"] not in claimed)]


def missing(stateful_set: Object, ordinal: int, existing: Mapping[str, Object]) -> list[Write]:
    """The claims that a pod needs and that are not there; `existing` are those of the namespace by name."""
    writes: list[Write] = []
    for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
        name = names(stateful_set, ordinal)[template["metadata"]["name"]]
        if name in existing:
            continue
        meta = template["metadata"]
        labels = {**(meta.get("labels") or {}), **(stateful_set["spec"]["selector"].get("matchLabels") or {})}
        metadata: Object = {"name": name, "namespace": stateful_set["metadata"]["namespace"], "labels": labels}
        if meta.get("annotations"):
            metadata["annotations"] = dict(meta["annotations"])
        if _policy(stateful_set, "whenDeleted") == "Delete":
            metadata["ownerReferences"] = [owner_reference(STATEFUL_SETS, stateful_set)]
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        writes.append(Create(CLAIMS, claim, owner=stateful_set))
    return writes


def is_stale(stateful_set: Object, ordinal: int, existing: Mapping[str, Object]) -> bool:
    """Whether a claim of this ordinal is on its way out, or still belongs to the pod that was scaled away."""
    found = (existing.get(name) for name in names(stateful_set, ordinal).values())
    return any(one is not None and (is_terminating(one) or _owners(one, "Pod")) for one in found)


def retained(
    stateful_set: Object, pod: Object, ordinal: int, existing: Mapping[str, Object], *, condemned: bool
) -> list[Write]:
    """Make the owners of a pod's claims what the retention policy says; `condemned`: the pod is scaled away."""
    owners = (owner_reference(STATEFUL_SETS, stateful_set), owner_reference(PODS, pod))
    uids = {one["uid"] for one in owners}
    wanted: list[Object] = []
    if condemned and _policy(stateful_set, "whenScaled") == "Delete":
        wanted = [owners[1]]
    elif _policy(stateful_set, "whenDeleted") == "Delete":
        wanted = [owners[0]]
    keeps = all(_policy(stateful_set, when) == "Retain" for when in ("whenScaled", "whenDeleted"))
    writes: list[Write] = []
    for name in names(stateful_set, ordinal).values():
        claim = existing.get(name)
        if claim is None or is_terminating(claim):
            continue
        held = claim["metadata"].get("ownerReferences") or []
        if any(_is_stale(one, owner) for one in held for owner in owners):
            continue  # left by a predecessor of the same name: the garbage collector's business
        others = [one for one in held if one["uid"] not in uids]
        mine = [] if not keeps and any(one.get("controller") for one in others) else wanted
        if [(one["uid"], one.get("controller")) for one in held if one["uid"] in uids] != [
            (one["uid"], True) for one in mine
        ]:
            claim["metadata"]["ownerReferences"] = [*others, *mine]
            writes.append(Update(CLAIMS, claim))
    return writes


def _is_stale(reference: Object, owner: Object) -> bool:
    same = all(reference.get(member) == owner[member] for member in ("apiVersion", "kind", "name"))
    return same and reference["uid"] != owner["uid"]


def _policy(stateful_set: Object, when: str) -> str:
    policy: str = (stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get(when, "Retain")
    return policy


def _owners(claim: Object, kind: str) -> list[Object]:
    return [one for one in claim["metadata"].get("ownerReferences") or () if one["kind"] == kind]
