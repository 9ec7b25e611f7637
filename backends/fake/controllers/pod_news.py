"""What controllers tell of the pods, claims and Jobs that they create and delete for a workload. Pure.

Called by `Client` for each such write. Texts: `RealPodControl` (pkg/controller/controller_utils.go) for most of them;
StatefulSets (stateful_pod_control.go) and CronJobs (cronjob_controllerv2.go) have their own.
"""

from __future__ import annotations

from backends.kubelet.news import News
from backends.kubelet.pods import Object


def created(owner: Object, obj: Object) -> News:
    """It has been created."""
    name = obj["metadata"]["name"]
    if owner["kind"] == "StatefulSet":
        return _of_set("create", owner, obj, "")
    if owner["kind"] == "CronJob":
        return News("SuccessfulCreate", f"Created job {name}")
    return News("SuccessfulCreate", f"Created pod: {name}")


def not_created(owner: Object, obj: Object, why: str) -> News:
    """The server refused it."""
    if owner["kind"] == "StatefulSet":
        return _of_set("create", owner, obj, why)
    what = "Error creating job" if owner["kind"] == "CronJob" else "Error creating"
    return News("FailedCreate", f"{what}: {why}", warning=True)


def deleted(owner: Object, obj: Object) -> News:
    """It has been told to go."""
    name = obj["metadata"]["name"]
    if owner["kind"] == "StatefulSet":
        return _of_set("delete", owner, obj, "")
    if owner["kind"] == "CronJob":
        return News("SuccessfulDelete", f"Deleted job {name}")
    return News("SuccessfulDelete", f"Deleted pod: {name}")


def not_deleted(owner: Object, obj: Object, why: str) -> News:
    """The server refused to delete it."""
    if owner["kind"] == "StatefulSet":
        return _of_set("delete", owner, obj, why)
    what = "Deleted job" if owner["kind"] == "CronJob" else "Error deleting"
    return News("FailedDelete", f"{what}: {why}", warning=True)


def _of_set(verb: str, owner: Object, obj: Object, why: str) -> News:
    """In the words of the StatefulSet controller; a claim is told with the pod that it is for."""
    parent, name = owner["metadata"]["name"], obj["metadata"]["name"]
    if obj.get("kind") == "PersistentVolumeClaim":
        pod = f"{parent}-{name.rpartition('-')[2]}"
        what = f"Claim {name} for Pod {pod}" if why else f"Claim {name} Pod {pod}"
        ending = f"failed error: {why}" if why else "success"
    else:
        what, ending = f"Pod {name}", f"failed error: {why}" if why else "successful"
    outcome = "Failed" if why else "Successful"
    return News(f"{outcome}{verb.capitalize()}", f"{verb} {what} in StatefulSet {parent} {ending}", warning=bool(why))
