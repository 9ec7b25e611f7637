"""Steps about commands in containers: what is allowed, what a command does, how often it ran."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_bdd import given, parsers

from backends.fake.programs import Cut, Fail, Out, Sleep
from tests.steps.patience import then
from tests.steps.trail import told

if TYPE_CHECKING:
    from tests.steps.moments import Side
    from tests.steps.world import World

ALLOWED = "DD_KUBEACTIONS_EXEC_COMMAND_ALLOWED"


@given(parsers.parse('the operator allows the {what} "{items}" in containers'))
def _(world: World, what: str, items: str) -> None:
    world.environment[f"{ALLOWED}_{what.upper()}"] = items


@given("the operator allows no commands in containers")
def _(world: World) -> None:
    del world.environment[f"{ALLOWED}_COMMANDS"]


@given(parsers.re(r'the command "(?P<name>\w+)" prints "(?P<text>[^"]*)"(?: and ends with code (?P<code>\d+))?'))
def _(world: World, name: str, text: str, code: str | None) -> None:
    world.script(name, [Out(text)], int(code or 0))


@given(parsers.parse('the command "{name}" prints {size:d} bytes'))
def _(world: World, name: str, size: int) -> None:
    world.script(name, [Out(b"x" * size)], 0)


@given(parsers.parse('the command "{name}" takes {seconds:g} seconds'))
def _(world: World, name: str, seconds: float) -> None:
    world.script(name, [Sleep(seconds), Out("at last")], 0)


@given(parsers.parse('the command "{name}" prints "{text}" and never ends'))
def _(world: World, name: str, text: str) -> None:
    world.script(name, [Out(text), Sleep(math.inf)], 0)


@given(parsers.parse('the connection breaks while the command "{name}" runs'))
def _(world: World, name: str) -> None:
    world.script(name, [Out("half"), Cut()], 0)


@given(parsers.parse('the command "{name}" cannot be started'))
def _(world: World, name: str) -> None:
    world.script(name, [Fail("exec failed: unable to start container process: no such file")], 0)


@given("a shell in the containers that can make directories")
def _(world: World) -> None:
    world.install_shell()


@given(
    parsers.re(
        r'somebody will replace the pod "(?P<place>[^"]+)" just (?P<side>before|after) '
        r"(?P<words>noting its intent|running the command)"
    )
)
def _(world: World, place: str, side: Side, words: str) -> None:
    def meanwhile() -> None:
        world.strangers.replace("pod", place)
        world.let_run("pod", place, 3)

    world.do_meanwhile("replica-1", side, words, meanwhile)


@then(parsers.re(r'the command "(?P<name>\w+)" ran once in "(?P<place>[^"]+)", by "(?P<by>[^"]+)"'))
def _(world: World, name: str, place: str, by: str) -> None:
    begun = world.trail.commands(place, world.agents)
    assert [one.split()[0] for one in world.ran] == [name], world.ran
    assert [event.user for event in begun] == [by], told(begun)


@then(parsers.re(r'the command "(?P<name>\w+)" ran (?P<times>once|not at all)$'))
def _(world: World, name: str, times: str) -> None:
    assert [one.split()[0] for one in world.ran] == ([name] if times == "once" else [])


@then("no command began")
def _(world: World) -> None:
    begun = [event for event in world.trail.effects(world.agents) if event.subresource == "exec"]
    assert (begun, world.ran) == ([], []), told(begun)
