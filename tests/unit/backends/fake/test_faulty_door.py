"""Every fault, at both doors: in process and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from kubernetes.client import ApiException, CoreV1Api
from urllib3.exceptions import HTTPError, ProtocolError
from websocket import WebSocketException, create_connection

from backends.clock import SystemClock
from backends.fake.programs import Invocation, Out
from backends.fake.programs.steps import Running
from backends.fake.testing import KubernetesCluster
from backends.faults import (
    Answer,
    Crash,
    CutWatch,
    Delay,
    Fault,
    Late,
    LoseAnswer,
    LoseRequest,
    Match,
    Pause,
    ReplicaDied,
)
from tests.unit.backends.fake.door import CM, config_map

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def template() -> Iterator[KubernetesCluster]:
    with KubernetesCluster() as made:
        made.apply(config_map("there"))
        yield made


@pytest.fixture
def cluster(template: KubernetesCluster) -> Iterator[KubernetesCluster]:
    with template.fork() as made:
        yield made


@pytest.fixture(params=["in process", pytest.param("over http", marks=[pytest.mark.slow, pytest.mark.http])])
def ask(request: pytest.FixtureRequest, cluster: KubernetesCluster) -> Iterator[Ask]:
    """Sends one request and gives status, body and headers. Raises urllib3's errors."""
    if request.param == "in process":
        transport = cluster.client().rest_client.pool_manager
        host = "http://fake.invalid"
    else:
        transport = urllib3.PoolManager(retries=False)
        host = cluster.url

    def send(method: str, target: str, body: Any = None, timeout: float = 10.0) -> tuple[int, Any, Any]:
        headers = {"content-type": "application/json"}
        sent = json.dumps(body) if body is not None else None
        answer = transport.request(
            method, host + target, body=sent, headers=headers, timeout=timeout, preload_content=False
        )
        data = b"".join(answer.stream()) if "watch" in target else answer.data
        return answer.status, json.loads(data) if "watch" not in target else data, answer.headers

    yield send
    transport.clear()


def names(cluster: KubernetesCluster) -> list[str]:
    found = [one["metadata"] for one in cluster.dump() if one["kind"] == "ConfigMap"]
    return [one["name"] for one in found if one["namespace"] == "default" and one["name"] != "kube-root-ca.crt"]


def test_a_lost_request_is_not_applied(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(LoseRequest(), Match(verb="create"), times=1)
    with pytest.raises(HTTPError):
        ask("POST", CM, config_map("new"))
    assert names(cluster) == ["there"]
    assert ask("POST", CM, config_map("new"))[0] == 201


def test_of_a_lost_answer_the_request_is_applied(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(LoseAnswer(), Match(verb="create", name="new"), times=1)
    with pytest.raises(HTTPError):
        ask("POST", CM, config_map("new"))
    assert names(cluster) == ["new", "there"]
    assert ask("POST", CM, config_map("new"))[0] == 409


@pytest.mark.parametrize(("status", "retry_after_s"), [(403, None), (409, None), (429, 7), (500, None), (503, 1)])
def test_a_refusal_is_a_status_and_nothing_is_done(
    cluster: KubernetesCluster, ask: Ask, status: int, retry_after_s: int | None
) -> None:
    cluster.faults.add(Answer(status, "no", retry_after_s=retry_after_s), Match(resource="configmaps"), first=2)
    assert ask("GET", f"{CM}/there")[0] == 200
    code, body, headers = ask("POST", CM, config_map("new"))
    assert (code, body["code"], body["message"]) == (status, status, "no")
    assert headers.get("Retry-After") == (str(retry_after_s) if retry_after_s else None)
    assert names(cluster) == ["there"]


def test_a_watch_is_cut_after_some_events(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(CutWatch(2))
    cluster.apply([config_map("a"), config_map("b")])
    with pytest.raises(ProtocolError):  # and no timeout
        ask("GET", f"{CM}?watch=true&timeoutSeconds=3")
    assert ask("GET", CM)[0] == 200


def test_a_history_that_is_forgotten_is_gone(cluster: KubernetesCluster, ask: Ask) -> None:
    before = ask("GET", CM)[1]["metadata"]["resourceVersion"]
    cluster.apply(config_map("new"))
    cluster.compact()
    status, body, _ = ask("GET", f"{CM}?resourceVersion={before}&resourceVersionMatch=Exact")
    assert (status, body["reason"]) == (410, "Expired")
    assert b'"reason":"Expired"' in ask("GET", f"{CM}?watch=true&resourceVersion={before}")[1]


def test_a_stale_read_shows_what_was(cluster: KubernetesCluster, ask: Ask) -> None:
    rule = cluster.lag(Match(resource="configmaps"))
    assert ask("POST", CM, config_map("new"))[0] == 201
    assert ask("GET", f"{CM}/new")[0] == 404
    assert [one["metadata"]["name"] for one in ask("GET", CM)[1]["items"]] == ["kube-root-ca.crt", "there"]
    assert ask("DELETE", f"{CM}/there")[0] == 200
    assert ask("GET", f"{CM}/there")[0] == 200
    cluster.faults.remove(rule)
    assert ask("GET", f"{CM}/there")[0] == 404


def test_a_pause_lets_the_world_go_on_before_the_request_arrives(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(Pause(lambda: cluster.apply(config_map("new"))), Match(verb="create"), times=1)
    assert ask("POST", CM, config_map("new"))[0] == 409


def test_whoever_dies_sends_nothing_more(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(Crash("after"), Match(verb="create"), times=1)
    for name in ("first", "second"):
        with pytest.raises((HTTPError, ReplicaDied)):
            ask("POST", CM, config_map(name))
    assert names(cluster) == ["first", "there"]


def test_an_answer_that_is_slow_is_lost_where_its_client_gives_up(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(Delay(0.4), Match(verb="create"), times=2)
    assert ask("POST", CM, config_map("slow"))[0] == 201
    with pytest.raises(HTTPError):
        ask("POST", CM, config_map("lost"), timeout=0.1)
    assert names(cluster) == ["lost", "slow", "there"]


def test_a_late_request_arrives_when_its_client_has_given_up(cluster: KubernetesCluster, ask: Ask) -> None:
    cluster.faults.add(Late(30), Match(verb="create"), times=1)
    with pytest.raises(HTTPError):
        ask("POST", CM, config_map("late"))
    assert names(cluster) == ["there"]
    cluster.advance("1m")
    ask("GET", CM)
    assert names(cluster) == ["late", "there"]


def test_one_identity_is_cut_off_over_http_too(cluster: KubernetesCluster) -> None:
    cluster.faults.partition("alice")
    pool = urllib3.PoolManager(retries=False)
    try:
        with pytest.raises(HTTPError):
            pool.request("GET", cluster.url + CM, headers={"impersonate-user": "alice"})
        assert pool.request("GET", cluster.url + CM, headers={"impersonate-user": "bob"}).status == 200
    finally:
        pool.clear()
    with pytest.raises(HTTPError):
        CoreV1Api(cluster.client("alice")).list_namespaced_config_map("default")
    CoreV1Api(cluster.client("bob")).list_namespaced_config_map("default")


def test_a_replica_that_lags_is_no_way_around_permissions() -> None:
    with KubernetesCluster(authorization="rbac") as cluster:
        cluster.lag()
        with pytest.raises(ApiException, match="403"):
            CoreV1Api(cluster.client("nobody")).list_namespaced_secret("default")


def test_a_replica_stands_still_under_the_machines_clock() -> None:
    with KubernetesCluster(SystemClock(), pod_ready_after_s=0.05) as cluster:
        spec = {"containers": [{"name": "c", "image": "i"}]}
        api = CoreV1Api(cluster.client())
        api.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": spec})
        rule = cluster.lag()
        while cluster.cluster.next_due() is not None:
            cluster.cluster.catch_up()
        assert api.read_namespaced_pod("p", "default").status.phase == "Pending"
        cluster.faults.remove(rule)
        assert api.read_namespaced_pod("p", "default").status.phase == "Running"


@pytest.mark.slow
@pytest.mark.http
@pytest.mark.parametrize(
    ("fault", "said", "runs"),
    [
        (LoseRequest(), None, []),
        (LoseAnswer(), None, ["df"]),
        (Answer(403), "403", []),
        (Crash("after"), None, ["df"]),
    ],
)
def test_a_command_over_http_is_struck_as_its_session_is_opened(
    fault: Fault, said: str | None, runs: list[str]
) -> None:
    begun: list[str] = []

    def df(call: Invocation) -> Running:
        begun.append(call.command[0])
        yield Out("42 % used")
        return 0

    with KubernetesCluster() as cluster:
        cluster.programs.run(["df"], df)
        spec = {"containers": [{"name": "c", "image": "i"}]}
        CoreV1Api(cluster.client()).create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": spec})
        cluster.settle()
        cluster.faults.add(fault, Match(resource="pods/exec"), times=1)
        url = cluster.url.replace("http", "ws", 1) + "/api/v1/namespaces/default/pods/p/exec?command=df&stdout=true"
        with pytest.raises((WebSocketException, OSError), match=said):
            create_connection(url, subprotocols=["v5.channel.k8s.io"], timeout=5)
        assert begun == runs
        if not isinstance(fault, Crash):
            again: Any = create_connection(url, subprotocols=["v5.channel.k8s.io"], timeout=5)
            assert again.recv_data()[1] == b"\x0142 % used"
            again.shutdown()
