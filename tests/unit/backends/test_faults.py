"""What each fault takes away, at which calls, and that it adds nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from backends.calls import Call, read_call
from backends.clock import SimulatedClock
from backends.faults import (
    Answer,
    Crash,
    CutWatch,
    Delay,
    Faults,
    FaultyTransport,
    Late,
    LoseAnswer,
    LoseRequest,
    Match,
    Pause,
    ReplicaDied,
)

POD = "https://cluster/api/v1/namespaces/shop/pods/web-0"


class Server:
    """A transport that answers 200 to everything and remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def request(self, method: str, url: str, **options: Any) -> HTTPResponse:
        """Count the request and answer with two lines."""
        self.reached.append(f"{method} {url.rpartition('/')[2]}")
        return HTTPResponse(io.BytesIO(b"one\ntwo\n"), status=200, preload_content=False)

    def clear(self) -> None:
        """Forget, so that a test sees the call come through."""
        self.reached.clear()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def faults(clock: SimulatedClock) -> Faults:
    return Faults(clock)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def wire(server: Server, faults: Faults) -> FaultyTransport:
    return FaultyTransport(server, faults, "replica-1")


def test_without_rules_every_request_reaches_the_server(wire: FaultyTransport, server: Server) -> None:
    assert wire.request("GET", POD).status == 200
    assert server.reached == ["GET web-0"]


def test_a_lost_request_never_reaches_the_server(wire: FaultyTransport, server: Server, faults: Faults) -> None:
    faults.add(LoseRequest(), Match(verb="delete"))
    with pytest.raises(ProtocolError):
        wire.request("DELETE", POD)
    assert server.reached == []


def test_a_lost_answer_leaves_the_request_applied(wire: FaultyTransport, server: Server, faults: Faults) -> None:
    faults.add(LoseAnswer(), Match(verb="delete"))
    with pytest.raises(ProtocolError):
        wire.request("DELETE", POD)
    assert server.reached == ["DELETE web-0"]


def test_a_late_request_arrives_after_its_sender_gave_up(
    wire: FaultyTransport, server: Server, faults: Faults, clock: SimulatedClock
) -> None:
    faults.add(Late(30), Match(verb="delete"), times=1)
    with pytest.raises(ReadTimeoutError):
        wire.request("DELETE", POD, timeout=Timeout(total=5))
    assert clock.monotonic() == 1005
    wire.request("GET", POD)
    assert server.reached == ["GET web-0"]
    clock.advance(25)
    wire.request("GET", POD)
    assert server.reached == ["GET web-0", "DELETE web-0", "GET web-0"]


def test_late_requests_arrive_in_the_order_of_their_due_times(
    wire: FaultyTransport, server: Server, faults: Faults, clock: SimulatedClock
) -> None:
    for seconds in (20, 10):
        faults.add(Late(seconds), Match(), times=1)
        with pytest.raises(ReadTimeoutError):
            wire.request("DELETE", f"{POD}-{seconds}")
    clock.advance(30)
    assert faults.deliver_due() == 2
    assert server.reached == ["DELETE web-0-10", "DELETE web-0-20"]


def test_a_request_that_the_network_holds_can_be_let_go_at_any_time(
    wire: FaultyTransport, server: Server, faults: Faults
) -> None:
    faults.add(Late(1000), times=1)
    with pytest.raises(ReadTimeoutError):
        wire.request("DELETE", POD)
    assert (faults.deliver_due(), server.reached) == (0, [])
    assert (faults.deliver_held(), server.reached) == (1, ["DELETE web-0"])


def test_a_caller_can_die_over_a_request_that_arrives_late(
    wire: FaultyTransport, server: Server, faults: Faults
) -> None:
    faults.add(Crash("after"))
    faults.add(Late(1000))
    with pytest.raises(ReplicaDied):
        wire.request("DELETE", POD)
    assert (faults.deliver_held(), server.reached) == (1, ["DELETE web-0"])


def test_a_delay_within_the_patience_of_the_client_only_takes_time(
    wire: FaultyTransport, faults: Faults, clock: SimulatedClock
) -> None:
    faults.add(Delay(3))
    assert wire.request("GET", POD, timeout=Timeout(total=5)).status == 200
    assert clock.monotonic() == 1003


def test_a_delay_beyond_the_patience_of_the_client_loses_the_answer(
    wire: FaultyTransport, server: Server, faults: Faults, clock: SimulatedClock
) -> None:
    faults.add(Delay(30))
    with pytest.raises(ReadTimeoutError):
        wire.request("DELETE", POD, timeout=5)
    assert clock.monotonic() == 1005
    assert server.reached == ["DELETE web-0"]


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "Forbidden"), (409, "Conflict"), (500, "InternalError"), (503, "ServiceUnavailable")]
)
def test_a_refusal_is_a_status_object_and_the_server_never_sees_the_request(
    wire: FaultyTransport, server: Server, faults: Faults, status: int, reason: str
) -> None:
    faults.add(Answer(status, "not today"), Match(resource="pods"))
    answer = wire.request("DELETE", POD)
    body = json.loads(answer.data)
    assert (answer.status, body["reason"], body["code"], body["message"]) == (status, reason, status, "not today")
    assert server.reached == []


def test_too_many_requests_says_when_to_come_back(wire: FaultyTransport, faults: Faults) -> None:
    faults.add(Answer(429, retry_after_s=7))
    assert wire.request("GET", POD).headers["Retry-After"] == "7"


def test_a_fault_cannot_invent_success() -> None:
    with pytest.raises(ValueError, match="never invents success"):
        Answer(200)


def test_a_cut_watch_breaks_after_its_events_and_other_calls_pass(wire: FaultyTransport, faults: Faults) -> None:
    faults.add(CutWatch(1))
    assert wire.request("GET", POD).data == b"one\ntwo\n"
    watch = wire.request("GET", "https://cluster/api/v1/namespaces/shop/pods?watch=true")
    pieces = watch.stream(4)
    assert next(pieces) == b"one\n"
    with pytest.raises(ProtocolError, match="cut"):
        next(pieces)


def test_a_watch_that_ends_before_the_cut_ends_quietly(wire: FaultyTransport, faults: Faults) -> None:
    faults.add(CutWatch(5))
    watch = wire.request("GET", "https://cluster/api/v1/pods?watch=1")
    assert list(watch.stream(4)) == [b"one\n", b"two\n"]


@pytest.mark.parametrize(("when", "reached"), [("before", []), ("after", ["DELETE web-0"])])
def test_while_one_caller_is_paused_the_world_goes_on(
    wire: FaultyTransport, server: Server, faults: Faults, when: Any, reached: list[str]
) -> None:
    seen: list[list[str]] = []
    faults.add(Pause(lambda: seen.append(list(server.reached)), when), times=1)
    wire.request("DELETE", POD)
    assert seen == [reached]
    assert server.reached == ["DELETE web-0"]


def test_rules_change_and_requests_are_sent_from_inside_a_pause(
    wire: FaultyTransport, server: Server, faults: Faults
) -> None:
    other = FaultyTransport(server, faults, "replica-2")

    def meanwhile() -> None:
        faults.partition("replica-1")
        other.request("GET", POD)

    faults.add(Pause(meanwhile), Match(identity="replica-1"), times=1)
    wire.request("DELETE", POD)
    with pytest.raises(ProtocolError):
        wire.request("GET", POD)
    assert server.reached == ["GET web-0", "DELETE web-0"]


@pytest.mark.parametrize(("when", "reached"), [("before", []), ("after", ["DELETE web-0"])])
def test_a_crash_kills_the_caller_on_its_side_of_the_call(
    wire: FaultyTransport, server: Server, faults: Faults, when: Any, reached: list[str]
) -> None:
    faults.add(Crash(when))
    with pytest.raises(ReplicaDied):
        wire.request("DELETE", POD)
    assert server.reached == reached


def test_the_dead_send_nothing(wire: FaultyTransport, server: Server, faults: Faults) -> None:
    faults.add(Crash())
    with pytest.raises(ReplicaDied):
        wire.request("GET", POD)
    faults.clear()
    with pytest.raises(ReplicaDied, match="is dead"):
        wire.request("DELETE", POD)
    assert server.reached == []


def test_death_is_no_exception_that_a_handler_could_take() -> None:
    assert not issubclass(ReplicaDied, Exception)


def test_a_partition_cuts_off_one_identity_until_it_is_healed(server: Server, faults: Faults) -> None:
    one, two = FaultyTransport(server, faults, "replica-1"), FaultyTransport(server, faults, "replica-2")
    cut = faults.partition("replica-1")
    with pytest.raises(ProtocolError):
        one.request("GET", POD)
    assert two.request("GET", POD).status == 200
    faults.remove(cut)
    assert one.request("GET", POD).status == 200


def test_a_rule_strikes_from_its_first_call_and_so_many_times(wire: FaultyTransport, faults: Faults) -> None:
    rule = faults.add(Answer(503), Match(verb="get"), first=2, times=2)
    assert [wire.request("GET", POD).status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (rule.seen, rule.struck) == (5, 2)


def test_chance_is_decided_by_the_seed(server: Server, clock: SimulatedClock) -> None:
    def run(seed: int) -> list[int]:
        faults = Faults(clock, seed=seed)
        faults.add(Answer(500), chance=0.5)
        wire = FaultyTransport(server, faults)
        return [wire.request("GET", POD).status for _ in range(40)]

    assert run(1) == run(1) != run(2)
    assert 5 < run(1).count(500) < 35


def test_the_oldest_rule_lies_outermost(wire: FaultyTransport, server: Server, faults: Faults) -> None:
    faults.add(LoseAnswer())
    faults.add(Answer(503))
    with pytest.raises(ProtocolError):
        wire.request("DELETE", POD)
    assert server.reached == []


def test_the_watcher_sees_every_call_before_a_fault_strikes(server: Server, clock: SimulatedClock) -> None:
    seen: list[Call] = []
    faults = Faults(clock, watcher=seen.append)
    faults.add(LoseRequest())
    with pytest.raises(ProtocolError):
        FaultyTransport(server, faults, "replica-1").request("DELETE", POD)
    assert [str(call) for call in seen] == ["delete pods shop/web-0"]


def test_clear_reaches_the_inner_transport(wire: FaultyTransport, server: Server) -> None:
    wire.request("GET", POD)
    wire.clear()
    assert server.reached == []


@pytest.mark.parametrize(
    ("method", "path", "verb", "group", "resource", "namespace", "name"),
    [
        ("GET", "/api/v1/namespaces/shop/pods/web-0", "get", "", "pods", "shop", "web-0"),
        ("GET", "/api/v1/namespaces/shop/pods?limit=5", "list", "", "pods", "shop", ""),
        ("GET", "/api/v1/pods?watch=true&resourceVersion=7", "watch", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch=0", "list", "", "pods", "", ""),
        ("POST", "/api/v1/namespaces/shop/pods/web-0/eviction", "create", "", "pods/eviction", "shop", "web-0"),
        ("PATCH", "/apis/apps/v1/namespaces/d/deployments/web/scale", "patch", "apps", "deployments/scale", "d", "web"),
        ("PUT", "/apis/policy/v1/namespaces/d/evictions/l", "update", "policy", "evictions", "d", "l"),
        ("DELETE", "/apis/apps/v1/namespaces/shop/deployments", "deletecollection", "apps", "deployments", "shop", ""),
        ("DELETE", "/api/v1/namespaces/shop", "delete", "", "namespaces", "", "shop"),
        ("PUT", "/api/v1/namespaces/shop/finalize", "update", "", "namespaces/finalize", "", "shop"),
        ("GET", "/api/v1/nodes/n%2F1", "get", "", "nodes", "", "n/1"),
        ("DELETE", "/k8s/clusters/c-1/api/v1/namespaces/d/pods/api", "delete", "", "pods", "d", "api"),
        ("GET", "/version", "list", "", "", "", ""),
        ("GET", "/apis/apps/v1", "list", "", "", "", ""),
    ],
)  # fmt: skip
def test_a_request_is_read_as_the_api_server_reads_it(
    method: str, path: str, verb: str, group: str, resource: str, namespace: str, name: str
) -> None:
    call = read_call(method, f"https://cluster:6443{path}")
    assert (call.verb, call.group, call.resource, call.namespace, call.name) == (verb, group, resource, namespace, name)
    assert call.target == path


@pytest.mark.parametrize(
    ("body", "name"),
    [('{"metadata": {"name": "state"}}', "state"), (b'{"metadata": {}}', ""), ("[]", ""), ("no json", ""), (None, "")],
)
def test_the_name_of_a_create_is_in_its_body(body: object, name: str) -> None:
    assert read_call("POST", "/api/v1/namespaces/d/configmaps", body=body).name == name


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(Timeout(total=5), 5.0), (Timeout(connect=1, read=3), 3.0), (2, 2.0), (None, None)]
)
def test_the_patience_of_the_client_is_read_from_its_timeout(timeout: object, seconds: float | None) -> None:
    assert read_call("GET", POD, timeout=timeout).timeout_s == seconds
