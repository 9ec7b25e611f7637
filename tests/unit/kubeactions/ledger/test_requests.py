"""The requests to the leader: what is read, what is refused, and people who ask at the same time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.faults import Answer, Faults, LoseAnswer, Match, Pause, install
from kubeactions.errors import Conflict, KubeError, TooLarge, UserError
from kubeactions.kube import Kube
from kubeactions.ledger import REQUESTS_NAME, Asked, Cancellation, Requests
from kubeactions.ledger.requests import MAX_BYTES, MAX_REQUESTS, MAX_TEXT, MAX_TRIES, parse_requests
from kubeactions.model import ActionKey, JsonObject

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
AT = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)


def cancellation(config_id: str = "c1", by: str = "ops@laptop", reason: str = "") -> Cancellation:
    key = ActionKey(config_id, 1)
    return Cancellation(key.marker, str(key), by, AT, reason)


class Desk:
    """An API server, and people with requests."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.faults = Faults(self.clock)
        self.kube = Kube(self.backend.client("tester"), self.clock)

    def person(self, name: str) -> Requests:
        client = self.backend.client(name)
        install(client, self.faults, name)
        return Requests(Kube(client, self.clock), "default")

    def put(self, data: JsonObject) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": REQUESTS_NAME}, "data": data}
        self.kube.create(CONFIGMAPS, body)

    def keys(self) -> set[str]:
        return set(self.kube.get(f"{CONFIGMAPS}/{REQUESTS_NAME}").get("data") or {})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_asked_is_read_again(desk: Desk) -> None:
    one, two = cancellation("c1", reason="wrong cluster"), cancellation("c2")
    assert desk.person("ops").ask([one, two]) == [one, two]
    assert desk.person("leader").read() == Asked({one.marker: one, two.marker: two})


def test_nothing_is_asked_where_the_object_is_missing(desk: Desk) -> None:
    assert desk.person("leader").read() == Asked()
    desk.person("leader").remove(["a" * 16])


def test_whoever_asked_first_stays_on_record(desk: Desk) -> None:
    first = cancellation(by="ops@laptop")
    desk.person("ops").ask([first])
    assert desk.person("dev").ask([cancellation(by="dev@laptop")]) == []
    assert desk.person("leader").read().cancellations == {first.marker: first}


def test_two_people_who_ask_for_the_same_at_the_same_time_the_first_stays_on_record(desk: Desk) -> None:
    desk.person("ops").ask([cancellation("other")])
    first = cancellation(by="dev@laptop")
    write = Match(verb="patch", resource="configmaps", identity="ops")
    desk.faults.add(Pause(partial(desk.person("dev").ask, [first])), write, times=1)
    assert desk.person("ops").ask([cancellation(by="ops@laptop")]) == []
    assert desk.person("leader").read().cancellations[first.marker] == first


def test_two_people_who_write_at_the_same_time_lose_nothing(desk: Desk) -> None:
    for verb, name, other in (("create", "c1", "c2"), ("patch", "c3", "c4")):
        meanwhile = Pause(partial(desk.person("dev").ask, [cancellation(other)]))
        rule = desk.faults.add(meanwhile, Match(verb=verb, resource="configmaps", identity="ops"), times=1)
        desk.person("ops").ask([cancellation(name)])
        desk.faults.remove(rule)
    assert desk.keys() == {cancellation(name).marker for name in ("c1", "c2", "c3", "c4")}


def test_an_object_that_is_deleted_meanwhile_is_made_again(desk: Desk) -> None:
    desk.person("ops").ask([cancellation("c1")])
    delete = partial(desk.kube.delete, f"{CONFIGMAPS}/{REQUESTS_NAME}")
    desk.faults.add(Pause(delete), Match(verb="patch", resource="configmaps", identity="ops"), times=1)
    desk.person("ops").ask([cancellation("c2")])
    assert desk.keys() == {cancellation("c2").marker}


def test_whoever_is_never_let_through_is_told_so(desk: Desk) -> None:
    rule = desk.faults.add(Answer(409), Match(verb="create", resource="configmaps"), times=MAX_TRIES)
    with pytest.raises(Conflict):
        desk.person("ops").ask([cancellation()])
    desk.faults.remove(rule)
    assert desk.person("leader").read() == Asked()


def test_an_answer_that_is_lost_is_an_error_and_asking_again_does_no_harm(desk: Desk) -> None:
    desk.faults.add(LoseAnswer(), Match(verb="create", resource="configmaps"), times=1)
    with pytest.raises(KubeError):
        desk.person("ops").ask([cancellation()])
    assert desk.person("ops").ask([cancellation()]) == []
    assert desk.keys() == {cancellation().marker}


def test_removing_leaves_what_others_asked(desk: Desk) -> None:
    desk.person("ops").ask([cancellation("c1"), cancellation("c2")])
    desk.person("leader").remove([cancellation("c1").marker])
    assert desk.keys() == {cancellation("c2").marker}


def test_too_many_requests_are_refused_whole(desk: Desk) -> None:
    desk.person("ops").ask([cancellation(f"c{number}") for number in range(MAX_REQUESTS - 1)])
    with pytest.raises(UserError, match=f"{MAX_REQUESTS - 1} requests wait"):
        desk.person("ops").ask([cancellation("x"), cancellation("y")])
    assert len(desk.keys()) == MAX_REQUESTS - 1


def test_as_many_as_may_wait_are_no_more_than_the_leader_reads(desk: Desk) -> None:
    long = "\N{SNOWMAN}" * 10_000
    desk.person("ops").ask([cancellation(f"c{number}", long, long) for number in range(MAX_REQUESTS)])
    found = desk.person("leader").read().cancellations
    assert len(found) == MAX_REQUESTS
    assert {(len(one.requested_by), len(one.reason)) for one in found.values()} == {(MAX_TEXT, MAX_TEXT)}


def test_an_object_that_is_too_long_is_not_read(desk: Desk) -> None:
    desk.put({"nonsense": "x" * MAX_BYTES})
    with pytest.raises(TooLarge):
        desk.person("leader").read()


GOOD = {"request": "cancel", "key": "c1:v1", "requested_by": "ops", "at": "2026-08-20T10:15:00Z"}
MALFORMED = {
    "not JSON": "half {",
    "a list": "[]",
    "null": "null",
    "no request": json.dumps({**GOOD, "request": None}),
    "another request": json.dumps({**GOOD, "request": "approve"}),
    "no time": json.dumps({key: value for key, value in GOOD.items() if key != "at"}),
    "no zone": json.dumps({**GOOD, "at": "2026-08-20T10:15:00"}),
    "no text": json.dumps({**GOOD, "requested_by": ["ops"]}),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_named_and_harms_no_other(text: str) -> None:
    good, bad = cancellation("c1").marker, cancellation("c2").marker
    found = parse_requests({"data": {good: json.dumps(GOOD), bad: text}})
    assert list(found.cancellations) == [good]
    assert list(found.malformed) == [bad]


@pytest.mark.parametrize("name", ["c1", "meta", "A" * 16, "a" * 17])
def test_a_name_that_is_no_marker_is_malformed(name: str) -> None:
    assert list(parse_requests({"data": {name: json.dumps(GOOD)}}).malformed) == [name]
