"""The moments of an action's life, in the words of the scenarios, as places on the wire.

Every durable step is one request, so a moment is a request: the scenarios arm a fault when the system is at rest and
one order is about to come, and the leader's first write of the history is then the acceptance, the second the intent,
the third the outcome. The effect is the one request that touches a pod or a deployment. Reporting has no request to
the API server: its moment is on the `Line` to the destination.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from backends.faults import Match

Side: TypeAlias = Literal["before", "after"]
"""On which side of a moment something happens."""

HISTORY = "datadog-kubeactions-state"
"""Name of the ConfigMap that the history is kept in."""
LEASE_NAME = "datadog-leader-election"
"""Name of the Lease that says who leads."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The `first`-th call that matches."""

    match: Match
    first: int = 1


_NOTE = Match(verb="patch", resource="configmaps", name=HISTORY)

MOMENTS = {
    "accepting the action": Moment(_NOTE, 1),
    "noting its intent": Moment(_NOTE, 2),
    # Takes "delete pods" and "patch deployments", and nothing else that an agent sends.
    "the effect": Moment(Match(verb="[dp]*[eh]", resource="[pd]*s")),
    "running the command": Moment(Match(verb="get", resource="pods/exec")),
    "the eviction": Moment(Match(verb="create", resource="pods/eviction")),
    "reading": Moment(Match(verb="get", resource="configmaps", name="settings")),
    "noting the outcome": Moment(_NOTE, 3),
}
"""Every moment on the wire, by its words."""

REPORTING = "reporting"
"""The moment that is not on the wire to the API server."""


RINGING = "ringing the bell"
"""The moment inside a third party's action."""


def moment(words: str, replica: str) -> Moment:
    """The moment that `words` name, in the life of `replica` (a pattern)."""
    found = MOMENTS[words]
    match = found.match
    return Moment(Match(match.verb, match.resource, match.namespace, match.name, replica), found.first)
