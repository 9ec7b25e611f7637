"""Which pods go first when there are too many: `ActivePodsWithRanks` of Kubernetes, comparison for comparison.

Used by the ReplicaSet and Job controllers. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import instant

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_COST = "controller.kubernetes.io/pod-deletion-cost"


def order(active: Iterable[Object], related: Iterable[Object], now: datetime) -> list[Object]:
    """The pods, first to go first.

    Not bound, pending, not ready, cheap (`pod-deletion-cost`), crowded (`related` pods on the same node), ready for a
    short time, often restarted, young. Times are compared by their order of magnitude, then by uid.
    """
    crowd = Counter(pods.node_of(pod) for pod in related if pods.node_of(pod))

    def rank(pod: Object) -> tuple[object, ...]:
        ready = pods.pod_condition(pod, "Ready") or {}
        since = ready.get("lastTransitionTime") if pods.is_ready(pod) else None
        return (
            bool(pods.node_of(pod)),
            _PHASES.get(pods.phase(pod), 2),
            pods.is_ready(pod),
            _cost(pod),
            -crowd[pods.node_of(pod)],
            _age(since, now),
            -_restarts(pod),
            _age(pod["metadata"].get("creationTimestamp"), now),
            pod["metadata"]["uid"],
        )

    return sorted(active, key=rank)


def _cost(pod: Object) -> int:
    value = (pod["metadata"].get("annotations") or {}).get(_COST, "0")
    try:
        return int(value)
    except ValueError:
        return 0


def _age(since: str | None, now: datetime) -> int:
    """The order of magnitude of an age; younger is smaller."""
    if not since:
        return -1
    age_s = (now - instant(since)).total_seconds()
    return int(math.log2(age_s * 1e9)) if age_s > 0 else -1


def _restarts(pod: Object) -> int:
    entries = pod.get("status", {}).get("containerStatuses") or ()
    return max((entry.get("restartCount", 0) for entry in entries), default=0)
