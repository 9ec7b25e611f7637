"""A cluster with its controllers, in the words of the workload tests."""

from __future__ import annotations

from typing import Any

from tests.unit.backends.fake.access import AdminDoor
from tests.unit.backends.fake.door import STRATEGIC

Obj = dict[str, Any]
APPS = "/apis/apps/v1/namespaces/default"
PODS = "/api/v1/namespaces/default/pods"


class World(AdminDoor):
    """One cluster under a simulated clock, with a node, and what tests ask of it.

    It judges by RBAC, so every test also shows that the controllers need no more than the rights of their own roles.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(controllers=True, **options)

    def settle(self) -> None:
        """Let everything happen that is due within half a minute of the last thing."""
        self.cluster.settle()

    def after(self, seconds: float) -> None:
        """Let time pass, and what is due in it happen."""
        self.clock.advance(seconds)
        self.cluster.catch_up()

    def run(self, kind: str, body: Obj) -> None:
        """Create a workload of apps/v1 and wait until it stands."""
        self.made(f"{APPS}/{kind}", body)
        self.settle()

    def object(self, target: str) -> Obj:
        """The object at a path, which must be there."""
        answer = self.get(target)
        assert answer.code == 200, answer
        found: Obj = answer.body
        return found

    def items(self, target: str) -> list[Obj]:
        """The objects of a collection."""
        return list(self.object(target)["items"])

    def pods(self) -> list[Obj]:
        """The pods, by name."""
        return self.items(PODS)

    def living(self) -> list[Obj]:
        """The pods that are not on their way out."""
        return [pod for pod in self.pods() if "deletionTimestamp" not in pod["metadata"]]

    def uids(self) -> dict[str, str]:
        """The pods' uids, by name."""
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.pods()}

    def change(self, kind: str, name: str, **spec: Any) -> None:
        """Change members of a workload's spec."""
        answer = self.patch(f"{APPS}/{kind}/{name}", {"spec": spec}, STRATEGIC)
        assert answer.code == 200, answer

    def restart(self, kind: str, name: str, mark: str) -> None:
        """Do what `kubectl rollout restart` does."""
        stamp = {"kubectl.kubernetes.io/restartedAt": mark}
        self.change(kind, name, template={"metadata": {"annotations": stamp}})

    def sizes(self) -> dict[str, int]:
        """The wanted replicas of the ReplicaSets, by revision."""
        revision = "deployment.kubernetes.io/revision"
        found = self.items(f"{APPS}/replicasets")
        return {one["metadata"]["annotations"][revision]: one["spec"]["replicas"] for one in found}


def condition(obj: Obj, kind: str) -> Obj:
    """A condition that must be there."""
    return next(one for one in obj["status"]["conditions"] if one["type"] == kind)


def workload(
    kind: str, name: str = "web", *, annotations: dict[str, str] | None = None, grace_s: int = 2, **spec: Any
) -> Obj:
    """A workload of apps/v1 whose pods have the label app=`name`."""
    labels = {"app": name}
    metadata: Obj = {"labels": labels}
    if annotations:
        metadata["annotations"] = annotations
    containers = [{"name": "c", "image": "example.com/app:1"}]
    template = {"metadata": metadata, "spec": {"containers": containers, "terminationGracePeriodSeconds": grace_s}}
    body: Obj = {"selector": {"matchLabels": labels}, "template": template, **spec}
    if kind == "StatefulSet":
        body["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": body}
