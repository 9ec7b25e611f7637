"""When: what is ordered, what happens to the agents, and time that passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_bdd import parsers, when
from pytest_bdd import step as anywhen

from backends.faults import Answer, LoseRequest, Match
from tests.steps import payloads
from tests.steps.moments import HISTORY, LEASE_NAME

if TYPE_CHECKING:
    from kubeactions.model import JsonObject
    from tests.steps.world import World

WORDS = "|".join(payloads.ORDERS)
CONFIG = r'the config "(?P<id_>[^"]+)" version (?P<version>\d+)'


# --- orders ---


def _orders(rest: str) -> parsers.re:
    """A step that begins with a config and an order."""
    return parsers.re(CONFIG + rf' orders to (?P<words>{WORDS}) "(?P<place>[^"]+)"' + rest)


@anywhen(_orders("$"))
def _(world: World, id_: str, version: str, words: str, place: str) -> None:
    _deliver(world, id_, version, payloads.order(words, place, world.clock.wall()))


@when(_orders(", with:$"))
def _(world: World, id_: str, version: str, words: str, place: str, datatable: list[list[str]]) -> None:
    one = payloads.order(words, place, world.clock.wall())
    _deliver(world, id_, version, payloads.with_fields(one, datatable))


@when(_orders(r", stamped (?P<stamp>.+)"))
def _(world: World, id_: str, version: str, words: str, place: str, stamp: str) -> None:
    _deliver(world, id_, version, payloads.order(words, place, payloads.stamped(stamp, world.clock.wall())))


@when(_orders(r", but (?P<change>.+)"))
def _(world: World, id_: str, version: str, words: str, place: str, change: str) -> None:
    one = payloads.order(words, place, world.clock.wall())
    _deliver(world, id_, version, payloads.changed_by(one, change))


@when(_orders(r" by its UID(?P<replaced>, after it was replaced)?"))
def _(world: World, id_: str, version: str, words: str, place: str, replaced: str | None) -> None:
    kind = words.partition(" the ")[2]
    found = world.objects.get(kind, place)
    assert found is not None, f"there is no {kind} {place}"
    one = payloads.order(words, place, world.clock.wall())
    one["resource"]["resource_id"] = found["metadata"]["uid"]
    if replaced:
        world.strangers.replace(kind, place)
        world.work(3)
    _deliver(world, id_, version, one)


@when(parsers.re(CONFIG + rf' orders to (?P<words>{WORDS})s "(?P<places>[^"]+)"'))
def _(world: World, id_: str, version: str, words: str, places: str) -> None:
    stamp = world.clock.wall()
    _deliver(world, id_, version, *(payloads.order(words, place, stamp) for place in places.split(", ")))


@when(parsers.re(CONFIG + " orders to delete all of them"))
def _(world: World, id_: str, version: str) -> None:
    stamp = world.clock.wall()
    _deliver(world, id_, version, *(payloads.order("delete the pod", place, stamp) for place in world.crowd))


@when(parsers.parse('{count:d} configs "{first}" to "{last}" order to delete them, one each'))
def _(world: World, count: int, first: str, last: str) -> None:
    stem = first.rstrip("0")
    assert [f"{stem}00", f"{stem}{count - 1:02}"] == [first, last]
    for index, place in enumerate(world.crowd):
        _deliver(world, f"{stem}{index:02}", "1", payloads.order("delete the pod", place, world.clock.wall()))


@when(parsers.re(CONFIG + r' orders to read the "(?P<kind>[^"]+)" "(?P<place>[^"]+)"'))
def _(world: World, id_: str, version: str, kind: str, place: str) -> None:
    _deliver(world, id_, version, payloads.action("get_resource", "v1", kind, place, world.clock.wall()))


@when(parsers.re(CONFIG + " orders to ring the bell"))
def _(world: World, id_: str, version: str) -> None:
    one = payloads.action("ring_bell", "v1", "Namespace", "/shop", world.clock.wall())
    _deliver(world, id_, version, one)


@when(parsers.re(CONFIG + r' from "(?P<source>[^"]+)" orders to (?P<words>' + WORDS + r') "(?P<place>[^"]+)"'))
def _(world: World, id_: str, version: str, source: str, words: str, place: str) -> None:
    content = payloads.payload(payloads.order(words, place, world.clock.wall()))
    world.deliver(f"{id_}@{version}.json", content, source)


@when(parsers.re(CONFIG + " says:"))
def _(world: World, id_: str, version: str, docstring: str) -> None:
    world.deliver_text(f"{id_}@{version}.json", docstring.encode())


@when(parsers.re(CONFIG + ' says "(?P<text>.*)"'))
def _(world: World, id_: str, version: str, text: str) -> None:
    world.deliver(f"{id_}@{version}.json", text.encode())


@when(parsers.re(CONFIG + ' says the bytes "(?P<digits>.*)"'))
def _(world: World, id_: str, version: str, digits: str) -> None:
    world.deliver(f"{id_}@{version}.json", bytes.fromhex(digits))


@when(parsers.re(CONFIG + " is withdrawn"))
def _(world: World, id_: str, version: str) -> None:
    world.sources.withdraw(f"{id_}@{version}.json")


@when(parsers.re(CONFIG + " comes back"))
def _(world: World, id_: str, version: str) -> None:
    world.sources.bring_back(f"{id_}@{version}.json")


@when(parsers.parse('the same config comes from "{source}"'))
def _(world: World, source: str) -> None:
    world.sources.copy("c1@1.json", source)


@when(parsers.parse('the file "{file}" orders to delete the pod "{place}"'))
def _(world: World, file: str, place: str) -> None:
    world.deliver(file, payloads.payload(payloads.order("delete the pod", place, world.clock.wall())))


@when(parsers.parse('the file "{file}" contains:'))
def _(world: World, file: str, docstring: str) -> None:
    world.deliver_text(file, docstring.encode())


@when(parsers.parse('the file "{old}" is renamed to "{new}"'))
def _(world: World, old: str, new: str) -> None:
    world.sources.rename(old, new)


@when(parsers.parse('the source "{name}" breaks'))
def _(world: World, name: str) -> None:
    world.sources.break_(name)


@when(parsers.parse('the source "{name}" is mended'))
def _(world: World, name: str) -> None:
    world.sources.mend(name)


# --- time ---


@anywhen("the system works")
def _(world: World) -> None:
    world.work()


@when(parsers.re(r"the system works for (?P<count>\d+) (?P<unit>second|minute)s"), converters={"count": int})
def _(world: World, count: int, unit: str) -> None:
    world.work(count * {"second": 1, "minute": 60}[unit])


@when(parsers.re(r"(?P<hours>\d+) hours pass"), converters={"hours": int})
def _(world: World, hours: int) -> None:
    world.wait_hours(hours)


@when(parsers.re(r'the clock of "(?P<name>[^"]+)" jumps (?P<count>\d+) (?P<unit>second|day)s (?P<way>ahead|back)'),
      converters={"count": int})  # fmt: skip
def _(world: World, name: str, count: int, unit: str, way: str) -> None:
    seconds = count * {"second": 1, "day": 86400}[unit]
    world.jump(name, seconds if way == "ahead" else -seconds)


@when(parsers.re(r'the seconds of "(?P<name>[^"]+)" last (?P<times>\d+) times too (?P<way>long|short)'),
      converters={"times": int})  # fmt: skip
def _(world: World, name: str, times: int, way: str) -> None:
    world.stretch(name, times if way == "long" else 1 / times)


# --- what becomes of the agents ---


@when(parsers.parse('"{name}" starts'))
def _(world: World, name: str) -> None:
    world.start(name)


@when(parsers.parse('"{name}" dies'))
def _(world: World, name: str) -> None:
    world.die(name)


@when(parsers.parse('"{name}" is shut down'))
def _(world: World, name: str) -> None:
    world.shut_down(name)


@when(parsers.parse('"{name}" dies and starts again {times:d} times'))
def _(world: World, name: str, times: int) -> None:
    for _time in range(times):
        world.die(name)
        world.start(name)
        world.work(30)


@when(parsers.parse('"{name}" stands still'))
def _(world: World, name: str) -> None:
    world.freeze(name)


@when(parsers.parse('"{name}" wakes up'))
def _(world: World, name: str) -> None:
    world.thaw(name)


@when(parsers.parse('"{name}" is cut off from the API server'))
def _(world: World, name: str) -> None:
    world.interrupt("connection", LoseRequest(), Match(identity=name))


@when(parsers.parse('"{name}" is connected again'))
def _(world: World, name: str) -> None:
    world.resume("connection")


@when("the API server is unavailable")
def _(world: World) -> None:
    world.interrupt("API server", Answer(503), Match())


@when("the API server is back")
def _(world: World) -> None:
    world.resume("API server")


@when("the agents are permitted again")
def _(world: World) -> None:
    world.resume("permission")


@when("the destination is back")
def _(world: World) -> None:
    world.destination().down = False


# --- people with a keyboard ---


@when(parsers.parse('somebody asks to cancel "{id_}"'))
def _(world: World, id_: str) -> None:
    world.command("cancel", id_, "--wait", "0", "--requested-by", "ops@example.org", "--reason", "a mistake")


@anywhen(parsers.parse('somebody pauses everything because of "{reason}"'))
def _(world: World, reason: str) -> None:
    assert world.command("pause", "--reason", reason, "--requested-by", "ops@example.org") == 0, world.answer


@when(parsers.parse('somebody asks why "{id_}"'))
def _(world: World, id_: str) -> None:
    assert world.command("why", id_) == 0, world.answer


@when("somebody resumes")
def _(world: World) -> None:
    assert world.command("resume", "--requested-by", "ops@example.org") == 0, world.answer


@when(parsers.parse('"{person}" approves of "{id_}"'))
def _(world: World, person: str, id_: str) -> None:
    assert world.command("approve", id_, "--by", person) == 0, world.answer


@when("somebody begins a new history")
def _(world: World) -> None:
    assert world.command("ledger", "init", "--yes") == 0, world.answer


# --- strangers ---


@when(parsers.parse('somebody edits the deployment "{place}"'))
def _(world: World, place: str) -> None:
    world.strangers.edit("deployment", place)


@when(parsers.parse('somebody strips the marks from the deployment "{place}"'))
def _(world: World, place: str) -> None:
    world.strangers.strip(place, replica_sets=False)


@when("somebody deletes the history")
def _(world: World) -> None:
    world.objects.delete("config map", f"default/{HISTORY}")


@when("somebody deletes the history and the lease")
def _(world: World) -> None:
    world.objects.delete("config map", f"default/{HISTORY}")
    world.objects.delete("lease", f"default/{LEASE_NAME}")


@when("somebody replaces the history by an empty one")
def _(world: World) -> None:
    world.objects.delete("config map", f"default/{HISTORY}")
    world.objects.create("config map", f"default/{HISTORY}", {"data": {}})


@when("somebody restores the history from the backup")
def _(world: World) -> None:
    world.objects.delete("config map", f"default/{HISTORY}")
    world.objects.create("config map", f"default/{HISTORY}", {"data": world.backup["data"]})


@when(parsers.re('somebody writes "(?P<damage>.+)" into the (?P<part>.+) of the history'))
def _(world: World, damage: str, part: str) -> None:
    world.damage_history(part, damage)


@when(parsers.re("somebody takes the (?P<part>.+) out of the history"))
def _(world: World, part: str) -> None:
    world.damage_history(part, None)


def _deliver(world: World, id_: str, version: str, *actions: JsonObject) -> None:
    world.deliver(f"{id_}@{version}.json", payloads.payload(*actions))
