"""The asyncio client and httpx in process: what breaks, breaks as their own connections do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.fake.testing import KubernetesCluster
from backends.faults import Answer, CutWatch, Delay, LoseAnswer, Match
from tests.unit.backends.fake.door import CM, config_map, pod

pytestmark = pytest.mark.slow
"""Their libraries take a second to import."""


@pytest.fixture
def cluster() -> Iterator[KubernetesCluster]:
    with KubernetesCluster() as made:
        yield made


def test_an_asyncio_client_sees_refusals_and_broken_connections(cluster: KubernetesCluster) -> None:
    import aiohttp
    from kubernetes.aio import client

    async def main() -> None:
        async with cluster.asyncio_client("alice") as api:
            core = client.CoreV1Api(api)
            cluster.faults.add(Answer(429, retry_after_s=3), Match(verb="list"), times=1)
            with pytest.raises(client.ApiException) as refused:
                await core.list_namespaced_config_map("default")
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "3")
            cluster.faults.add(LoseAnswer(), Match(verb="create", identity="alice"), times=1)
            with pytest.raises(aiohttp.ClientOSError):
                await core.create_namespaced_config_map("default", config_map())
            assert (await core.read_namespaced_config_map("a", "default")).data == {"k": "v"}
            cluster.faults.add(Delay(30), Match(verb="get"), times=1)
            with pytest.raises(asyncio.TimeoutError):
                await core.read_namespaced_config_map("a", "default", _request_timeout=5)

    asyncio.run(main())


def test_an_asyncio_watch_is_cut(cluster: KubernetesCluster) -> None:
    import aiohttp
    from kubernetes.aio import client, watch

    cluster.apply([config_map("a"), config_map("b")])
    cluster.faults.add(CutWatch(2))
    seen: list[str] = []

    async def main() -> None:
        async with cluster.asyncio_client() as api:
            listing = client.CoreV1Api(api).list_namespaced_config_map
            events = watch.Watch().stream(listing, "default", timeout_seconds=5)
            seen.append((await anext(events))["object"].metadata.name)
            seen.append((await anext(events))["object"].metadata.name)
            await anext(events)

    with pytest.raises(aiohttp.ClientOSError):
        asyncio.run(main())
    assert len(seen) == 2


def test_an_asyncio_watch_waits_under_the_machines_clock_without_holding_up_the_loop() -> None:
    from kubernetes.aio import client, watch

    async def main(cluster: KubernetesCluster) -> list[Any]:
        async with cluster.asyncio_client() as api:
            core = client.CoreV1Api(api)

            async def follow() -> list[Any]:
                stream = watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=2)
                return [event["type"] async for event in stream]

            async def create() -> None:
                await asyncio.sleep(0.2)
                await core.create_namespaced_pod("default", pod())

            found: list[Any] = (await asyncio.gather(follow(), create()))[0]
            return found

    with KubernetesCluster(SystemClock(), pod_ready_after_s=0.1) as cluster:
        assert asyncio.run(main(cluster))[0] == "ADDED"


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_httpx_sees_answers_and_broken_connections(cluster: KubernetesCluster, name: str) -> None:
    library = pytest.importorskip(name)
    with library.Client(base_url="http://fake.invalid", transport=cluster.httpx_transport(library, "alice")) as http:
        made = http.post(CM, json=config_map())
        assert (made.status_code, made.json()["metadata"]["name"]) == (201, "a")
        assert http.get(f"{CM}/nothing").status_code == 404
        with http.stream("GET", f"{CM}?watch=true&timeoutSeconds=2") as watch:
            assert len(list(watch.iter_lines())) == 2
        cluster.faults.partition("alice")
        with pytest.raises(library.ReadError):
            http.get(CM)
        cluster.faults.clear()
        cluster.faults.add(Delay(60))
        with pytest.raises(library.ReadTimeout):
            http.get(CM)


def test_httpx_works_asynchronously_too(cluster: KubernetesCluster) -> None:
    import httpx2

    async def main() -> int:
        transport = cluster.httpx_transport(httpx2)
        async with httpx2.AsyncClient(base_url="http://fake.invalid", transport=transport) as http:
            return len((await http.get(CM)).json()["items"])

    assert asyncio.run(main()) == 1
