"""The official client against the cluster in its own process, and against a transport that answers ready bytes."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.messages import Identity, Request
from scripts.benchmark.material import CannedTransport, pod
from scripts.benchmark.measure import Row, interleaved_us, per_call_us

ADMIN = Identity("bench", groups=("system:masters", "system:authenticated"))
RAW = {"_preload_content": False}
RBAC = "rbac.authorization.k8s.io"
PODS = "/api/v1/namespaces/default/pods"


def bare_cluster() -> Cluster:
    """An API server alone: no controllers, so that nothing but requests costs time."""
    return Cluster(SimulatedClock(), controllers=False)


def canned_api(data: bytes) -> CoreV1Api:
    """The official client over ready bytes."""
    client = ApiClient()
    client.rest_client.pool_manager = CannedTransport(data)
    return CoreV1Api(client)


def fill(cluster: Cluster, count: int) -> None:
    """Store `count` pods."""
    for number in range(count):
        body = json.dumps(pod(f"stored-{number:06d}")).encode()
        answer = cluster.handle(Request("POST", PODS, {"content-type": "application/json"}, body, ADMIN))
        if answer.status != 201:
            raise RuntimeError(f"cannot store a pod: {answer.body[:300]!r}")


def requests() -> Iterator[Row]:
    """get, create and patch of a pod through the generated client methods, raw (no models)."""
    cluster = bare_cluster()
    api = CoreV1Api(FakeBackend(cluster=cluster).client())
    first = json.loads(api.create_namespaced_pod("default", pod("target"), **RAW).data)
    ready = json.dumps(first).encode()
    canned = canned_api(ready)
    numbers = itertools.count()

    def create(to: CoreV1Api) -> Callable[[], object]:
        return lambda: to.create_namespaced_pod("default", pod(f"new-{next(numbers)}"), **RAW).data

    def patch(to: CoreV1Api) -> Callable[[], object]:
        def send() -> object:
            change = {"metadata": {"labels": {"turn": str(next(numbers))}}}
            return to.patch_namespaced_pod("target", "default", change, **RAW).data

        return send

    def get(to: CoreV1Api) -> Callable[[], object]:
        return lambda: to.read_namespaced_pod("target", "default", **RAW).data

    spent = interleaved_us({"canned": get(canned), "fake": get(api)}, each=1500)
    ratio = spent["canned"] / spent["fake"]
    yield Row("in process", "get pod, requests/s", 1e6 / spent["fake"], "1/s", 1e6 / spent["canned"], ratio,
              ">= 0.60", ratio >= 0.6)  # fmt: skip
    for name, make in (("create", create), ("patch", patch)):
        spent = interleaved_us({"canned": make(canned), "fake": make(api)}, each=200)
        ratio = spent["canned"] / spent["fake"]
        yield Row("in process", f"{name} pod, requests/s", 1e6 / spent["fake"], "1/s", 1e6 / spent["canned"], ratio)


def access() -> Iterator[Row]:
    """What it costs that roles and bindings decide: a get by a user who is no administrator, against all allowed."""

    def prepared(cluster: Cluster) -> Cluster:
        fill(cluster, 1)
        reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:aggregate-to-view"}
        subjects = [{"kind": "User", "name": "reader"}]
        body = json.dumps({"metadata": {"name": "reader"}, "roleRef": reference, "subjects": subjects}).encode()
        path = f"/apis/{RBAC}/v1/clusterrolebindings"
        cluster.handle(Request("POST", path, {"content-type": "application/json"}, body, ADMIN))
        return cluster

    asked = prepared(Cluster(SimulatedClock(), controllers=False, authorization="rbac"))
    allowed = prepared(bare_cluster())
    reader = Identity("reader", groups=("system:authenticated",))
    ask = Request("GET", f"{PODS}/stored-000000", {}, b"", reader)
    if asked.handle(ask).status != 200:
        raise RuntimeError("the reader may not read")
    spent = interleaved_us({"rbac": lambda: asked.handle(ask), "all": lambda: allowed.handle(ask)}, each=3000)
    ratio = spent["all"] / spent["rbac"]
    yield Row("server", "get by name with RBAC, requests/s", 1e6 / spent["rbac"], "1/s", 1e6 / spent["all"], ratio,
              ">= 0.90", ratio >= 0.9)  # fmt: skip


def server_side() -> Iterator[Row]:
    """What the server itself spends on a create and a patch of a 3.3 kB pod."""
    cluster = bare_cluster()
    fill(cluster, 1)
    numbers = itertools.count()
    bodies = [json.dumps(pod(f"new-{n}")).encode() for n in range(3000)]
    patches = [json.dumps({"metadata": {"labels": {"turn": str(n)}}}).encode() for n in range(3000)]
    strategic = {"content-type": "application/strategic-merge-patch+json"}

    def create() -> object:
        return cluster.handle(
            Request("POST", PODS, {"content-type": "application/json"}, bodies[next(numbers) % 3000], ADMIN)
        )

    def patch() -> object:
        body = patches[next(numbers) % 3000]
        return cluster.handle(Request("PATCH", f"{PODS}/stored-000000", strategic, body, ADMIN))

    for name, call in (("create", create), ("patch", patch)):
        spent = per_call_us(call, calls=250)
        yield Row("server", f"{name} of a 3.3 kB pod", spent, "us", target="<= 150 us", met=spent <= 150)


def watched() -> Iterator[Row]:
    """What idle watches cost a get, and how long a change takes to reach a thousand watchers."""
    quiet, followed = bare_cluster(), bare_cluster()
    for cluster in (quiet, followed):
        fill(cluster, 10)
    ask = Request("GET", f"{PODS}/stored-000000", {}, b"", ADMIN)
    watch = Request("GET", f"{PODS}?watch=true&resourceVersion={followed.store.revision}", {}, b"", ADMIN)
    streams = [stream for stream in (followed.handle(watch).stream for _ in range(1000)) if stream is not None]
    spent = interleaved_us({"none": lambda: quiet.handle(ask), "many": lambda: followed.handle(ask)}, each=3000)
    ratio = spent["many"] / spent["none"]
    yield Row("server", "get by name: 1,000 idle watches / none", spent["many"], "us", spent["none"], ratio,
              "<= 1.10", ratio <= 1.1)  # fmt: skip
    numbers = itertools.count()

    def change(cluster: Cluster) -> Callable[[], object]:
        def send() -> object:
            body = json.dumps({"metadata": {"labels": {"turn": str(next(numbers))}}}).encode()
            kind = {"content-type": "application/merge-patch+json"}
            cluster.handle(Request("PATCH", f"{PODS}/stored-000000", kind, body, ADMIN))
            return [stream.take() for stream in streams] if cluster is followed else None

        return send

    spent = interleaved_us({"none": change(quiet), "many": change(followed)}, each=5)
    reached_ms = (spent["many"] - spent["none"]) / 1000
    yield Row("server", "a change reaches 1,000 watchers", reached_ms, "ms", target="<= 50 ms", met=reached_ms <= 50)


def beginning() -> Iterator[Row]:
    """From nothing to the first answer, and what a stored pod takes of memory; each in a process of its own."""
    first_ms = statistics.median(_fresh(_FIRST) for _ in range(7)) * 1000
    yield Row("in process", "a new cluster's first answer, after the imports", first_ms, "ms", target="<= 10 ms",
              met=first_ms <= 10)  # fmt: skip
    stored = _fresh(_STORED)
    yield Row("server", "memory of a stored 3.3 kB pod", stored / 1000, "kB", target="<= 8 kB", met=stored <= 8000)


_FIRST = """
import time
from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Identity, Request
ask = Request("GET", "/api/v1/namespaces/default/configmaps", {}, b"", Identity("bench"))
begin = time.process_time()
answer = Cluster(SimulatedClock(), controllers=False).handle(ask)
assert answer.status == 200
print(time.process_time() - begin)
"""
_STORED = """
import gc
from scripts.benchmark.inprocess import bare_cluster, fill_more
def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096
cluster = bare_cluster()
fill_more(cluster, 100)
before = resident()
fill_more(cluster, 10_100)
print((resident() - before) / 10_000)
"""


def _fresh(program: str) -> float:
    """The number that a program prints, run by a new interpreter."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout)


def growth() -> Iterator[Row]:
    """Get by name with 100 and with 100,000 objects; a list of 10,000 against the same bytes ready-made."""
    small, big = bare_cluster(), bare_cluster()
    fill(small, 100)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ""}, "data": {"k": "v"}}
    for number in range(100_000):
        config_map["metadata"] = {"name": f"c-{number}"}
        body = json.dumps(config_map).encode()
        path = "/api/v1/namespaces/default/configmaps"
        big.handle(Request("POST", path, {"content-type": "application/json"}, body, ADMIN))
    fill(big, 1)
    ask = Request("GET", f"{PODS}/stored-000000", {}, b"", ADMIN)
    spent = interleaved_us({"few": lambda: small.handle(ask), "many": lambda: big.handle(ask)}, each=3000)
    ratio = spent["many"] / spent["few"]
    yield Row("server", "get by name: 100,000 objects / 100 objects", spent["many"], "us", spent["few"], ratio,
              "<= 1.10", ratio <= 1.1)  # fmt: skip

    fill_more(small, 10_000)
    everything = Request("GET", PODS, {}, b"", ADMIN)
    ready = bytes(small.handle(everything).body)
    api, canned = CoreV1Api(FakeBackend(cluster=small).client()), canned_api(ready)

    def read(to: CoreV1Api) -> Callable[[], object]:
        return lambda: to.list_namespaced_pod("default", **RAW).data

    spent = interleaved_us({"canned": read(canned), "fake": read(api)}, each=3, rounds=5)
    server_ms = per_call_us(lambda: small.handle(everything), calls=3, rounds=5) / 1000
    yield Row("server", "list of 10,000 pods, server side", server_ms, "ms", target="<= 10 ms", met=server_ms <= 10)
    yield Row("in process", "list of 10,000 pods, client and all", spent["fake"] / 1000, "ms", spent["canned"] / 1000)


def fill_more(cluster: Cluster, total: int) -> None:
    """Bring the number of pods in the namespace to `total`."""
    listed: dict[str, Any] = json.loads(cluster.handle(Request("GET", PODS, {}, b"", ADMIN)).body)
    for number in range(len(listed["items"]), total):
        body = json.dumps(pod(f"stored-{number:06d}")).encode()
        cluster.handle(Request("POST", PODS, {"content-type": "application/json"}, body, ADMIN))
