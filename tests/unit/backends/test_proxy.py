"""What a process behind the proxy gets to see, what reaches the API server, and what is recorded of it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration

from backends.clock import SystemClock
from backends.fake import Cluster, FakeBackend
from backends.fake.programs import Cut, Invocation, Out
from backends.fake.programs.steps import Running
from backends.faults import (
    Answer,
    Crash,
    CutWatch,
    Delay,
    Fault,
    Faults,
    Late,
    LoseAnswer,
    LoseRequest,
    Match,
    Pause,
    read_call,
)
from backends.proxy import FaultProxy, Traffic, rehearses
from kubeactions.errors import Forbidden, NotFound, Unavailable
from kubeactions.kube import Kube

pytestmark = pytest.mark.http

MAPS = "/api/v1/namespaces/default/configmaps"
ONE = f"{MAPS}/one"
WRITING = Match(verb="create")


class Setting:
    """A cluster, a proxy before it, and a door of each kind."""

    def __init__(self, directory: Path, backend: FakeBackend | None = None) -> None:
        self.clock = SystemClock()
        backend = backend or FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.direct = Kube(backend.client(), self.clock)
        self.faults = Faults(self.clock)
        self.traffic = Traffic(self.clock)
        self.deaths: list[str] = []
        self.proxy = FaultProxy(
            backend.client(), self.faults, self.traffic, "replica-1", lambda: self.deaths.append("replica-1")
        )
        self._directory = directory

    def client(self) -> ApiClient:
        """A client as a process would make it."""
        configuration = Configuration()
        configuration.retries = False
        path = self.proxy.kubeconfig(self._directory / "kubeconfig")
        config.load_kube_config(str(path), client_configuration=configuration, persist_config=False)
        return ApiClient(configuration)

    def passed(self) -> list[tuple[str, str, int, bool]]:
        """What reached the server: verb, name, code, whether it changed something."""
        return [(one.verb, one.name, one.code, one.changed) for one in self.traffic]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    made = Setting(tmp_path)
    with made.proxy:
        yield made


@pytest.fixture
def kube(setting: Setting) -> Iterator[Kube]:
    with setting.client() as client:
        yield Kube(client, setting.clock, 2.0)


def config_map(colour: str = "blue") -> dict[str, Any]:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"colour": colour}}
    return dict(body)


def test_requests_and_answers_pass_unchanged_and_are_recorded(setting: Setting, kube: Kube) -> None:
    made = kube.attributed("audit-1").create(MAPS, config_map())
    assert kube.get(ONE) == made == setting.direct.get(ONE)
    assert [item["metadata"]["name"] for item in kube.list(MAPS)["items"]] == ["one"]
    with pytest.raises(NotFound):
        kube.get(f"{MAPS}/two")
    kube.delete(ONE, uid=made["metadata"]["uid"])
    first = next(iter(setting.traffic))
    assert (first.user, first.audit_id, first.namespace, first.dry_run) == ("replica-1", "audit-1", "default", False)
    assert setting.passed() == [
        ("create", "one", 201, True),
        ("get", "one", 200, False),
        ("list", "", 200, False),
        ("get", "two", 404, False),
        ("delete", "one", 200, True),
    ]
    assert setting.traffic.under_way == 0


def test_what_finds_its_work_done_has_changed_nothing(setting: Setting, kube: Kube) -> None:
    kube.create(MAPS, config_map())
    kube.patch(ONE, {"data": {"colour": "red"}}, type="merge")
    kube.patch(ONE, {"data": {"colour": "red"}}, type="merge")
    kube.patch(ONE, {"data": {"colour": "green"}}, type="merge", dry_run=True)
    assert [(one.changed, one.dry_run) for one in setting.traffic] == [
        (True, False),
        (True, False),
        (False, False),
        (False, True),
    ]


def test_a_second_deletion_has_changed_nothing_though_others_write_to_what_is_going(
    setting: Setting, kube: Kube
) -> None:
    body = config_map()
    body["metadata"]["finalizers"] = ["example.org/held"]
    kube.create(MAPS, body)
    kube.delete(ONE)
    setting.direct.patch(ONE, {"data": {"colour": "red"}}, type="merge")
    kube.delete(ONE)
    assert [one.changed for one in setting.traffic] == [True, True, False]


def test_a_lost_request_never_reaches_the_server(setting: Setting, kube: Kube) -> None:
    setting.faults.add(LoseRequest(), WRITING, times=1)
    with pytest.raises(Unavailable):
        kube.create(MAPS, config_map())
    assert setting.passed() == []
    kube.create(MAPS, config_map())


def test_after_a_lost_answer_it_is_done_and_the_client_cannot_know(setting: Setting, kube: Kube) -> None:
    setting.faults.add(LoseAnswer(), WRITING, times=1)
    with pytest.raises(Unavailable):
        kube.create(MAPS, config_map())
    assert setting.direct.get(ONE)
    assert setting.passed() == [("create", "one", 201, True)]


def test_a_refusal_is_made_up_here_and_not_recorded(setting: Setting, kube: Kube) -> None:
    setting.faults.add(Answer(403, "no"), WRITING, times=1)
    with pytest.raises(Forbidden, match="no"):
        kube.create(MAPS, config_map())
    assert setting.passed() == []


def test_an_answer_that_is_delayed_beyond_the_deadline_is_doubt(setting: Setting, kube: Kube) -> None:
    setting.faults.add(Delay(0.6), WRITING, times=1)
    with pytest.raises(Unavailable):
        kube.within(0.2).create(MAPS, config_map())
    assert setting.direct.get(ONE)


def test_a_late_request_is_delivered_after_its_sender_gave_up_and_recorded_then(setting: Setting, kube: Kube) -> None:
    setting.faults.add(Late(0.0), WRITING, times=1)
    with pytest.raises(Unavailable):
        kube.create(MAPS, config_map())
    assert (setting.passed(), setting.faults.held) == ([], 1)
    setting.faults.deliver_due()
    assert (setting.passed(), setting.faults.held) == ([("create", "one", 201, True)], 0)


@pytest.mark.parametrize(("side", "done"), [("before", False), ("after", True)])
def test_who_dies_gets_no_answer_and_nothing_of_it_gets_out_any_more(
    side: Any, done: bool, setting: Setting, kube: Kube
) -> None:
    setting.faults.add(Crash(side), WRITING, times=1)
    with pytest.raises(Unavailable):
        kube.create(MAPS, config_map())
    assert setting.deaths == ["replica-1"]
    with pytest.raises(Unavailable):
        kube.get(ONE)
    assert bool(setting.passed()) == done


def test_a_request_is_under_way_while_it_is_held(setting: Setting, kube: Kube) -> None:
    held: list[int] = []
    setting.faults.add(Pause(lambda: held.append(setting.traffic.under_way)), WRITING, times=1)
    kube.create(MAPS, config_map())
    assert held == [1]


def test_a_watch_streams_and_can_be_cut(setting: Setting, kube: Kube) -> None:
    setting.faults.add(CutWatch(events=1), Match(verb="watch"))
    kube.create(MAPS, config_map())
    url = f"{setting.proxy.url}{MAPS}?watch=1&timeoutSeconds=30"
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", url, preload_content=False, timeout=10)
        pieces = answer.stream(65536)
        assert b'"ADDED"' in next(pieces)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            list(pieces)
    assert setting.passed()[-1] == ("watch", "", 200, False)


def test_a_watch_that_nobody_cuts_ends_with_the_server(setting: Setting, kube: Kube) -> None:
    kube.create(MAPS, config_map())
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{setting.proxy.url}{MAPS}?watch=1&timeoutSeconds=1", preload_content=False)
        assert b'"ADDED"' in b"".join(answer.stream(65536))


def test_what_is_no_websocket_is_not_upgraded(setting: Setting) -> None:
    address = setting.proxy.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("POST", f"{POD}/exec", headers={"Connection": "Upgrade", "Upgrade": "SPDY/3.1"})
    assert connection.getresponse().status == 501
    connection.close()


POD = "/api/v1/namespaces/default/pods/web"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeBackend]:
    """A cluster whose pod `web` runs."""
    clock = SystemClock()
    with FakeBackend(cluster=Cluster(clock)) as backend:
        kube = Kube(backend.client(), clock)
        spec = {"containers": [{"name": "main", "image": "web:1"}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
        kube.create("/api/v1/namespaces/default/pods", body)
        until(lambda: kube.get(POD)["status"]["phase"] == "Running")
        yield backend


def until(happened: Callable[[], object]) -> None:
    for _ in range(500):
        if happened():
            return
        SystemClock().sleep(0.02)
    raise AssertionError("it did not come about in time")


@pytest.fixture
def machine(tmp_path: Path, running: FakeBackend) -> Iterator[Setting]:
    """A proxy before it."""
    made = Setting(tmp_path, running)
    with made.proxy:
        yield made


class Df:
    """A program that notes each run; it is cut off when it is told so."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def __call__(self, call: Invocation) -> Running:
        self.runs.append(" ".join(call.command))
        yield Out("42 % used")
        if "cut" in call.command:
            yield Cut()
        return 3


def df(setting: Setting, *more: str, pod: str = POD) -> dict[str, Any]:
    """What comes of the command to whoever is behind the proxy."""
    with setting.client() as client:
        kube = Kube(client, setting.clock, 2.0)
        return kube.exec(f"{pod}/exec", ["df", *more], container="main", deadline_s=5.0, max_bytes=100)


def test_a_command_runs_through_the_proxy_and_is_recorded(machine: Setting, running: FakeBackend) -> None:
    running.cluster.programs.run(["df", "..."], program := Df())
    done = df(machine)
    assert (done["exit_code"], done["stdout"], program.runs) == (3, "42 % used", ["df"])
    assert machine.passed()[-1] == ("get", "web", 101, False)
    assert "broke" in df(machine, "cut")["error"]
    with pytest.raises(NotFound):
        df(machine, pod=f"{POD}-2")
    assert machine.passed()[-1] == ("get", "web-2", 404, False)
    assert machine.traffic.under_way == 0


@pytest.mark.parametrize(
    ("fault", "error", "runs"),
    [
        (LoseRequest(), Unavailable, []),
        (LoseAnswer(), Unavailable, ["df"]),
        (Answer(403), Forbidden, []),
        (Crash("before"), Unavailable, []),
        (Crash("after"), Unavailable, ["df"]),
    ],
)
def test_faults_strike_a_command_at_its_upgrade(
    machine: Setting, running: FakeBackend, fault: Fault, error: type[Exception], runs: list[str]
) -> None:
    running.cluster.programs.run(["df", "..."], program := Df())
    machine.faults.add(fault, Match(resource="pods/exec"))
    with pytest.raises(error):
        df(machine)
    until(lambda: len(program.runs) >= len(runs))  # It begins while we have gone already.
    assert program.runs == runs
    assert machine.deaths == (["replica-1"] if isinstance(fault, Crash) else [])


def test_two_requests_pass_at_the_same_time(setting: Setting, kube: Kube) -> None:
    meeting = threading.Barrier(2, timeout=5)
    setting.faults.add(Pause(meeting.wait), Match(verb="get"), times=2)
    kube.create(MAPS, config_map())
    other = threading.Thread(target=kube.get, args=(ONE,))
    other.start()
    kube.get(ONE)
    other.join()
    assert setting.passed().count(("get", "one", 200, False)) == 2


def test_a_dry_run_is_recorded_as_one_wherever_it_is_asked_for(setting: Setting, kube: Kube) -> None:
    kube.create(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}})
    kube.delete(ONE, uid=None, dry_run=True)
    kube.replace(ONE, kube.get(ONE), dry_run=True)
    kube.delete(ONE, uid=None)
    written = [(one.verb, one.dry_run, one.changed) for one in setting.traffic if one.verb != "get"]
    assert written == [
        ("create", False, True),
        ("delete", True, False),
        ("update", True, False),
        ("delete", False, True),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "rehearsed"),
    [
        ("DELETE", ONE, b'{"dryRun": ["All"]}', True),
        ("DELETE", ONE, b'{"dryRun": []}', False),
        ("DELETE", ONE, None, False),
        ("DELETE", ONE, b"[]", False),
        ("DELETE", ONE, b"{", False),
        ("POST", "/api/v1/namespaces/d/pods/p/eviction", b'{"deleteOptions": {"dryRun": ["All"]}}', True),
        ("POST", MAPS, b'{"dryRun": ["All"]}', False),
        ("PATCH", f"{ONE}?dryRun=All", b"[]", True),
    ],
)
def test_what_is_a_dry_run(method: str, path: str, body: bytes | None, *, rehearsed: bool) -> None:
    assert rehearses(read_call(method, path, body=body), body) is rehearsed
