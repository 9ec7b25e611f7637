"""Replicas of the system on one thread, under a simulated clock: whose turn it is, and what time it is then.

The demo and the scenarios drive agents with it. It knows agents and clocks, and nothing of where the cluster is: what
can go wrong on the wire is the transport's business, and a replica that dies there is simply not called again.
"""

from kubeactions.simulation.turns import Replica, Turns

__all__ = ["Replica", "Turns"]
