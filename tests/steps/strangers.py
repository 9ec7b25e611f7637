"""What others do to the cluster while the agents work: edit, scale, strip, delete, recreate."""

from __future__ import annotations

from kubeactions.model import MARKER_ANNOTATION
from tests.steps.objects import RESTARTED_AT, Objects


class Strangers:
    """Somebody with an administrator's rights and no idea of the agents."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._kept: list[str] = []

    def do(self, deed: str, kind: str, place: str) -> None:
        """`delete`, `replace` or `edit` a pod or a deployment."""
        {"delete": self.delete, "replace": self.replace, "edit": self.edit}[deed](kind, place)

    def delete(self, kind: str, place: str) -> None:
        """Delete it at once."""
        self._objects.delete(kind, place)

    def replace(self, kind: str, place: str) -> None:
        """Delete it and create another one of the same name, with the same content."""
        found = self._objects.get(kind, place)
        assert found is not None, f"there is no {kind} {place} to be replaced"
        self.remove(kind, place)
        if kind == "job":  # Its selector is the server's.
            self._objects.job(place)
            return
        spec = {name: value for name, value in (found.get("spec") or {}).items() if name != "nodeName"}
        content = {"data": found["data"]} if "data" in found else {"spec": spec}
        labels = {"metadata": {"labels": found["metadata"].get("labels") or {}}}
        self._objects.create(kind, place, {**labels, **content})

    def remove(self, kind: str, place: str) -> None:
        """Delete it at once; a plain DELETE of a Job waits until its pods are orphans."""
        if kind == "job":
            self._objects.kube.delete(self._objects.path(kind, place), propagation="Background")
        else:
            self._objects.delete(kind, place)

    def edit(self, kind: str, place: str) -> None:
        """Change the pod template of a deployment."""
        assert kind == "deployment", f"nobody edits a {kind}"
        template = {"metadata": {"annotations": {"example.org/edited": "yes"}}}
        self._objects.merge("deployment", place, {"spec": {"template": template}})

    def scale(self, place: str, replicas: int) -> None:
        """Change the number of pods of a deployment."""
        self._objects.merge("deployment", place, {"spec": {"replicas": replicas}})

    def strip(self, place: str, *, replica_sets: bool) -> None:
        """Take every mark off a deployment's pod template, and its old replica sets away too if asked to."""
        bare = {MARKER_ANNOTATION: None, RESTARTED_AT: None}
        patch = {"metadata": {"annotations": bare}, "spec": {"template": {"metadata": {"annotations": bare}}}}
        self._objects.merge("deployment", place, patch)
        if replica_sets:
            self._objects.remove_replica_sets_of(place)

    def keep(self, place: str) -> None:
        """From now on, recreate this pod whenever it is gone."""
        self._kept.append(place)

    def pass_by(self) -> None:
        """Look after what is kept; called whenever time has passed."""
        for place in self._kept:
            if self._objects.get("pod", place) is None:
                self._objects.pod(place)
