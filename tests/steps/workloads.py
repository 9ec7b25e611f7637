"""Given and Then about workloads, nodes and jobs: what there is, what became of it, and how often it was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then
from pytest_bdd import step as anywhen

from backends.faults import Late
from kubeactions.kube import path_of
from tests.steps.objects import KINDS, split
from tests.steps.trail import told

if TYPE_CHECKING:
    from tests.steps.trail import Seen
    from tests.steps.world import World

KIND = r"(?P<kind>deployment|stateful set|daemon set|replica set|cron job|node)"
STATES = {
    "is paused": ("paused", True),
    "is not paused": ("paused", False),
    "is suspended": ("suspend", True),
    "is not suspended": ("suspend", False),
    "takes no new pods": ("unschedulable", True),
    "takes new pods": ("unschedulable", False),
}
"""What a target can be said to be: a field of its spec."""


# --- what is in the cluster ---


@given(parsers.re(r'a replica set "(?P<place>[^"]+)" with (?P<count>\d+) pods?'), converters={"count": int})
def _(world: World, place: str, count: int) -> None:
    world.objects.replica_set(place, count)
    world.work(3)


@given(parsers.parse('a daemon set "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.daemon_set(place)
    world.work(5)


@given(parsers.re(r'a (?P<kind>stateful set|daemon set) "(?P<place>[^"]+)" whose pods are replaced only by hand'))
def _(world: World, kind: str, place: str) -> None:
    strategy = {"updateStrategy": {"type": "OnDelete"}}
    if kind == "daemon set":
        world.objects.daemon_set(place, **strategy)
    else:
        world.objects.stateful_set(place, 1, **strategy)
    world.work(5)


@given(parsers.parse('a cron job "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.cron_job(place)


@given(parsers.parse('a suspended cron job "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.cron_job(place, suspend=True)


@given(parsers.parse('a job "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.job(place)
    world.work(3)


@given(parsers.parse('an autoscaler of the deployment "{place}"'))
def _(world: World, place: str) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": split(place)[1]}
    world.objects.create("autoscaler", place, {"spec": {"scaleTargetRef": target, "maxReplicas": 9}})


@given(parsers.parse('a disruption budget that keeps all {count:d} pods of "{place}"'))
def _(world: World, count: int, place: str) -> None:
    selector = {"matchLabels": {"app": split(place)[1]}}
    world.objects.create("disruption budget", place, {"spec": {"minAvailable": count, "selector": selector}})
    world.work(3)


@given(parsers.re(r'the request of "(?P<replica>[^"]+)" will arrive (?P<seconds>\d+) seconds late at the eviction'))
def _(world: World, replica: str, seconds: str) -> None:
    world.strike(replica, "the eviction", Late(world.scaled(float(seconds))))


@given(parsers.parse('a second disruption budget over the pods of "{place}"'))
def _(world: World, place: str) -> None:
    selector = {"matchLabels": {"app": split(place)[1]}}
    world.objects.create("disruption budget", f"{place}-too", {"spec": {"minAvailable": 0, "selector": selector}})
    world.work(3)


@given(parsers.parse('the daemon set "{place}" is deleted, and its pods stay'))
def _(world: World, place: str) -> None:
    world.objects.kube.delete(world.objects.path("daemon set", place), propagation="Orphan")
    world.work(3)


@given(parsers.parse('the pods of "{place}" can never become ready'))
def _(world: World, place: str) -> None:
    template = {"spec": {"template": {"spec": {"nodeSelector": {"example.org/nowhere": "yes"}}}}}
    world.objects.merge("deployment", place, template)
    world.work(3)


@given(parsers.re(rf'somebody has changed the template of the {KIND} "(?P<place>[^"]+)"'))
def _(world: World, kind: str, place: str) -> None:
    template = {"metadata": {"annotations": {"example.org/edited": "yes"}}}
    world.objects.merge(kind, place, {"spec": {"template": template}})
    world.work(5)


@given(parsers.parse('somebody has cordoned the node "{name}"'))
def _(world: World, name: str) -> None:
    world.objects.merge("node", name, {"spec": {"unschedulable": True}})


@anywhen(parsers.parse('the disruption budget of "{place}" is taken away'))
def _(world: World, place: str) -> None:
    world.objects.delete("disruption budget", place)


# --- what became of it ---


@then(parsers.re(rf'the {KIND} "(?P<place>[^"]+)" was changed once, by "(?P<by>[^"]+)"'))
def _(world: World, kind: str, place: str, by: str) -> None:
    events = _changes(world, kind, place)
    assert [event.user for event in events] == [by], told(events)


@then(parsers.re(rf'the {KIND} "(?P<place>[^"]+)" was never changed'))
def _(world: World, kind: str, place: str) -> None:
    events = _changes(world, kind, place)
    assert not events, told(events)


@then(parsers.re(rf'the {KIND} "(?P<place>[^"]+)" wants (?P<count>\d+) pods?'), converters={"count": int})
def _(world: World, kind: str, place: str, count: int) -> None:
    found = world.objects.get(kind, place)
    assert found is not None
    assert found["spec"]["replicas"] == count


@then(parsers.re(rf'the {KIND} "(?P<place>[^"]+)" (?P<state>{"|".join(STATES)})'))
def _(world: World, kind: str, place: str, state: str) -> None:
    name, value = STATES[state]
    found = world.objects.get(kind, place)
    assert found is not None
    assert found["spec"].get(name, False) is value


@then(parsers.re(rf'the template of the {KIND} "(?P<place>[^"]+)" is as it was before'))
def _(world: World, kind: str, place: str) -> None:
    found = world.objects.get(kind, place)
    assert found is not None
    assert "example.org/edited" not in (found["spec"]["template"]["metadata"].get("annotations") or {})


@then(parsers.re(rf'the pods of the {KIND} "(?P<place>[^"]+)" carry the label "(?P<label>[^"]+)"'))
def _(world: World, kind: str, place: str, label: str) -> None:
    found = world.objects.get(kind, place)
    assert found is not None
    name, _, value = label.partition("=")
    assert found["spec"]["template"]["metadata"]["labels"].get(name) == value


@then(parsers.parse('the job "{place}" is gone'))
def _(world: World, place: str) -> None:
    assert world.objects.get("job", place) is None


@then(parsers.parse('{count:d} job was started from the cron job "{place}", with the mark of "{key}"'))
def _(world: World, count: int, place: str, key: str) -> None:
    namespace, name = split(place)
    path = path_of("batch/v1", "jobs", namespace=world.places.namespace(namespace))
    jobs = [one["metadata"]["name"] for one in world.objects.kube.list(path)["items"]]
    assert jobs == [f"{name}-{world.record(key).marker}"] * count


@then(parsers.parse('no pod of "{place}" is on the node "{name}"'))
def _(world: World, place: str, name: str) -> None:
    assert [pod for pod in world.objects.pods_of(place) if pod["spec"].get("nodeName") == name] == []


@then(parsers.parse("{count:d} pods were evicted, each once"))
def _(world: World, count: int) -> None:
    events = [event for event in world.trail.effects(world.agents) if event.subresource == "eviction"]
    assert len({event.name for event in events}) == len(events) == count, told(events)


def _changes(world: World, kind: str, place: str) -> list[Seen]:
    namespace, name = split(world.places.real(place))
    plural = KINDS[kind][1]
    found = world.trail.effects(world.agents)
    return [one for one in found if (one.resource, one.namespace, one.name) == (plural, namespace, name)]
