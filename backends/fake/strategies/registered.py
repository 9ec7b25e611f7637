"""The kinds with rules of their own, and their strategies."""

from __future__ import annotations

from backends.fake.strategies.base import Obj, Strategy


class WithGeneration(Strategy):
    """Kinds that count generations on spec changes."""

    generation = True


class Pods(Strategy):
    """Pods: grace, a generation, a status that begins as Pending."""

    generation = True
    returns_deleted = True

    def prepare_create(self, obj: Obj) -> None:
        """A new pod is Pending."""
        super().prepare_create(obj)
        obj["status"] = {"phase": "Pending"}

    def grace_period_s(self, obj: Obj, asked: int | None) -> int | None:
        """The asked period, else the pod's own; 0 for one that never started or has finished."""
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        period = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
            period = 0
        return 1 if period < 0 else int(period)


STRATEGIES: dict[tuple[str, str], Strategy] = {
    ("", "pods"): Pods(),
}
