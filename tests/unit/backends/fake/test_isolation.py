"""Many threads on one cluster, many clusters in one process: nothing is lost, mixed up or left behind.

That two clusters share no object that changes is proven by looking at every object (test_snapshots).
"""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from kubernetes.client import ApiException, CoreV1Api
from kubernetes.watch import Watch

from backends.clock import SystemClock
from backends.fake.testing import KubernetesCluster
from tests.unit.backends.fake.door import config_map, pod


def _together(work: Callable[[int], None], threads: int) -> None:
    """Run `work` in so many threads at once; raises what any of them raises."""
    barrier = threading.Barrier(threads)

    def begin(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(begin, range(threads)))


def _count_up(cluster: KubernetesCluster, times: int, number: int) -> None:
    """Raise one shared counter so many times, each by compare-and-set; make and delete objects of one's own."""
    api = CoreV1Api(cluster.client(f"user-{number}"))
    for step in range(times):
        name = f"own-{number}-{step}"
        api.create_namespaced_config_map("default", config_map(name), _preload_content=False)
        while True:
            counter = api.read_namespaced_config_map("counter", "default")
            counter.data = {"n": str(int(counter.data["n"]) + 1)}
            try:
                api.replace_namespaced_config_map("counter", "default", counter)
                break
            except ApiException as refused:
                if refused.status != 409:
                    raise
        assert name in {one.metadata.name for one in api.list_namespaced_config_map("default").items}
        api.delete_namespaced_config_map(name, "default", _preload_content=False)


@pytest.mark.parametrize(("threads", "times"), [(4, 8), pytest.param(16, 60, marks=pytest.mark.slow)])
def test_threads_on_one_cluster_lose_nothing(threads: int, times: int) -> None:
    with KubernetesCluster(SystemClock()) as cluster:
        cluster.apply({**config_map("counter"), "data": {"n": "0"}})
        api = CoreV1Api(cluster.client())
        begin = api.read_namespaced_config_map("counter", "default").metadata.resource_version
        seen: list[int] = []

        def follow() -> None:
            events = Watch().stream(
                api.list_namespaced_config_map, "default", field_selector="metadata.name=counter",
                resource_version=begin, timeout_seconds=30,
            )  # fmt: skip
            for event in events:
                seen.append(int(event["object"].data["n"]))
                if seen[-1] == threads * times:
                    return

        watcher = threading.Thread(target=follow)
        watcher.start()
        _together(lambda number: _count_up(cluster, times, number), threads)
        watcher.join(30)
        assert seen == list(range(1, threads * times + 1))
        assert api.read_namespaced_config_map("counter", "default").data == {"n": str(threads * times)}
        changes = cluster.audit.find(changed=True, resource="configmaps", user=lambda user: user.startswith("user-"))
        assert len(changes) == 3 * threads * times
        revisions = [event.revision for event in changes]
        assert revisions == sorted(set(revisions))


def test_clusters_in_threads_do_not_see_each_other() -> None:
    def alone(number: int) -> None:
        with KubernetesCluster(seed=number) as cluster:
            for step in range(10):
                cluster.apply(pod(f"p-{number}-{step}"))
            cluster.settle()
            pods = [one["metadata"]["name"] for one in cluster.dump() if one["kind"] == "Pod"]
            assert pods == [f"p-{number}-{step}" for step in range(10)]

    _together(alone, 4)


def test_forks_and_their_original_may_be_used_in_threads_at_once() -> None:
    with KubernetesCluster() as original:
        original.apply([config_map(f"c{number}") for number in range(50)])

        def work(number: int) -> None:
            with original.fork() as fork:
                for step in range(10):
                    fork.apply(config_map(f"mine-{number}-{step}"))
                    original.apply(config_map(f"ours-{number}-{step}"))
                mine = [change.place.name for change in fork.diff(original) if change.what == "added"]
                assert mine == [f"mine-{number}-{step}" for step in range(10)]

        _together(work, 4)
        names = {one["metadata"]["name"] for one in original.dump() if one["kind"] == "ConfigMap"}
        assert {f"ours-{number}-{step}" for number in range(4) for step in range(10)} <= names
        assert not any(name.startswith("mine-") for name in names)


def test_nothing_is_left_when_a_cluster_is_closed() -> None:
    threads = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with KubernetesCluster(SystemClock()) as cluster:
            assert cluster.url
            cluster.apply(pod())
        del cluster
        gc.collect()
    assert set(threading.enumerate()) == threads
