"""Deployments: one ReplicaSet a template, and the rollout from one to the next.

kube-controller-manager's `deployment-controller` (pkg/controller/deployment). `decide` is the whole decision and pure;
the arithmetic is rollout.py, the status deployment_status.py. A template that comes back gets its old ReplicaSet back,
under a new revision: that is what `kubectl rollout undo` relies on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from backends.fake.controllers import deployment_status as says
from backends.fake.controllers import rollout
from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Create, Delete, Plan, Refused, Tell, Update, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import DEPLOYMENTS, PODS, REPLICA_SETS
from backends.fake.controllers.templates import owner_reference, template_hash
from backends.fake.selectors import labels_of
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object, condition

HASH = "pod-template-hash"
CREATE_ERROR = "ReplicaSetCreateError"
REVISION = "deployment.kubernetes.io/revision"
PAST_REVISIONS = "deployment.kubernetes.io/revision-history"
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        PAST_REVISIONS,
        rollout.DESIRED,
        rollout.MOST,
    }
)
"""Annotations of a Deployment that its ReplicaSets do not take over."""


class Deployments(Controller):
    """Rolls out every Deployment."""

    name = "deployment-controller"
    kind = DEPLOYMENTS
    watches = (DEPLOYMENTS, REPLICA_SETS, PODS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The Deployment itself, that of a ReplicaSet, and that of a pod that is gone (Recreate waits for it)."""
        if event.key.plural == DEPLOYMENTS.plural:
            return ((event.key.namespace, event.key.name),)
        if event.key.plural == REPLICA_SETS.plural:
            return self.owners.interested(event, DEPLOYMENTS)
        if event.type != "DELETED":
            return ()
        return self._behind(event)

    def _behind(self, event: StoreEvent) -> Iterable[Place]:
        for namespace, name in self.owners.owning(event, REPLICA_SETS):
            entry = self.client.entry(REPLICA_SETS, namespace, name)
            if entry is not None:
                yield from self.owners.owning(
                    StoreEvent("MODIFIED", entry.key, entry.rv, None, entry, entry), DEPLOYMENTS
                )

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """One bounded piece of a rollout."""
        deployment = self.client.get(DEPLOYMENTS, namespace, name)
        if deployment is None:
            return None
        selector = labels_of(deployment["spec"]["selector"])
        if selector is None or selector.everything:  # it would claim everything: the real one only observes it
            return None
        replica_sets = Claims(self.client, DEPLOYMENTS, REPLICA_SETS).claim(deployment, selector)
        old_pods = [] if rollout.is_rolling(deployment) else self._unfinished(replica_sets)
        plan = decide(deployment, replica_sets, old_pods, now.wall)
        try:
            self.client.apply(plan.writes)
        except Refused as refused:
            if refused.namespace_terminating:
                return None
            self._note_failure(deployment, plan, refused, now)
            raise
        return plan.again_in_s

    def _unfinished(self, replica_sets: Iterable[Object]) -> list[Object]:
        found = (one.load() for each in replica_sets for one in self.client.dependents(each["metadata"]["uid"]))
        return [pod for pod in found if pod["kind"] == "Pod" and not pods.is_finished(pod)]

    def _note_failure(self, deployment: Object, plan: Plan, refused: Refused, now: Now) -> None:
        """A ReplicaSet that could not be created: another name next time if it was taken, else a condition."""
        fresh = self.client.get(DEPLOYMENTS, deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        if fresh is None or (refused.code in (404, 409) and refused.reason != "AlreadyExists"):
            return
        status = fresh.setdefault("status", {})
        if refused.reason == "AlreadyExists":
            status["collisionCount"] = status.get("collisionCount", 0) + 1
            self.client.replace(DEPLOYMENTS, fresh, "status")
            return
        names = [write.obj["metadata"]["name"] for write in plan.writes if isinstance(write, Create)]
        text = f'Failed to create new replica set "{names[0]}": {refused.message}' if names else refused.message
        if says.has_deadline(fresh):
            failed = says.progressing("False", CREATE_ERROR, text)
            status["conditions"] = says.with_condition(status.get("conditions") or [], failed, now.wall)
            self.client.replace(DEPLOYMENTS, fresh, "status")
        if names:
            self.client.tell(fresh, News(CREATE_ERROR, text, warning=True))


@dataclass(slots=True)
class _Sync:
    """One pass over a Deployment: what it found, and what it has changed so far."""

    deployment: Object
    replica_sets: list[Object]
    now: datetime
    conditions: list[Object]
    sizes: dict[str, int]
    """How large the ReplicaSets were."""
    new: Object | None = None
    created: bool = False
    changed: dict[str, Object] = field(default_factory=dict)
    deleted: list[Object] = field(default_factory=list)

    @property
    def old(self) -> list[Object]:
        return [one for one in self.replica_sets if one is not self.new]

    @property
    def everything(self) -> list[Object]:
        return [*self.old, *([self.new] if self.new is not None else [])]

    def note(self, replica_sets: Iterable[Object]) -> bool:
        """These have been changed; False if there are none."""
        names = {one["metadata"]["name"]: one for one in replica_sets}
        self.changed.update(names)
        return bool(names)


def decide(deployment: Object, replica_sets: Sequence[Object], unfinished: Sequence[Object], now: datetime) -> Plan:
    """What one pass does: ReplicaSets created, resized, annotated or dropped, and the status.

    `replica_sets` are the Deployment's own, the caller's copies; `unfinished` their pods that have not ended, which
    only Recreate asks for.
    """
    sizes = {one["metadata"]["name"]: rollout.wanted(one) for one in replica_sets}
    sync = _Sync(deployment, rollout.by_age(replica_sets), now, says.paused_conditions(deployment, now), sizes)
    sync.new = next((one for one in sync.replica_sets if _same_template(deployment, one)), None)
    if pods.is_terminating(deployment):
        return _plan(sync, says.counted(deployment, sync.everything, sync.new, sync.conditions, now))
    if sync.new is not None:
        _adopt_revision(sync, sync.new)
    if deployment["spec"].get("paused") or rollout.is_scaling(deployment, sync.replica_sets):
        sync.note(rollout.scale(deployment, sync.new, sync.old))
        if deployment["spec"].get("paused"):
            _clean_up(sync)
        return _plan(sync, says.counted(deployment, sync.everything, sync.new, sync.conditions, now))
    if rollout.is_rolling(deployment):
        _roll(sync)
    else:
        _recreate(sync, unfinished)
    status = says.rolled(deployment, sync.everything, sync.new, sync.conditions, now)
    if says.is_complete(deployment, status):
        _clean_up(sync)
    return _plan(sync, status)


def _roll(sync: _Sync) -> None:
    if sync.new is None:
        _create_new(sync)
        return
    if not sync.note(rollout.grow_new(sync.deployment, sync.new, sync.everything)):
        sync.note(rollout.shrink_old(sync.deployment, sync.new, sync.old))


def _recreate(sync: _Sync, unfinished: Sequence[Object]) -> None:
    """All old pods go, and are gone, before the first new one comes."""
    running = [one for one in sync.old if rollout.wanted(one) > 0]
    if sync.note(one for one in running if rollout.resize(one, 0, sync.deployment)):
        return
    new_uid = sync.new["metadata"].get("uid") if sync.new is not None else None
    if any(new_uid not in {ref["uid"] for ref in pod["metadata"]["ownerReferences"]} for pod in unfinished):
        return
    if sync.new is None:
        _create_new(sync)
    elif rollout.wanted(sync.new) != rollout.wanted(sync.deployment):
        sync.note([sync.new] if rollout.resize(sync.new, rollout.wanted(sync.deployment), sync.deployment) else [])


def _same_template(deployment: Object, replica_set: Object) -> bool:
    theirs = replica_set["spec"]["template"]
    labels = {key: value for key, value in (theirs.get("metadata", {}).get("labels") or {}).items() if key != HASH}
    metadata = {**theirs.get("metadata", {}), "labels": labels}
    return bool({**theirs, "metadata": metadata} == deployment["spec"]["template"])


def _revision(replica_set: Object) -> int:
    text = (replica_set["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _annotations(sync: _Sync, replica_set: Object) -> Object:
    """The new ReplicaSet's annotations: the Deployment's own, and the next revision if it is not the last."""
    held = dict(replica_set["metadata"].get("annotations") or {})
    copied = {
        key: value
        for key, value in (sync.deployment["metadata"].get("annotations") or {}).items()
        if key not in NOT_COPIED
    }
    held.update(copied)
    latest = max((_revision(one) for one in sync.replica_sets if one is not replica_set), default=0) + 1
    if _revision(replica_set) < latest:
        if before := held.get(REVISION):
            held[PAST_REVISIONS] = ",".join(part for part in (held.get(PAST_REVISIONS), before) if part)
        held[REVISION] = str(latest)
    return held


def _adopt_revision(sync: _Sync, new: Object) -> None:
    """An existing ReplicaSet has the template that is wanted: it becomes the latest revision."""
    annotations = _annotations(sync, new)
    min_ready_s = sync.deployment["spec"].get("minReadySeconds", 0)
    if annotations != new["metadata"].get("annotations") or new["spec"].get("minReadySeconds", 0) != min_ready_s:
        new["metadata"]["annotations"] = annotations
        new["spec"]["minReadySeconds"] = min_ready_s
        sync.note([new])
    if says.has_deadline(sync.deployment) and condition(sync.conditions, says.PROGRESSING) is None:
        found = says.progressing("True", "FoundNewReplicaSet", f'Found new replica set "{new["metadata"]["name"]}"')
        sync.conditions = says.with_condition(sync.conditions, found, sync.now)


def _create_new(sync: _Sync) -> None:
    deployment, spec = sync.deployment, sync.deployment["spec"]
    metadata = deployment["metadata"]
    digest = template_hash(spec["template"], deployment.get("status", {}).get("collisionCount"))
    template = deepcopy(spec["template"])
    labels = {**(template.setdefault("metadata", {}).get("labels") or {}), HASH: digest}
    template["metadata"]["labels"] = labels
    selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), HASH: digest}}
    new: Object = {
        "kind": "ReplicaSet",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": dict(labels),
            "ownerReferences": [owner_reference(DEPLOYMENTS, deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }
    if spec.get("minReadySeconds"):
        new["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    size = rollout.first_size(deployment, sync.replica_sets, new)
    new["metadata"]["annotations"] = _annotations(sync, new)
    rollout.resize(new, size, deployment)
    sync.new, sync.created = new, True
    if says.has_deadline(deployment):
        text = f'Created new replica set "{new["metadata"]["name"]}"'
        made = says.progressing("True", "NewReplicaSetCreated", text)
        sync.conditions = says.with_condition(sync.conditions, made, sync.now)


def _resized(sync: _Sync, replica_set: Object) -> list[Write]:
    """Tell that it has been given another size."""
    name, size = replica_set["metadata"]["name"], rollout.wanted(replica_set)
    before = sync.sizes.get(name, 0)
    if size == before:
        return []
    way = "up" if size > before else "down"
    text = f"Scaled {way} replica set {name} from {before} to {size}"
    return [Tell(sync.deployment, News("ScalingReplicaSet", text))]


def _clean_up(sync: _Sync) -> None:
    """Drop old ReplicaSets beyond `revisionHistoryLimit`, the oldest revisions first, if they are empty."""
    limit = sync.deployment["spec"].get("revisionHistoryLimit")
    if limit is None or limit == says.NO_DEADLINE:
        return
    old = sorted((one for one in sync.old if not pods.is_terminating(one)), key=_revision)
    for one in old[: max(0, len(old) - limit)]:
        status = one.get("status", {})
        observed = status.get("observedGeneration", 0) >= one["metadata"].get("generation", 0)
        if observed and not status.get("replicas") and not rollout.wanted(one):
            sync.deleted.append(one)


def _plan(sync: _Sync, status: Object) -> Plan:
    deployment = sync.deployment
    writes: list[Write] = []
    if sync.created and sync.new is not None:
        writes += [Create(REPLICA_SETS, sync.new), *_resized(sync, sync.new)]
    for one in sync.changed.values():
        writes += [Update(REPLICA_SETS, one), *_resized(sync, one)]
    writes.extend(Delete(REPLICA_SETS, one) for one in sync.deleted)
    annotations = dict(deployment["metadata"].get("annotations") or {})
    if sync.new is not None and (revision := sync.new["metadata"]["annotations"].get(REVISION)):
        annotations[REVISION] = revision
    # The revision goes in with the status: that door keeps the annotations and does not raise the generation.
    if status != deployment.get("status", {}) or annotations != (deployment["metadata"].get("annotations") or {}):
        metadata = {**deployment["metadata"], **({"annotations": annotations} if annotations else {})}
        writes.append(UpdateStatus(DEPLOYMENTS, {**deployment, "metadata": metadata, "status": status}))
    return Plan(writes, says.look_again_in_s(deployment, status, sync.now))
