"""Orders as remote configuration carries them: payloads of the first shape, from the words of a scenario."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from kubeactions.model import JsonObject

ORDERS = {
    "delete the pod": ("delete_pod", "v1", "Pod"),
    "restart the deployment": ("restart_deployment", "apps/v1", "Deployment"),
    "restart the stateful set": ("restart_statefulset", "apps/v1", "StatefulSet"),
    "restart the daemon set": ("restart_daemonset", "apps/v1", "DaemonSet"),
    "pause the deployment": ("pause_deployment", "apps/v1", "Deployment"),
    "resume the deployment": ("resume_deployment", "apps/v1", "Deployment"),
    "scale the deployment": ("scale_deployment", "apps/v1", "Deployment"),
    "scale the stateful set": ("scale_statefulset", "apps/v1", "StatefulSet"),
    "scale the replica set": ("scale_replicaset", "apps/v1", "ReplicaSet"),
    "cordon the node": ("cordon_node", "v1", "Node"),
    "uncordon the node": ("uncordon_node", "v1", "Node"),
    "suspend the cron job": ("suspend_cronjob", "batch/v1", "CronJob"),
    "resume the cron job": ("resume_cronjob", "batch/v1", "CronJob"),
    "delete the job": ("delete_job", "batch/v1", "Job"),
    "evict the pod": ("evict_pod", "v1", "Pod"),
    "run df in the pod": ("exec_command", "v1", "Pod"),
    "drain the node": ("drain_node", "v1", "Node"),
    "trigger the cron job": ("trigger_cronjob", "batch/v1", "CronJob"),
    "roll back the deployment": ("rollback_deployment", "apps/v1", "Deployment"),
    "roll back the stateful set": ("rollback_statefulset", "apps/v1", "StatefulSet"),
    "roll back the daemon set": ("rollback_daemonset", "apps/v1", "DaemonSet"),
    "read the config map": ("get_resource", "v1", "ConfigMap"),
    "patch the deployment": ("patch_deployment", "apps/v1", "Deployment"),
    "patch the stateful set": ("patch_statefulset", "apps/v1", "StatefulSet"),
    "patch the daemon set": ("patch_daemonset", "apps/v1", "DaemonSet"),
}
"""What a scenario can order of an object, and what that is called in a payload."""
PARAMETERS = {"run df in the pod": {"command": ["df"]}}
"""What an order says of itself, where its words are not enough."""
TOP_LEVEL = {"action_id", "requested_by", "user_uuid", "not_before", "dry_run"}
"""Fields of an action that are no parameters."""
_STAMPED = re.compile(r"(\d+) (second|minute|hour|day)s? (ago|from now)")


def order(words: str, place: str, stamp: datetime) -> JsonObject:
    """One action: what to do, to which `namespace/name`, and when that was ordered."""
    action_type, api_version, kind = ORDERS[words]
    found = action(action_type, api_version, kind, place, stamp)
    return {**found, "parameters": PARAMETERS[words]} if words in PARAMETERS else found


def action(action_type: str, api_version: str, kind: str, place: str, stamp: datetime) -> JsonObject:
    """One action of the first shape."""
    namespace, _, name = place.rpartition("/")
    return {
        "action_type": action_type,
        "resource": {"api_version": api_version, "kind": kind, "namespace": namespace, "name": name},
        "timestamp": {"seconds": int(stamp.timestamp()), "nanos": stamp.microsecond * 1000},
    }


def payload(*actions: JsonObject) -> bytes:
    """The whole config."""
    return json.dumps({"actions": actions}).encode()


def with_fields(one: JsonObject, table: list[list[str]]) -> JsonObject:
    """The action with the rows of a table as fields; what is no field of an action is a parameter."""
    changed = {**one}
    for name, value in table:
        if name in TOP_LEVEL:
            changed[name] = value
        else:
            changed["parameters"] = {**changed.get("parameters", {}), name: value}
    return changed


def changed_by(one: JsonObject, words: str) -> JsonObject:
    """The action after a change such as `without resource.kind` or `resource.kind is "pod"`."""
    copy: JsonObject = json.loads(json.dumps(one))
    if words.startswith("without "):
        *parents, last = words.removeprefix("without ").split(".")
        del _below(copy, parents)[last]
        return copy
    path, _, value = words.partition(" is ")
    *parents, last = path.split(".")
    _below(copy, parents)[last] = json.loads(value)
    return copy


def _below(found: JsonObject, names: list[str]) -> JsonObject:
    for name in names:
        found = found[name]
    return found


def stamped(words: str, now: datetime) -> datetime:
    """A time such as `now`, `61 seconds ago` or `2 days from now`."""
    if words == "now":
        return now
    match = _STAMPED.fullmatch(words)
    if match is None:
        raise ValueError(f"{words!r} is no time: now, 5 seconds ago, 2 days from now")
    distance = timedelta(**{f"{match[2]}s": int(match[1])})
    return now - distance if match[3] == "ago" else now + distance
