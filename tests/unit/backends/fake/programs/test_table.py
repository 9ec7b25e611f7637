"""Whose rule takes a command, and what a container has logged when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Request
from backends.fake.programs import Invocation, Line, Out, Programs, Scripted, Sleep
from backends.fake.programs.steps import Running

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO = Scripted([Out("1")]), Scripted([Out("2")])


def call(*command: str, pod: str = "db-0") -> Invocation:
    return Invocation("shop", pod, "c", command, {"metadata": {"name": pod}, "spec": {"containers": [{"name": "c"}]}})


def test_the_latest_rule_that_takes_every_word_wins() -> None:
    programs = Programs()
    programs.run(["psql", "..."], ONE)
    programs.run(["psql", "-c", "*"], TWO, pod="db-*")
    assert programs.find(call("psql", "-c", "select")) is TWO
    assert programs.find(call("psql", "-c", "select", "more")) is ONE
    assert programs.find(call("psql", "-c", "select", pod="web")) is ONE
    assert programs.find(call("psql")) is ONE
    assert programs.find(call("pg_dump")) not in (ONE, TWO)


def test_rules_are_about_places() -> None:
    for where in ({"namespace": "other"}, {"pod": "web-*"}, {"container": "d"}):
        programs = Programs()
        programs.run(["true"], ONE, **where)
        programs.attach(ONE, **where)
        assert programs.find(call("true")) is not ONE
        assert programs.main(call()) is None


def test_rules_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="command"):
        Programs().run([], ONE)
    with pytest.raises(ValueError, match="after_s"):
        Programs().log([Line("early", after_s=-1)])


def test_a_log_is_what_was_due_and_what_was_said_while_it_ran() -> None:
    programs = Programs()
    programs.log([Line("b", 2), Line("a", 1), Line("later", 60)], pod="db-*")
    programs.say("said", START + timedelta(seconds=1.5), pod="db-0")
    programs.say("before it ran", START - timedelta(seconds=1))
    programs.say("elsewhere", START, pod="web")
    found = programs.logged("shop", "db-0", "c", START, START + timedelta(seconds=3))
    assert [line.text for line in found] == ["a", "said", "b"]
    assert programs.logged("shop", "web-0", "c", START, START + timedelta(days=1)) == []


def test_a_fork_goes_on_with_the_same_rules_while_a_command_runs() -> None:
    cluster = Cluster(SimulatedClock())
    own: list[str] = []

    def closure(invocation: Invocation) -> Running:
        own.append(invocation.pod)
        yield Sleep()
        return 0

    cluster.programs.run(["x"], closure)
    cluster.programs.log([Line("one")])
    body = b'{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}'
    pods = "/api/v1/namespaces/default/pods"
    assert cluster.handle(Request("POST", pods, {"content-type": "application/json"}, body)).status == 201
    cluster.settle()
    asked = {"upgrade": "websocket", "sec-websocket-protocol": "v5.channel.k8s.io"}
    session = cluster.handle(Request("GET", f"{pods}/p/exec?command=x&stdout=1", asked)).session
    assert session is not None
    fork = cluster.fork()
    cluster.programs.run(["x"], TWO)
    assert fork.programs.find(call("x")) is closure
    assert cluster.programs.find(call("x")) is TWO
    assert fork.handle(Request("GET", f"{pods}/p/log")).body == b"one\n"
    session.close()
