"""Given: what is there before the story begins, and what is going to go wrong in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_bdd import given, parsers
from pytest_bdd import step as anywhen

from backends.faults import Answer, Delay, LoseAnswer, LoseRequest, Match
from kubeactions.policy import OPT_OUT
from tests.steps.moments import HISTORY, Side

if TYPE_CHECKING:
    from tests.steps.world import World

# --- what is in the cluster ---


@given(parsers.parse('a pod "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.pod(place)
    world.let_run("pod", place, 3)


@given(parsers.parse('{count:d} pods "{first}" to "{last}"'))
def _(world: World, count: int, first: str, last: str) -> None:
    stem = first.removesuffix("0")
    places = [f"{stem}{number}" for number in range(count)]
    assert places[-1] == last, f"{count} pods from {first} end at {places[-1]}"
    for place in places:
        world.objects.pod(place)
    world.crowd = places
    for place in places:
        world.let_run("pod", place, 3 / count)


@given(parsers.parse('a pod "{place}" that asks not to be touched'))
def _(world: World, place: str) -> None:
    world.objects.pod(place, annotations={OPT_OUT: "true"})
    world.let_run("pod", place, 3)


@given(parsers.parse('a pod "{place}" that is already terminating'))
def _(world: World, place: str) -> None:
    world.objects.pod(place, finalizers=["example.org/held"])
    world.let_run("pod", place, 3)
    world.objects.delete("pod", place, grace_period_s=300)


@given(parsers.parse('a pod "{place}" that a finalizer holds back'))
def _(world: World, place: str) -> None:
    world.objects.pod(place, finalizers=["example.org/held"])
    world.let_run("pod", place, 3)


@given(parsers.parse('a deployment "{place}" with {count:d} pods'))
def _(world: World, place: str, count: int) -> None:
    world.objects.deployment(place, count)
    world.let_run("deployment", place, 5)


@given(parsers.parse('a paused deployment "{place}"'))
def _(world: World, place: str) -> None:
    world.objects.deployment(place, 1, paused=True)
    world.let_run("deployment", place, 3)


@given(parsers.re(r'a stateful set "(?P<place>[^"]+)" with (?P<count>\d+) pods?'), converters={"count": int})
def _(world: World, place: str, count: int) -> None:
    world.objects.stateful_set(place, count)
    world.let_run("stateful set", place, 5)


@given(parsers.parse('a config map "{place}" with the value "{value}"'))
def _(world: World, place: str, value: str) -> None:
    world.objects.create("config map", place, {"data": {"colour": value}})


@given(parsers.parse('a secret "{place}" with the value "{value}"'))
def _(world: World, place: str, value: str) -> None:
    world.objects.create("secret", place, {"stringData": {"colour": value}})


@given(parsers.parse('an earlier agent\'s history says that "{id_}" version {version:d} was executed'))
def _(world: World, id_: str, version: int) -> None:
    entry = {
        "Key": {"ID": id_, "Version": version},
        "Status": "success",
        "Message": "deployment shop/cart restarted",
        "Timestamp": int(world.clock.wall().timestamp()) - 600,
    }
    world.objects.create("config map", f"default/{HISTORY}", {"data": {"executed-actions": json.dumps([entry])}})


# --- who runs, and with which settings ---


@given("the agents are set up with:")
def _(world: World, datatable: list[list[str]]) -> None:
    world.environment |= dict(datatable)


@given(parsers.parse('the leader "{name}"'))
def _(world: World, name: str) -> None:
    world.lead(name)


@given(parsers.parse('the standby "{name}"'))
def _(world: World, name: str) -> None:
    world.stand_by(name)


@given(parsers.parse('a second source "{name}"'))
def _(world: World, name: str) -> None:
    world.sources.add(name)


@given("a second destination")
def _(world: World) -> None:
    world.add_destination("second destination")


@given("the results are also written into a JSON lines file")
def _(world: World) -> None:
    world.writes_file = True


@given("the destination is down")
def _(world: World) -> None:
    world.destination().down = True


@given(parsers.parse("the destination will lose {count:d} acknowledgements"))
def _(world: World, count: int) -> None:
    world.destination().acknowledgements_to_lose = count


@given(parsers.parse('a third party\'s action "{action_type}", which leaves no trace'))
def _(world: World, action_type: str) -> None:
    world.install_bell()
    assert world.bell is not None
    assert world.bell.spec.type == action_type


@given("the bell is broken")
def _(world: World) -> None:
    assert world.bell is not None
    world.bell.broken = True


# --- what is going to go wrong ---


@given(parsers.re(r'"(?P<replica>[^"]+)" may not "(?P<verb>\w+)" "(?P<resource>[\w/]+)"'))
def _(world: World, replica: str, verb: str, resource: str) -> None:
    world.forbid(replica, verb, resource)


@given(parsers.parse('"{replica}" may not "{verb}" "{resource}" named "{name}"'))
def _(world: World, replica: str, verb: str, resource: str, name: str) -> None:
    world.forbid(replica, verb, resource, name)


@given(parsers.re(r'"(?P<replica>[^"]+)" will die just (?P<side>before|after) (?P<words>.+)'))
def _(world: World, replica: str, side: Side, words: str) -> None:
    world.kill(replica, side, words)


@given(parsers.parse('"{replica}" will die at its deletion number {number:d}'))
def _(world: World, replica: str, number: int) -> None:
    world.kill(replica, "after", "the effect", first=number)


@given(
    parsers.re(
        r'"(?P<replica>[^"]+)" will stand still for (?P<seconds>\d+) seconds just (?P<side>before|after) (?P<words>.+)'
    ),
    converters={"seconds": int},
)
def _(world: World, replica: str, seconds: int, side: Side, words: str) -> None:
    world.stand_still(replica, side, words, seconds)


@given(parsers.re(r'the answer to "(?P<replica>[^"]+)" will be lost after (?P<words>.+)'))
def _(world: World, replica: str, words: str) -> None:
    world.strike(replica, words, LoseAnswer())


@given(
    parsers.re(r'the answer to "(?P<replica>[^"]+)" will come (?P<seconds>\d+) seconds late after (?P<words>.+)'),
    converters={"seconds": int},
)
def _(world: World, replica: str, seconds: int, words: str) -> None:
    world.strike(replica, words, Delay(world.scaled(seconds)))


@given(parsers.re(r'the request of "(?P<replica>[^"]+)" will be lost before (?P<words>[^,]+)'))
def _(world: World, replica: str, words: str) -> None:
    world.strike(replica, words, LoseRequest())


@given(
    parsers.re(
        r'the request of "(?P<replica>[^"]+)" will be lost before (?P<words>.+), and its next (?P<times>\d+) looks fail'
    ),
    converters={"times": int},
)
def _(world: World, replica: str, words: str, times: int) -> None:
    looks = Match(verb="get", resource="[pd]*s", identity=replica)
    world.do_meanwhile(replica, "before", words, lambda: world.faults.add(Answer(503), looks, times=times))
    world.strike(replica, words, LoseRequest())


@given(
    parsers.re(
        r'the request of "(?P<replica>[^"]+)" will arrive (?P<seconds>\d+) seconds late at (?P<words>.+), and it dies'
    ),
    converters={"seconds": int},
)
def _(world: World, replica: str, seconds: int, words: str) -> None:
    world.hold_up(replica, words, seconds)


@given(
    parsers.re(
        r'the request of "(?P<replica>[^"]+)" will be held up at the effect until just before that of '
        r'"(?P<other>[^"]+)", and it dies'
    )
)
def _(world: World, replica: str, other: str) -> None:
    world.hold_up(replica, "the effect", 1e6)
    world.do_meanwhile(other, "before", "the effect", world.faults.deliver_held)


@given(
    parsers.re(
        r"the API server answers (?P<status>\d+) to the first (?P<times>\d+) "
        r"(?P<verb>deletion|patche)s of (?P<resource>\w+)"
    ),
    converters={"status": int, "times": int},
)
def _(world: World, status: int, times: int, verb: str, resource: str) -> None:
    match = Match(verb={"deletion": "delete", "patche": "patch"}[verb], resource=resource)
    world.faults.add(Answer(status), match, times=times)


# --- strangers ---


@given(
    parsers.re(r'somebody will (?P<deed>\w+) the (?P<kind>pod|deployment) "(?P<place>[^"]+)" just before the effect')
)
def _(world: World, deed: str, kind: str, place: str) -> None:
    world.do_meanwhile("*", "before", "the effect", lambda: world.strangers.do(deed, kind, place))


@given(parsers.parse('somebody will scale the deployment "{place}" to {count:d} just before the effect'))
def _(world: World, place: str, count: int) -> None:
    world.do_meanwhile("*", "before", "the effect", lambda: world.strangers.scale(place, count))


@given(
    parsers.re(
        r'somebody will strip (?P<what>the marks|every trace) from the deployment "(?P<place>[^"]+)"'
        r" a second after the effect"
    )
)
def _(world: World, what: str, place: str) -> None:
    def meanwhile() -> None:
        world.work(1)  # The deployment's controller has seen the new template and made its replica set.
        world.strangers.strip(place, replica_sets=what == "every trace")

    world.do_meanwhile("*", "after", "the effect", meanwhile)


@given(parsers.parse('somebody will recreate the pod "{place}" when it is deleted'))
def _(world: World, place: str) -> None:
    world.strangers.keep(place)


@anywhen("somebody keeps a backup of the history")
def _(world: World) -> None:
    world.backup = world.history()
