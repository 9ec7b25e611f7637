"""exec and attach over real WebSockets, and everything that is refused before one is opened."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import websocket

from backends.clock import Clock, SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Identity, Request
from backends.fake.programs import Cut, Line, Out, Scripted, Sleep
from backends.fake.serving import Listener
from tests.unit.backends.fake.door import PODS, Door, pod

pytestmark = pytest.mark.http

EXEC = f"{PODS}/p/exec"
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
PATIENCE_S = 5.0
TRUE = "command=true&stdout=true"


@dataclass(frozen=True)
class Ended:
    """A session, over."""

    streams: dict[int, bytes]
    status: dict[str, Any] | None
    """None: the connection broke."""

    @property
    def code(self) -> int:
        assert self.status is not None
        return 0 if self.status["status"] == "Success" else int(self.status["details"]["causes"][0]["message"])


class Served:
    """A listener before a cluster in which the pod p runs."""

    def __init__(self, cluster: Cluster, listener: Listener) -> None:
        self.cluster, self.url = cluster, listener.url.replace("http", "ws", 1)

    def open(self, target: str, *protocols: str, **headers: str) -> websocket.WebSocket:
        return websocket.create_connection(
            self.url + target, timeout=PATIENCE_S, subprotocols=list(protocols) or None, header=headers
        )

    def run(self, *command: str, subresource: str = "exec", stdin: bytes | None = None, **query: str) -> Ended:
        asked = {"stdout": "true", "stderr": "true", **query} | ({"stdin": "true"} if stdin is not None else {})
        words = urlencode([("command", word) for word in command] + list(asked.items()))
        connection = self.open(f"{PODS}/p/{subresource}?{words}", V5, V4)
        if stdin is not None:
            connection.send_binary(b"\x00" + stdin)
            connection.send_binary(b"\xff\x00")
        return ended(connection)

    def refused(self, target: str, *protocols: str, **headers: str) -> tuple[int, str]:
        with pytest.raises(websocket.WebSocketBadStatusException) as error:
            self.open(target, *(protocols or (V5,)), **headers)
        body = error.value.resp_body
        assert body is not None
        return error.value.status_code, json.loads(body)["message"]


def hang_up(connection: Any) -> None:
    """`close` leaves the socket open once the server has said goodbye."""
    connection.shutdown()


def ended(connection: websocket.WebSocket) -> Ended:
    """Read to the end."""
    streams: dict[int, bytes] = {}
    with contextlib.suppress(websocket.WebSocketConnectionClosedException, OSError):
        while (found := connection.recv_data())[0] == websocket.ABNF.OPCODE_BINARY:
            frame = found[1]
            streams[frame[0]] = streams.get(frame[0], b"") + frame[1:]
    hang_up(connection)
    status = streams.pop(3, None)
    return Ended(streams, json.loads(status) if status else None)


@contextlib.contextmanager
def line(cluster: Cluster, *, moves_time: bool = False) -> Iterator[Served]:
    listener = Listener(cluster, moves_time=moves_time)
    try:
        yield Served(cluster, listener)
    finally:
        listener.close()


def cluster_with_pod(clock: Clock | None = None, **options: Any) -> Cluster:
    clock = clock or SimulatedClock()
    cluster = Cluster(clock, **options)
    body = json.dumps(pod()).encode()
    admin = Identity("admin", "", ("system:masters",))
    assert cluster.handle(Request("POST", PODS, {"content-type": "application/json"}, body, admin)).status == 201
    if isinstance(clock, SimulatedClock):
        cluster.settle()
    return cluster


@pytest.fixture(scope="module")
def opened() -> Iterator[Served]:
    with line(cluster_with_pod(), moves_time=True) as found:
        yield found


def test_a_command_runs_with_its_streams_and_its_code(opened: Served) -> None:
    done = opened.run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.streams, done.code) == ({1: b"out\n", 2: b"err\n"}, 3)
    assert opened.run("cat", stdin=b"given" * 20_000).streams == {1: b"given" * 20_000}
    assert opened.run("echo", "a b", "ü").streams == {1: "a b ü\n".encode()}
    assert opened.run("true", tty="true").code == 0


def test_the_first_protocol_that_both_know_is_spoken(opened: Served) -> None:
    for offered, chosen in (((V4, V5), V4), (("base64.channel.k8s.io", V5), V5)):
        connection = opened.open(f"{EXEC}?{TRUE}", *offered)
        assert connection.subprotocol == chosen
        assert ended(connection).code == 0


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        (f"{PODS}/none/exec?{TRUE}", 404, 'pods "none" not found'),
        (f"{EXEC}?{TRUE}&container=x", 400, "container x is not valid for pod p"),
        (f"{EXEC}?stdout=true", 400, "at least one word of a command"),
        (f"{EXEC}?command=true", 400, "you must specify at least 1 of stdin, stdout, stderr"),
        (f"{PODS}/p/portforward?ports=80", 501, "port forwarding"),
        (f"{PODS}?watch=true", 501, "watches over a WebSocket"),
        (f"{PODS}/none", 404, 'pods "none" not found'),
    ],
)
def test_what_is_refused_is_refused_with_a_status_before_anything_runs(
    opened: Served, target: str, code: int, said: str
) -> None:
    found = opened.refused(target)
    assert found[0] == code
    assert said in found[1]


def test_no_protocol_in_common_is_refused_with_those_that_are_spoken(opened: Served) -> None:
    assert opened.refused(f"{EXEC}?{TRUE}", "base64.channel.k8s.io") == (
        400,
        f"unable to upgrade: the client offers base64.channel.k8s.io, and {V5}, {V4} are spoken here",
    )


def test_a_request_that_upgrades_nothing_and_spdy_are_told_what_to_do() -> None:
    door = Door(controllers=True)
    door.made(PODS, pod())
    door.cluster.settle()
    plain = door.post(f"{EXEC}?{TRUE}", {})
    assert (plain.code, plain.body["message"]) == (400, "Upgrade request required")
    spdy = door.ask("POST", f"{EXEC}?{TRUE}", upgrade="SPDY/3.1", connection="Upgrade")
    assert (spdy.code, "does not imitate SPDY" in spdy.body["message"]) == (501, True)
    assert door.put(EXEC, {}).code == 405
    assert [event.code for event in door.cluster.audit.find(subresource="exec")] == [400, 501, 405]


def test_a_pod_without_a_node_or_a_container_that_runs_is_refused() -> None:
    door = Door()
    door.made(PODS, pod())
    asked = {"upgrade": "websocket", "sec_websocket_protocol": V5}
    unscheduled = door.ask("GET", f"{EXEC}?{TRUE}", **asked)
    assert (unscheduled.code, unscheduled.body["message"]) == (400, "pod p does not have a host assigned")
    door.made(PODS, pod("lost", node="gone"))
    assert door.ask("GET", f"{PODS}/lost/exec?{TRUE}", **asked).body["message"] == 'nodes "gone" not found'
    door.made("/api/v1/nodes", {"metadata": {"name": "n"}})
    door.made(PODS, pod("still", node="n"))
    waiting = door.ask("GET", f"{PODS}/still/exec?{TRUE}", **asked)
    assert (waiting.code, waiting.body["message"]) == (
        500,
        'Internal error occurred: unable to upgrade connection: container not found ("c")',
    )


def test_whose_clock_waits_for_the_answer_sees_time_pass(opened: Served) -> None:
    opened.cluster.programs.run(["slow"], Scripted([Sleep(3600), Out("at last")]))
    before = opened.cluster.clock.monotonic()
    assert opened.run("slow").streams == {1: b"at last"}
    assert opened.cluster.clock.monotonic() - before == pytest.approx(3600, abs=1)


def test_a_program_that_hangs_lets_time_pass_only_while_its_client_reads(opened: Served) -> None:
    opened.cluster.programs.run(["hang"], Scripted([Sleep()]))
    clock = opened.cluster.clock
    before = clock.monotonic()
    connection = opened.open(f"{EXEC}?command=hang&stdout=true", V5)
    while clock.monotonic() < before + 30:
        connection.recv_data(control_frame=True)  # answers the pings
    hang_up(connection)
    assert clock.monotonic() - before <= 32


def test_a_connection_can_be_cut_and_its_death_kills_the_program(opened: Served) -> None:
    opened.cluster.programs.run(["cut"], Scripted([Out("half"), Cut()]))
    done = opened.run("cut")
    assert (done.streams, done.status) == ({1: b"half"}, None)


def test_what_runs_in_a_container_dies_with_it() -> None:
    with line(cluster_with_pod()) as door:
        connection = door.open(f"{EXEC}?command=sleep&command=1000&stdout=true", V5)
        door.cluster.handle(Request("DELETE", f"{PODS}/p?gracePeriodSeconds=0"))
        assert ended(connection).code == 137


def test_attach_shows_what_is_logged_from_now_on_or_what_is_scripted() -> None:
    with line(cluster_with_pod(), moves_time=True) as door:
        door.cluster.programs.log([Line("before"), Line("after", 30)], pod="p")
        door.cluster.clock.sleep(10)
        connection = door.open(f"{PODS}/p/attach?stdout=true", V5)
        assert connection.recv() == b"\x01after\n"
        door.cluster.handle(Request("DELETE", f"{PODS}/p?gracePeriodSeconds=0"))
        assert ended(connection).code == 0
        with pytest.raises(websocket.WebSocketBadStatusException):
            door.open(f"{PODS}/p/attach?stdout=true", V5)
    with line(cluster_with_pod()) as door:
        door.cluster.programs.attach(Scripted([Out("main")], drains_stdin=True))
        assert door.run(subresource="attach", stdin=b"x").streams == {1: b"main"}


def test_a_server_that_closes_ends_its_sessions() -> None:
    cluster = cluster_with_pod()
    with line(cluster) as door:
        connection = door.open(f"{EXEC}?command=sleep&command=1000&stdout=true", V5)
    assert ended(connection).status is None


@pytest.mark.parametrize(
    ("verbs", "gated", "allowed"),
    [(["get"], False, True), (["create"], False, False), (["get"], True, False), (["get", "create"], True, True)],
)
def test_a_websocket_needs_get_and_from_the_next_version_on_create(
    verbs: list[str], gated: bool, allowed: bool
) -> None:
    tokens = {"t": Identity("bob", "", ("system:authenticated",))}
    cluster = cluster_with_pod(authorization="rbac", tokens=tokens, exec_needs_create=gated)
    admin = Identity("admin", "", ("system:masters",))
    api = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    role = {"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": verbs}]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    binding = {
        "metadata": {"name": "r"},
        "roleRef": reference,
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}],
    }
    for plural, body in (("roles", role), ("rolebindings", binding)):
        data = json.dumps(body).encode()
        made = cluster.handle(Request("POST", f"{api}/{plural}", {"content-type": "application/json"}, data, admin))
        assert made.status == 201, made.body
    asked = {"authorization": "Bearer t", "upgrade": "websocket", "sec-websocket-protocol": V5}
    response = cluster.handle(Request("GET", f"{EXEC}?{TRUE}", asked))
    assert response.status == (101 if allowed else 403), response.body
    if response.session is not None:
        response.session.close()
    else:
        assert b"pods/exec" in response.body
