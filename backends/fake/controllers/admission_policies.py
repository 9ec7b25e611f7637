"""The status of ValidatingAdmissionPolicies: which generation has been seen.

kube-controller-manager's `validatingadmissionpolicy-status-controller`. It also checks expressions against the schemas
of what a policy matches and writes warnings down; that is not done here, so there are none.
"""

from __future__ import annotations

from collections.abc import Iterable

from backends.fake.controllers.client import UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import POLICIES
from backends.fake.store import StoreEvent


class AdmissionPolicies(Controller):
    """Tells that a policy has been seen."""

    name = "validatingadmissionpolicy-status-controller"
    kind = POLICIES
    watches = (POLICIES,)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A policy."""
        return (("", event.key.name),) if event.type != "DELETED" else ()

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """Write the generation down."""
        policy = self.client.get(POLICIES, "", name)
        if policy is None:
            return None
        generation = policy["metadata"].get("generation", 0)
        status = policy.get("status") or {}
        if status.get("observedGeneration") != generation:
            policy["status"] = {**status, "observedGeneration": generation, "typeChecking": {}}
            self.client.apply([UpdateStatus(POLICIES, policy)])
        return None
