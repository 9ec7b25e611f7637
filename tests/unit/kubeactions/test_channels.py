"""A command over a WebSocket of its own: caps, deadlines, refusals, breaks; and everybody else's requests go on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import FakeBackend
from backends.fake.programs import Cut, Err, Invocation, Out, Scripted, Sleep
from backends.fake.programs.steps import Running
from backends.faults import Answer, Delay, Faults, LoseAnswer, LoseRequest, Match, install
from kubeactions.channels import Ran, _with_status
from kubeactions.clock import SystemClock
from kubeactions.errors import BadRequest, Forbidden, KubeError, NotFound, Unavailable, Unreachable
from kubeactions.kube import Kube

pytestmark = pytest.mark.http

POD = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
PODS = "/api/v1/namespaces/default/pods"
EXEC = f"{PODS}/p/exec"
RUN_IT = Match(verb="get", resource="pods/exec")


class Machine:
    """A pod that runs in a cluster in this process, and a door to it."""

    def __init__(self, backend: FakeBackend, clock: SimulatedClock) -> None:
        self.backend, self.clock = backend, clock
        client = backend.client("me")
        self.faults = Faults(clock)
        install(client, self.faults, "me")
        self.observed: list[tuple[str, int]] = []
        self.kube = Kube(client, clock, observer=lambda method, status, _: self.observed.append((method, status)))

    def script(self, name: str, *steps: Any, code: int = 0) -> None:
        self.backend.cluster.programs.run([name, "..."], Scripted(steps, code))

    def run(
        self, *command: str, path: str = EXEC, container: str = "c", deadline_s: float = 10.0, size: int = 100
    ) -> Any:
        return self.kube.exec(path, command, container=container, deadline_s=deadline_s, max_bytes=size)


@pytest.fixture(scope="module")
def shared() -> Iterator[Machine]:
    clock = SimulatedClock()
    with FakeBackend(clock) as backend:
        found = Machine(backend, clock)
        found.kube.create(PODS, POD)
        backend.cluster.settle()
        yield found


@pytest.fixture
def machine(shared: Machine) -> Machine:
    shared.faults.clear()
    shared.observed.clear()
    return shared


def test_streams_and_code_come_back_and_the_request_is_observed(machine: Machine) -> None:
    machine.script("both", Out("out"), Err("err"), code=3)
    found = {"exit_code": 3, "error": "", "stdout": "out", "stderr": "err", "cut": []}
    assert machine.run("both") == found
    assert machine.observed == [("GET", 101)]
    (event,) = machine.backend.cluster.audit.find(subresource="exec", code=101)[-1:]
    assert (event.user, event.verb) == ("me", "get")


def test_words_arrive_as_they_are(machine: Machine) -> None:
    words: list[tuple[str, ...]] = []

    def note(call: Invocation) -> Running:
        words.append(call.command)
        yield from ()
        return 0

    machine.backend.cluster.programs.run(["note", "..."], note)
    machine.run("note", "a b", "c&d=e", "ü", "", "a,b")
    assert words == [("note", "a b", "c&d=e", "ü", "", "a,b")]


def test_each_stream_is_cut_where_it_is_full_and_read_to_its_end(machine: Machine) -> None:
    machine.script("chatty", Out(b"x" * 500_000), Err(b"y" * 30), Out("end"))
    found = machine.run("chatty", size=40)
    assert (found["exit_code"], found["stdout"], found["stderr"], found["cut"]) == (0, "x" * 40, "y" * 30, ["stdout"])


def test_a_command_that_floods_ends_at_its_deadline(machine: Machine) -> None:
    def flood(_: Invocation) -> Running:
        while True:
            yield Out(b"x" * 100_000)
            yield Sleep(1)

    machine.backend.cluster.programs.run(["flood"], flood)
    found = machine.run("flood", deadline_s=5, size=10)
    assert (found["exit_code"], found["stdout"], found["error"]) == (None, "x" * 10, "it did not end within 5 s")


def test_a_command_that_hangs_takes_no_longer_than_its_deadline(machine: Machine) -> None:
    machine.script("hang", Out("so far"), Sleep())
    before = machine.clock.monotonic()
    found = machine.run("hang", deadline_s=5)
    assert (found["exit_code"], found["stdout"]) == (None, "so far")
    assert 5 <= machine.clock.monotonic() - before <= 8


def test_a_connection_that_breaks_has_no_code(machine: Machine) -> None:
    machine.script("cut", Out("half"), Cut())
    found = machine.run("cut")
    assert (found["exit_code"], found["stdout"]) == (None, "half")
    assert "the connection broke before it ended" in found["error"]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"container": "d"}, BadRequest, "container d is not valid for pod p"),
        ({"path": f"{PODS}/none/exec"}, NotFound, 'pods "none" not found'),
    ],
)
def test_a_refusal_is_the_servers_own(machine: Machine, asked: Any, error: type[KubeError], said: str) -> None:
    with pytest.raises(error, match=said):
        machine.run("true", **asked)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(LoseRequest(), Unavailable), (LoseAnswer(), Unavailable), (Answer(403), Forbidden), (Answer(503), Unavailable)],
)
def test_faults_strike_it_as_they_strike_every_call(machine: Machine, fault: Any, error: type[KubeError]) -> None:
    machine.faults.add(fault, RUN_IT)
    with pytest.raises(error):
        machine.run("true")


def test_a_late_answer_is_an_answer_as_long_as_the_caller_waits(machine: Machine) -> None:
    machine.faults.add(Delay(3), RUN_IT)
    assert machine.run("true")["exit_code"] == 0


def test_other_requests_of_the_same_client_go_their_way_meanwhile(machine: Machine) -> None:
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.append(machine.kube.get(f"{PODS}/p")["metadata"]["name"]))

    def curious(_: Invocation) -> Running:
        reader.start()
        while not seen:
            yield Sleep(0.01)
        return 0

    machine.backend.cluster.programs.run(["curious"], curious)
    assert machine.run("curious", deadline_s=1e6)["exit_code"] == 0
    reader.join()
    assert seen == ["p"]


def outside(port: int) -> Kube:
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    return Kube(ApiClient(configuration), SystemClock())


def test_where_nobody_listens_nothing_was_sent() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Unreachable, match=r"cannot connect to 127\.0\.0\.1"):
            outside(port).exec(EXEC, ["true"], container="c", deadline_s=2, max_bytes=1)


def test_a_server_that_never_answers_the_upgrade_is_waited_for_no_longer_than_said() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        with pytest.raises(Unavailable, match=r"no answer to the upgrade within 0\.1 s"):
            outside(silent.getsockname()[1]).exec(EXEC, ["true"], container="c", deadline_s=0.1, max_bytes=1)
        with closing(silent.accept()[0]) as asked:
            assert b"upgrade: websocket" in asked.recv(65536).lower()


def test_who_impersonates_sends_nothing() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        kube = outside(server.getsockname()[1])
        kube._client.default_headers["Impersonate-User"] = "somebody"
        with pytest.raises(Unreachable, match="impersonates"):
            kube.exec(EXEC, ["true"], container="c", deadline_s=1, max_bytes=1)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (b'{"status":"Success"}', 0, ""),
        (b'{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}', 7, ""),
        (b'{"status":"Failure","message":"why"}', None, "why"),
        (b'{"status":"Failure"}', None, "a failure without a message"),
        (b'{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}', None, "cannot be read"),
        (b"[]", None, "cannot be read"),
        (b"half", None, "cannot be read"),
    ],
)
def test_a_status_is_read_or_said_to_be_unreadable(status: bytes, code: int | None, error: str) -> None:
    found = _with_status(Ran(), bytearray(status))
    assert found.exit_code == code
    assert error in found.error
