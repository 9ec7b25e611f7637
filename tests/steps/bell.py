"""A third party's executor, as small as the registry allows: a function that rings a bell, which leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubeactions.model import Action, Cluster, EffectClass, Outcome, Spec, Status

ACTION_TYPE = "ring_bell"


class Bell:
    """The bell, and what is arranged for its next ringing."""

    spec = Spec(
        type=ACTION_TYPE,
        effect=EffectClass.UNTRACED,
        summary="Ring the bell of a namespace.",
        kinds={"Namespace": ("v1", "namespaces")},
        namespaced=False,
    )

    def __init__(self) -> None:
        self.rung_by: list[str] = []
        """The replicas that rang it."""
        self.broken = False
        self.afterwards: Callable[[], object] | None = None

    def rope(self, replica: str) -> Callable[[Action, Cluster], Outcome]:
        """What one replica pulls."""
        return partial(self._pull, replica)

    def ring(self, replica: str) -> None:
        """Ring. RuntimeError when it is broken, and whatever was arranged for afterwards."""
        self.rung_by.append(replica)
        if self.broken:
            raise RuntimeError("the clapper fell off")
        if self.afterwards is not None:
            self.afterwards()

    def _pull(self, replica: str, action: Action, kube: Cluster) -> Outcome:
        self.ring(replica)
        return Outcome(Status.SUCCEEDED, "Rung", f"the bell rang for {action.target}")
