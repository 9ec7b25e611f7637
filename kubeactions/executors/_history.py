"""The histories of workloads: ReplicaSets of a Deployment, ControllerRevisions of a StatefulSet or DaemonSet.

Both keep old pod templates with their annotations, so they bear witness of a write that was overwritten since, and
hold what a rollback goes back to. `look_at_history` is the hand; the rest is pure.
"""

from __future__ import annotations

from typing import Any

from kubeactions.executors._marks import is_owned_by
from kubeactions.kube import path_of
from kubeactions.model import Action, JsonObject, Reader, Rule

REVISION = "deployment.kubernetes.io/revision"
HISTORIES = {"Deployment": "replicasets", "StatefulSet": "controllerrevisions", "DaemonSet": "controllerrevisions"}
"""Where the history of a kind lies, by the plural in apps/v1."""


def history_rule(kind: str) -> Rule:
    """What it takes to read it."""
    return Rule("apps", HISTORIES[kind], ("list",))


def look_at_history(action: Action, found: JsonObject, kube: Reader) -> tuple[JsonObject, ...]:
    """The ReplicaSets or ControllerRevisions that belong to this very object. Raises a `KubeError`."""
    labels = (found["spec"].get("selector") or {}).get("matchLabels") or {}
    path = path_of("apps/v1", HISTORIES[action.target.kind], namespace=action.target.namespace)
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    listed = kube.list(path, labelSelector=selector) if selector else kube.list(path)
    return tuple(one for one in listed["items"] if is_owned_by(one, found["metadata"]["uid"]))


def template_of(one: JsonObject) -> JsonObject:
    """The pod template that a ReplicaSet or ControllerRevision keeps, as it was in its owner."""
    if "data" not in one:
        template: JsonObject = one["spec"]["template"]
        metadata = dict(template.get("metadata") or {})
        metadata["labels"] = {k: v for k, v in (metadata.get("labels") or {}).items() if k != "pod-template-hash"}
        return {**template, "metadata": metadata}
    data: Any = one["data"] or {}
    return {key: value for key, value in data["spec"]["template"].items() if key != "$patch"}


def revision_of(one: JsonObject) -> int:
    """Its place in the history; 0 when it has none that can be read."""
    if "data" in one:
        return int(one.get("revision") or 0)
    text = str((one["metadata"].get("annotations") or {}).get(REVISION, ""))
    return int(text) if text.isascii() and text.isdigit() else 0


def name_of(one: JsonObject) -> str:
    """Kind and name, for people."""
    return f"{'ControllerRevision' if 'data' in one else 'ReplicaSet'} {one['metadata']['name']}"
