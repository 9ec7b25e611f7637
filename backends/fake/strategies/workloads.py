"""apps, batch and policy. From pkg/registry/{apps,batch,policy}/*/strategy.go."""

from __future__ import annotations

from backends.fake.strategies.base import Obj, WithGeneration
from backends.fake.validation.workloads import TEMPLATE_GENERATION


class Deployments(WithGeneration):
    """Deployments: annotations count as a change too, because a rollout copies them to the ReplicaSet."""

    status_keeps = ("labels",)

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """The spec or the annotations differ."""
        before, after = old["metadata"].get("annotations") or {}, new["metadata"].get("annotations") or {}
        return before != after or super().wants_change(new, old)


class DaemonSets(WithGeneration):
    """DaemonSets: an annotation counts the templates."""

    def prepare_create(self, obj: Obj) -> None:
        """The first template is number 1."""
        super().prepare_create(obj)
        obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = "1"

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """Another template, another number; nobody else may write it."""
        super().prepare_update(new, old)
        number = (old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "0")
        before, after = (old.get("spec") or {}).get("template"), (new.get("spec") or {}).get("template")
        if before != after and number.isdigit():
            number = str(int(number) + 1)
        new["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = number


class Jobs(WithGeneration):
    """Jobs: a selector of their own uid, unless they bring one; DELETE leaves their pods behind by default."""

    orphans_by_default = True

    def prepare_create(self, obj: Obj) -> None:
        """Labels and selector from the uid, which is set by now (generateSelector)."""
        super().prepare_create(obj)
        spec = obj.get("spec")
        if not isinstance(spec, dict) or spec.get("manualSelector"):
            return
        metadata = obj["metadata"]
        template = spec.setdefault("template", {})
        template.setdefault("metadata", {})
        labels = dict(template["metadata"].get("labels") or {})
        for prefix in ("batch.kubernetes.io/", ""):
            labels[f"{prefix}controller-uid"] = metadata["uid"]
            labels[f"{prefix}job-name"] = metadata.get("name", "")
        template["metadata"]["labels"] = dict(sorted(labels.items()))
        metadata["labels"] = {**template["metadata"]["labels"], **(metadata.get("labels") or {})}
        matched = {**((spec.get("selector") or {}).get("matchLabels") or {})}
        matched["batch.kubernetes.io/controller-uid"] = metadata["uid"]
        spec["selector"] = {**(spec.get("selector") or {}), "matchLabels": matched}


class Budgets(WithGeneration):
    """PodDisruptionBudgets: a PUT must name the version that it saw."""

    unconditional_update = False


class ReplicationControllers(WithGeneration):
    """ReplicationControllers: their dependents survive by default, as in the days before the collector."""

    orphans_by_default = True
