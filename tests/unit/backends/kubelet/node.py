"""One node with one pod, for tests of what its kubelet decides and tells."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from backends.kubelet import PREFIX, Decision, Kubelet, Timing

Obj = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


class Node:
    """One node under a clock of its own, with one pod, to which the decisions are applied."""

    def __init__(self, timing: Timing | None = None, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        self.kubelet = Kubelet(timing)
        self.now_s = 0.0
        self.gone = False
        self.pod: Obj = {
            "metadata": {"name": "p", "namespace": "default", "uid": "u", "generation": 1},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}], "restartPolicy": "Always", **spec},
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        }
        if annotations:
            self.pod["metadata"]["annotations"] = {PREFIX + key: value for key, value in annotations.items()}

    def look(self) -> Decision:
        decision = self.kubelet.look(self.pod, "10.0.0.1", self.now_s, START + timedelta(seconds=self.now_s))
        if decision.status is not None:
            self.pod = {**self.pod, "status": deepcopy(decision.status)}
        self.gone = self.gone or decision.remove
        return decision

    def until(self, at_s: float) -> Node:
        """Look whenever the kubelet wants to be asked again, up to and including `at_s`."""
        while not self.gone:
            decision = self.look()
            if decision.status is not None and not decision.remove:
                continue  # the change is an event: it looks again
            if decision.again_in_s is None or self.now_s + decision.again_in_s > at_s:
                break
            self.now_s += decision.again_in_s
        self.now_s = max(self.now_s, at_s) if not self.gone else self.now_s
        return self

    def delete(self, grace_s: int) -> None:
        metadata = {**self.pod["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z"}
        self.pod = {**self.pod, "metadata": {**metadata, "deletionGracePeriodSeconds": grace_s}}

    @property
    def phase(self) -> str:
        return str(self.pod["status"]["phase"])

    @property
    def ready(self) -> bool:
        conditions = {one["type"]: one["status"] for one in self.pod["status"].get("conditions", ())}
        return conditions.get("Ready") == "True"

    @property
    def container(self) -> Obj:
        (found,) = self.pod["status"]["containerStatuses"]
        return dict(found)
