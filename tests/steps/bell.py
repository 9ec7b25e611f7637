"""A third party's executor, as small as the registry allows: a function that rings a bell, which leaves no trace."""

from __future__ import annotations

from collections.abc import Callable

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
        self.rung = 0
        self.broken = False
        self.afterwards: Callable[[], object] | None = None

    def ring(self, action: Action, kube: Cluster) -> Outcome:
        """Ring once."""
        self.rung += 1
        if self.broken:
            raise RuntimeError("the clapper fell off")
        if self.afterwards is not None:
            self.afterwards()
        return Outcome(Status.SUCCEEDED, "Rung", f"the bell rang for {action.target}")
