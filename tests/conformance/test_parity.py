"""Every recorded case, replayed: what differs from the real server is known, listed and explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.transport import HOST
from tests.conformance.case import TOKENS, Case, load_cases
from tests.conformance.discovery import document_differences, load_documents
from tests.conformance.known import UNREVIEWED, Known, steps_of
from tests.conformance.replay import Result, replay, unexpected
from tests.conformance.served import Served
from tests.conformance.wire import Answer, HttpWire, InProcessWire, request_headers

Count = Callable[[str, Result], None]

SLOW_TAGS = frozenset({"controllers", "gc"})
"""Cases that wait for controllers take their real time over HTTP."""
QUICK_WATCH = "watch/basic"
"""The one case with watches among the quick ones over HTTP."""


def by_id(case: Case) -> str:
    return case.id


def is_quick_over_http(case: Case) -> bool:
    """Does a case spend no real time waiting? Watches settle, sleeps sleep, unmet conditions wait."""
    waits = any({"sleep", "watch", "until"} & step.keys() or "watch=" in step.get("do", "") for step in case.steps)
    return case.id == QUICK_WATCH or not (waits or case.tags & SLOW_TAGS)


QUICK = [case for case in load_cases() if is_quick_over_http(case)]
SLOW = [case for case in load_cases() if not is_quick_over_http(case)]


@pytest.mark.parametrize("case", load_cases(), ids=by_id)
def test_in_process_every_step_answers_as_recorded_or_is_a_known_difference(
    case: Case, known: Known, count_steps: Count
) -> None:
    result = replay(InProcessWire.fresh(), case, hurry=steps_of(known, case.id))
    count_steps("in process", result)
    assert unexpected(result, known) == []


@pytest.mark.http
@pytest.mark.parametrize("case", QUICK, ids=by_id)
def test_over_http_the_answers_are_the_same(
    case: Case, known: Known, recorded_like: Served, count_steps: Count
) -> None:
    result = replay(HttpWire(recorded_like.url), case, hurry=steps_of(known, case.id))
    count_steps("over HTTP", result)
    assert unexpected(result, known) == []


@pytest.mark.http
@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=by_id)
def test_over_http_what_waits_answers_the_same(
    case: Case, known: Known, recorded_like: Served, count_steps: Count
) -> None:
    result = replay(HttpWire(recorded_like.url), case, hurry=steps_of(known, case.id))
    count_steps("over HTTP", result)
    assert unexpected(result, known) == []


def test_nearly_all_steps_match(known: Known) -> None:
    every = sum(len(case.steps) for case in load_cases())
    differing = sum(len(steps_of(known, case.id)) for case in load_cases())
    assert 1 - differing / every >= 0.96


@pytest.mark.slow
def test_nearly_all_steps_match_at_the_strict_level_too() -> None:
    results = [replay(InProcessWire.fresh(), case) for case in load_cases()]
    assert sum(each.strictly_matching for each in results) / sum(each.steps for each in results) >= 0.95


def test_every_known_difference_has_a_topic_and_a_reason(known: Known) -> None:
    unreviewed = [
        case for case, entries in known.items() for entry in entries if UNREVIEWED in (entry.topic, entry.reason)
    ]
    assert unreviewed == []


def test_known_differences_name_cases_that_exist(known: Known) -> None:
    assert set(known) <= {case.id for case in load_cases()}


def test_every_case_has_its_recording_and_a_reason_to_be() -> None:
    assert [case.id for case in load_cases() if not case.why] == []


def test_every_discovery_document_is_served_as_recorded() -> None:
    assert len(load_documents()) == 47
    assert document_differences(InProcessWire.fresh()) == {}


@pytest.mark.http
def test_every_discovery_document_is_served_over_http_as_recorded(recorded_like: Served) -> None:
    assert document_differences(HttpWire(recorded_like.url)) == {}


class ClientWire(InProcessWire):
    """Sends through the official client, as it is: its REST object on top, our transport where its pool was."""

    def __init__(self, cluster: Cluster, clock: SimulatedClock) -> None:
        super().__init__(cluster, clock)
        self._client = FakeBackend(cluster=cluster).client("admin")
        self._client.rest_client.pool_manager = self._transport

    def send(
        self, method: str, target: str, user: str = "admin", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        sent = request_headers(user, headers, TOKENS)
        content = json.loads(body) if body else None
        answer = self._client.rest_client.request(method, HOST + target, headers=sent, body=content)
        data: bytes = answer.read()
        return Answer(answer.status, {**answer.getheaders(), "Date": self._date()}, data)


@pytest.mark.parametrize("id_", ["crud/configmap", "crud/lease", "patch/json-patch-test-metadata"])
def test_the_official_client_gets_the_recorded_answers(id_: str, known: Known) -> None:
    case = next(case for case in load_cases() if case.id == id_)
    assert unexpected(replay(ClientWire.fresh(), case), known) == []
