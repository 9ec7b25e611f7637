"""Fills in the ClusterRoles that are made of others: `admin`, `edit`, `view`, and whoever has an aggregationRule.

kube-controller-manager's `clusterrole-aggregation-controller`. It has the verb `escalate`, so it may write down rules
that it does not hold itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from backends.fake.controllers.client import Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CLUSTER_ROLES
from backends.fake.selectors import labels_of
from backends.fake.store import StoreEvent

_MEMBER: Final = b'"aggregationRule"'


class AggregatedRoles(Controller):
    """Looks at one ClusterRole at a time."""

    name = "clusterrole-aggregation-controller"
    kind = CLUSTER_ROLES
    watches = (CLUSTER_ROLES,)
    reaction_s = 0.0
    """A real server is asked again until the rules are there; here they are before the next request."""

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A change of any ClusterRole may be one of all that are made of others; the bytes tell which these are."""
        del event
        return [("", entry.key.name) for entry in self.client.entries(CLUSTER_ROLES) if _MEMBER in entry.tail]

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """Write down the rules of all that it is made of, each once."""
        role = self.client.get(CLUSTER_ROLES, "", name)
        if role is None or role.get("aggregationRule") is None:
            return None
        rules = self._gathered(name, role["aggregationRule"])
        if rules != (role.get("rules") or []):
            self.client.apply([Update(CLUSTER_ROLES, {**role, "rules": rules})])
        return None

    def _gathered(self, name: str, aggregation: dict[str, Any]) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = []
        for selector in aggregation.get("clusterRoleSelectors") or ():
            matches = labels_of(selector)
            for entry in self.client.entries(CLUSTER_ROLES):
                if entry.key.name == name or matches is None or not matches(entry.labels):
                    continue
                rules += [rule for rule in entry.load().get("rules") or () if rule not in rules]
        return rules
