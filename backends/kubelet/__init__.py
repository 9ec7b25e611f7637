"""The small kubelet that makes pods start, become Ready, exit and go; for every backend that has no real one.

    object + time -> Kubelet.look() -> Decision(status, remove, again_in_s) -> applied by the caller

`stages.LIFE` is the whole behaviour as a table, `lives` says which pods take which times, `status` how each stage
looks, `pods` reads what a pod says of itself, `nodes` is the machine's own object, `placement` says which pod may be on
which. None of these talks to a server. `machines`, which only backends with a bare API server import, is the hand that
does.

Not done, and not pretended: images are not pulled, probes are not run, volumes are not mounted, nothing is logged;
`exec`, `logs`, `attach` and `port-forward` have nobody to answer. Node heartbeats are the in-memory
cluster's own (`backends.fake.controllers.heartbeats`); under a bare API server nobody sends them.
"""

from backends.kubelet.kubelet import Decision, Kubelet
from backends.kubelet.lives import LifeError, Lives
from backends.kubelet.nodes import node_address, node_object
from backends.kubelet.stages import LIFE, NEVER, PREFIX, Stage, Timing, TimingError

__all__ = [
    "LIFE",
    "NEVER",
    "PREFIX",
    "Decision",
    "Kubelet",
    "LifeError",
    "Lives",
    "Stage",
    "Timing",
    "TimingError",
    "node_address",
    "node_object",
]
