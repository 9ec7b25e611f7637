"""Then: the cluster, the audit trail, the history, the sources and the destinations, and nothing else."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_bdd import parsers

from kubeactions.model import MARKER_ANNOTATION, AckState
from tests.steps.moments import HISTORY
from tests.steps.objects import split
from tests.steps.patience import then
from tests.steps.trail import told

if TYPE_CHECKING:
    from kubeactions.model import Record
    from tests.steps.trail import Seen
    from tests.steps.world import World

EFFECT = r'the (?P<kind>pod|deployment) "(?P<place>[^"]+)" was (?P<done>deleted|restarted)'
TIMES = {"once": 1, "twice": 2}


def _effects(world: World, kind: str, place: str) -> list[Seen]:
    found = world.trail.deletions if kind == "pod" else world.trail.restarts
    return found(place, world.agents)


# --- the audit trail: how often, by whom, when ---


@then(parsers.re(EFFECT + r' once(?:, by "(?P<by>[^"]+)")?(?:, at (?P<at>[0-9:]+))?$'))
def _(world: World, kind: str, place: str, by: str | None, at: str | None) -> None:
    events = _effects(world, kind, place)
    assert len(events) == 1, f"expected once, the API server saw: {told(events)}"
    assert by in (None, events[0].user), f"expected {by}, the API server saw: {told(events)}"
    assert at in (None, f"{events[0].at:%H:%M:%S}"), f"expected at {at}, the API server saw: {told(events)}"
    if kind == "deployment":
        assert len(world.rollouts(place)) <= 1, f"{place} was rolled out {len(world.rollouts(place))} times"


@then(parsers.re(EFFECT + r' once, by "(?P<by>[^"]+)", between (?P<first>[0-9:]+) and (?P<last>[0-9:]+)'))
def _(world: World, kind: str, place: str, by: str, first: str, last: str) -> None:
    events = _effects(world, kind, place)
    assert len(events) == 1, f"expected once, the API server saw: {told(events)}"
    assert events[0].user == by, told(events)
    assert first <= f"{events[0].at:%H:%M:%S}" <= last, told(events)


@then(parsers.re(EFFECT + r" (?P<times>\d+) times"), converters={"times": int})
def _(world: World, kind: str, place: str, times: int) -> None:
    events = _effects(world, kind, place)
    assert len(events) == times, f"expected {times}, the API server saw: {told(events)}"
    if kind == "deployment" and world.has_controllers:
        # A template that is replaced before its controller has looked makes no replica set.
        assert 1 <= len(world.rollouts(place)) <= times


@then(parsers.re(r'the (?P<kind>pod|deployment) "(?P<place>[^"]+)" was never (?:deleted|restarted)(?: by an agent)?'))
def _(world: World, kind: str, place: str) -> None:
    events = _effects(world, kind, place)
    assert not events, f"expected never, the API server saw: {told(events)}"


@then("nothing was executed")
def _(world: World) -> None:
    events = world.trail.effects(world.agents)
    assert not events, f"expected nothing, the API server saw: {told(events)}"


@then(parsers.re(r"(?P<count>\d+) of them (?:was|were) deleted"))
def _(world: World, count: str) -> None:
    found = [place for place in world.crowd if world.trail.deletions(place, world.agents)]
    assert len(found) == int(count), f"deleted were {found}"


@then(parsers.re(r'each of them was deleted once(?:, by "(?P<by>[^"]+)")?'))
def _(world: World, by: str | None) -> None:
    for place in world.crowd:
        events = world.trail.deletions(place, world.agents)
        assert len(events) == 1, f"{place}: expected once, the API server saw: {told(events)}"
        assert by in (None, events[0].user)


@then(parsers.parse('no agent has read "{resource}"'))
def _(world: World, resource: str) -> None:
    events = world.trail.reads(resource, world.agents)
    assert not events, told(events)


@then(parsers.parse('the deletion of the pod "{place}" carries the mark of "{key}"'))
def _(world: World, place: str, key: str) -> None:
    (event,) = world.trail.deletions(place, world.agents)
    assert world.record(key).marker in event.audit_id


@then(parsers.re("the bell (?P<times>never rang|rang once|rang at most once)"))
def _(world: World, times: str) -> None:
    assert world.bell is not None
    expected = {"never rang": {0}, "rang once": {1}, "rang at most once": {0, 1}}[times]
    assert len(world.bell.rung_by) in expected, world.bell.rung_by


@then(parsers.parse('the bell was never rung by "{replica}"'))
def _(world: World, replica: str) -> None:
    assert world.bell is not None
    assert replica not in world.bell.rung_by


# --- the cluster ---


@then(parsers.parse('the pod "{place}" is gone'))
def _(world: World, place: str) -> None:
    assert world.objects.get("pod", place) is None


@then(parsers.parse('a pod "{place}" is running'))
def _(world: World, place: str) -> None:
    pod = world.objects.get("pod", place)
    assert pod is not None, f"there is no pod {place}"
    assert "deletionTimestamp" not in pod["metadata"]
    assert pod["status"]["phase"] == "Running"


@then(parsers.parse('the deployment "{place}" has {count:d} pods'))
def _(world: World, place: str, count: int) -> None:
    pods = world.objects.pods_of(place)
    assert len([pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]) == count


@then(parsers.parse('all pods of the deployment "{place}" were replaced'))
def _(world: World, place: str) -> None:
    (event,) = world.trail.restarts(place, world.agents)
    for pod in world.objects.pods_of(place):
        assert datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) >= event.at.replace(microsecond=0)


@then(parsers.parse('the pod template of "{place}" carries the mark of "{key}"'))
def _(world: World, place: str, key: str) -> None:
    deployment = world.objects.get("deployment", place)
    assert deployment is not None
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations[MARKER_ANNOTATION] == world.record(key).marker


@then(parsers.parse('there is an Event about "{place}" with the mark of "{key}"'))
def _(world: World, place: str, key: str) -> None:
    namespace, name = split(place)
    events = world.objects.events(namespace)
    marks = [
        (event["metadata"].get("annotations") or {}).get(MARKER_ANNOTATION)
        for event in events
        if event["involvedObject"]["name"] == name
    ]
    assert marks.count(world.record(key).marker) == 1


# --- the history ---


@then(parsers.re(r'the action "(?P<key>[^"]+)" is "(?P<status>\w+)"'))
def _(world: World, key: str, status: str) -> None:
    _in_state(world.record(key), status)


@then(parsers.re(r'the action "(?P<key>[^"]+)" is "(?P<status>\w+)" and says "(?P<text>.+)"'))
def _(world: World, key: str, status: str, text: str) -> None:
    record = world.record(key)
    _in_state(record, status)
    assert record.outcome is not None
    said = f"{record.outcome.reason}: {record.outcome.message}"
    assert text.casefold() in said.casefold(), said


@then(parsers.parse('there is no action "{key}"'))
def _(world: World, key: str) -> None:
    assert key not in world.records()


@then("the history exists")
def _(world: World) -> None:
    assert world.history()["data"]


@then(parsers.parse('the history does not contain "{text}"'))
def _(world: World, text: str) -> None:
    assert text not in json.dumps(world.history())


# --- the destinations ---


@then(
    parsers.re(r'the (?P<name>destination|second destination) counts "(?P<key>[^"]+)" once(?:, as "(?P<status>\w+)")?')
)
def _(world: World, name: str, key: str, status: str | None) -> None:
    _counted(world, name, key, status)


@then(parsers.parse('the destination counts each of them once, as "{status}"'))
def _(world: World, status: str) -> None:
    for index, _place in enumerate(world.crowd):
        _counted(world, "destination", f"c1:v1#{index}", status)


@then("the destination has counted nothing")
def _(world: World) -> None:
    assert not world.destination().counted


@then(
    parsers.re(r'the (?P<name>destination|second destination) received "(?P<key>[^"]+)" (?P<times>\d+) times?'),
    converters={"times": int},
)
def _(world: World, name: str, key: str, times: int) -> None:
    assert world.destination(name).times(key) == times


@then(parsers.parse('the destination counted "{keys}", in this order'))
def _(world: World, keys: str) -> None:
    assert list(world.destination().counted) == keys.split(", ")


@then(parsers.parse('the destination received "{text}" for "{key}"'))
def _(world: World, text: str, key: str) -> None:
    _, report = world.destination().counted[key]
    assert text in json.dumps(dict(report.outcome.payload))


@then(parsers.parse('the destination never received "{text}"'))
def _(world: World, text: str) -> None:
    assert all(text not in str(report) for report in world.destination().received)


@then(parsers.parse('the report of "{key}" says that "{replica}" settled it'))
def _(world: World, key: str, replica: str) -> None:
    _, report = world.destination().counted[key]
    assert report.replica == replica


@then(parsers.re(r'the JSON lines file holds "(?P<key>[^"]+)" once, as "(?P<status>\w+)"'))
def _(world: World, key: str, status: str) -> None:
    found = [line["status"] for line in world.lines_of_file() if line["key"] == key]
    assert found == [status]


# --- the sources ---


@then("the source was never told of an error")
def _(world: World) -> None:
    assert [ack for ack in world.sources.acks if ack.state is AckState.ERROR] == []


@then(parsers.re(r'the source was told of an error in "(?P<id_>[^"]*)": "(?P<text>.+)"'))
def _(world: World, id_: str, text: str) -> None:
    said = [ack.message for ack in world.sources.acks if ack.id == id_ and ack.state is AckState.ERROR]
    assert any(text in message for message in said), said or f"the source was told of no error in {id_}"


@then(parsers.parse('the source was told that "{id_}" is accepted'))
def _(world: World, id_: str) -> None:
    assert [ack for ack in world.sources.acks if ack.id == id_ and ack.state is AckState.ACKNOWLEDGED]


@then(parsers.parse('the source was never told that "{id_}" is accepted'))
def _(world: World, id_: str) -> None:
    assert not [ack for ack in world.sources.acks if ack.id == id_ and ack.state is AckState.ACKNOWLEDGED]


@then(parsers.parse('"{old}" has not touched the history since "{new}" took over'))
def _(world: World, old: str, new: str) -> None:
    writes = world.trail.notes([old, new])
    taken = next(index for index, event in enumerate(writes) if event.user == new)
    late = [event for event in writes[taken:] if event.user == old]
    assert not late, told(late)


@then(parsers.parse('somebody is answered "{text}"'))
def _(world: World, text: str) -> None:
    assert text in world.answer, world.answer


# --- the agents ---


@then(parsers.parse('"{name}" leads'))
def _(world: World, name: str) -> None:
    assert world.leaders() == [name]


@then(parsers.parse('"{one}" and "{other}" both believe to lead'))
def _(world: World, one: str, other: str) -> None:
    assert world.leaders() == [one, other]


@then(parsers.parse('nobody leads but "{name}"'))
def _(world: World, name: str) -> None:
    assert world.leaders() in ([], [name])


@then(parsers.parse('"{name}" is dead'))
def _(world: World, name: str) -> None:
    assert not world.is_alive(name), f"{name} was to die, and the moment never came"


@then(parsers.parse('the log names "{text}"'))
def _(world: World, text: str) -> None:
    assert text in world.log()


@then(parsers.parse('the log does not name "{text}"'))
def _(world: World, text: str) -> None:
    assert text not in world.log()


@then(parsers.re(r'the agents say that the history is not to be trusted: "(?P<text>.*)"'))
def _(world: World, text: str) -> None:
    said = world.distrust()
    assert said, "the agents say nothing"
    assert text in said, said
    events = world.objects.events("default")
    warnings = [e["message"] for e in events if e["type"] == "Warning" and e["involvedObject"]["name"] == HISTORY]
    assert any(text in warning for warning in warnings), warnings


def _in_state(record: Record, status: str) -> None:
    assert record.outcome is not None, f"{record.key} is still {record.phase}: {record.why}"
    assert record.outcome.status == status, f"{record.outcome.status}: {record.outcome.message}"


def _counted(world: World, name: str, key: str, status: str | None) -> None:
    counted = world.destination(name).counted
    assert key in counted, f"{name} counted {sorted(counted)}"
    assert status in (None, counted[key][1].outcome.status), counted[key][1].outcome
