"""A server process of the benchmark: `python -m scripts.benchmark.server fake|canned PODS`.

Prints its URL, then serves until it is killed. `canned` is the same HTTP server over a cluster that answers ready
bytes: to a list with the list, to everything else with a pod.
"""

from __future__ import annotations

import json
import sys

from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Request, Response
from backends.fake.serving import listen, serve, url_of
from scripts.benchmark.inprocess import ADMIN, PODS, bare_cluster, fill
from scripts.benchmark.material import pod


class CannedCluster(Cluster):
    """Answers what `cluster` answered once, without looking."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(SimulatedClock(), controllers=False)
        self._list = cluster.handle(Request("GET", PODS, {}, b"", ADMIN))
        self._pod = cluster.handle(Request("GET", f"{PODS}/target", {}, b"", ADMIN))

    def attempt(self, request: Request) -> Response:
        """The ready answer."""
        return self._list if request.target == PODS else self._pod


def main() -> None:
    """Serve."""
    kind, count = sys.argv[1], int(sys.argv[2])
    cluster = bare_cluster()
    fill(cluster, count)
    body = json.dumps(pod("target")).encode()
    cluster.handle(Request("POST", PODS, {"content-type": "application/json"}, body, ADMIN))
    listening = listen("127.0.0.1", 0)
    print(url_of(listening), flush=True)
    serve(CannedCluster(cluster) if kind == "canned" else cluster, listening)


if __name__ == "__main__":
    main()
