"""`ledger check` and `ledger init`: a closed ledger, what is said of it, and the new beginning."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from kubeactions import policy
from kubeactions.elector import LEDGER_ANNOTATION
from kubeactions.kube import Kube
from kubeactions.ledger import NAME, read
from kubeactions.ledger.reset import BEFORE
from kubeactions.model import JsonObject
from tests.cli.conftest import Cli, World

LEDGER = f"/api/v1/namespaces/default/configmaps/{NAME}"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/datadog-leader-election"


def lose(world: World) -> None:
    world.kube.delete(LEDGER)


def recreate(world: World) -> None:
    old = world.kube.get(LEDGER)
    world.kube.delete(LEDGER)
    again = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": old["data"]}
    world.kube.create("/api/v1/namespaces/default/configmaps", again)


def garble(world: World) -> None:
    world.kube.patch(LEDGER, {"data": {"meta": "{"}}, type="merge")


def move_to_another_cluster(world: World) -> None:
    meta = json.loads(world.kube.get(LEDGER)["data"]["meta"])
    changed = {key: "another" if key == "cluster_uid" else value for key, value in meta.items()}
    world.kube.patch(LEDGER, {"data": {"meta": json.dumps(changed)}}, type="merge")


def garble_the_lease(world: World) -> None:
    world.kube.patch(LEASE, {"metadata": {"annotations": {LEDGER_ANNOTATION: "{"}}}, type="merge")


FAULTS: list[tuple[Callable[[World], None], str]] = [
    (lose, "is missing"),
    (recreate, "was deleted and created again"),
    (garble, "unreadable"),
    (move_to_another_cluster, "another cluster"),
    (garble_the_lease, "of the Lease is unreadable"),
]


@pytest.fixture
def done(cli: Cli, world: World) -> World:
    """One pod was deleted by an action that is still in the source; a pod of the same name is there again."""
    world.pod("my-pod")
    assert cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "one").code == 0
    world.work()
    world.pod("my-pod")
    return world


def data_aside(world: World) -> list[JsonObject]:
    every = world.kube.list("/api/v1/namespaces/default/configmaps")["items"]
    return [one for one in every if one["metadata"]["name"].startswith(BEFORE)]


def test_a_ledger_that_can_be_trusted_is_said_to_be_and_is_not_reset(cli: Cli, done: World) -> None:
    assert cli("ledger", "check").code == 0
    before = done.kube.get(LEDGER)
    refused = cli("ledger", "init", "--yes")
    assert (refused.code, refused.line) == (
        1, "kubeactions ledger init: the ledger can be trusted; nothing was changed",
    )  # fmt: skip
    assert done.kube.get(LEDGER) == before


def test_where_nothing_has_ever_run_nothing_is_wrong(cli: Cli, world: World) -> None:
    assert cli("ledger", "check").code == 0
    assert cli("ledger", "init", "--yes").code == 1
    assert world.kube.list("/api/v1/namespaces/default/configmaps")["items"] == []


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_reset_ledger_works_again_and_repeats_nothing(
    cli: Cli, done: World, fault: Callable[[World], None], said: str
) -> None:
    pod = done.kube.get("/api/v1/namespaces/default/pods/my-pod")
    fault(done)
    done.restart("replica-b")
    done.work(40)
    assert done.agent.why_not_ready()
    checked = cli("ledger", "check")
    assert checked.code == 6
    assert said in checked.err
    assert cli("ledger", "init", "--yes").code == 0
    assert cli("ledger", "check").code == 0

    done.work(40)
    assert done.agent.why_not_ready() == ""
    (record,) = read(done.kube, "default").records
    assert record.outcome is not None
    assert (str(record.key), record.outcome.reason) == ("one:v1", "BeforeWatermark")
    assert done.kube.get("/api/v1/namespaces/default/pods/my-pod")["metadata"]["uid"] == pod["metadata"]["uid"]

    done.clock.advance(60)
    done.pod("other")
    stamped = done.clock.wall().isoformat()
    resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "other"}
    order = {"actions": [{"delete_pod": {}, "timestamp": stamped, "resource": resource}]}
    (done.directory / "two@1.json").write_text(json.dumps(order))
    done.work(40)
    later = {str(one.key): one.outcome.status for one in read(done.kube, "default").records if one.outcome}
    assert later["two:v1"] == "succeeded"


def test_the_old_ledger_is_kept_as_it_was(cli: Cli, done: World) -> None:
    garble(done)
    old = done.kube.get(LEDGER)["data"]
    assert cli("ledger", "init", "--yes").code == 0
    assert [one["data"] for one in data_aside(done)] == [old]


def test_a_reset_that_ended_half_way_can_be_given_again(cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    recreate(done)
    done.restart("replica-b")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kubeactions.cli.ledger._name_in_lease", die)
    assert cli("ledger", "init", "--yes").code == 130
    monkeypatch.undo()
    monkeypatch.setattr("backends.open", lambda _name, **_options: done.backend)
    assert cli("ledger", "check").code == 6
    assert cli("ledger", "init", "--yes").code == 0
    assert cli("ledger", "check").code == 0


def test_without_a_yes_nothing_happens(cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    garble(done)
    before = done.kube.get(LEDGER)
    monkeypatch.setattr("click.confirm", lambda _text: False)
    assert cli("ledger", "init").code == 1
    assert done.kube.get(LEDGER) == before


def test_a_replica_that_may_be_at_work_must_be_stopped_first(cli: Cli, done: World) -> None:
    garble_the_lease(done)  # The leader has its ledger open, and does not look at this before its next term.
    refused = cli("ledger", "init", "--yes")
    assert refused.code == 1
    assert "replica-a leads and has opened this ledger before" in refused.line
    assert data_aside(done) == []
    done.work(4)  # It renews, and sees that somebody has written the Lease.
    done.agent.shut_down()
    assert cli("ledger", "init", "--yes").code == 0


def test_a_lease_that_ran_out_is_nobodys_work(cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    garble_the_lease(done)
    done.clock.advance(60)
    monkeypatch.setattr("kubeactions.cli.ledger.SystemClock", lambda: done.clock)
    assert cli("ledger", "init", "--yes").code == 0


def test_a_ledger_that_changes_while_the_question_stands_is_not_reset(
    cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    garble(done)

    def ponder(_text: str) -> bool:
        done.kube.patch(LEDGER, {"metadata": {"labels": {"somebody": "was-here"}}}, type="merge")
        return True

    monkeypatch.setattr("click.confirm", ponder)
    told = cli("ledger", "init")
    assert told.code == 5
    assert "was changed since it was looked at; nothing was changed: look again" in told.line
    assert done.kube.get(LEDGER)["data"]["meta"] == "{"


def test_the_time_of_the_reset_is_that_of_the_answer(cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    garble(done)
    asked_at = done.clock.wall()

    def ponder(_text: str) -> bool:
        done.clock.advance(600)
        return True

    monkeypatch.setattr("click.confirm", ponder)
    monkeypatch.setattr("kubeactions.cli.ledger.SystemClock", lambda: done.clock)
    assert cli("ledger", "init").code == 0
    watermark = datetime.fromisoformat(json.loads(done.kube.get(LEDGER)["data"]["meta"])["watermark"])
    assert watermark >= asked_at + timedelta(seconds=600)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_reset_that_dies_at_any_write_repeats_nothing(
    cli: Cli, done: World, monkeypatch: pytest.MonkeyPatch, nth: int, side: str
) -> None:
    """Also where the Lease says nothing of a ledger: a head that is away for a moment would be a first start."""
    done.agent.shut_down()
    done.kube.patch(LEASE, {"metadata": {"annotations": {LEDGER_ANNOTATION: None}}}, type="merge")
    garble(done)
    call, writes = Kube._call, list[str]()

    def die(self: Kube, method: str, *arguments: Any, **more: Any) -> JsonObject:
        if method != "GET":
            writes.append(method)
        if len(writes) == nth and side == "before":
            raise KeyboardInterrupt
        answer = call(self, method, *arguments, **more)
        if len(writes) == nth:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Kube, "_call", die)
        assert cli("ledger", "init", "--yes").code == 130
    done.restart("replica-b")
    done.work(40)
    found = done.backend.cluster.audit.find(verb="delete", resource="pods")
    assert len([event for event in found if event.changed]) == 1


def test_what_had_not_ended_is_named(cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "load_hooks", lambda _: (lambda _action, _facts: policy.Delay(5, "not now"),))
    world.restart("replica-b")
    world.pod("my-pod")
    assert cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "one").code == 0
    world.work()
    garble(world)
    assert "\ngiven up, look at them yourself: one:v1\n" in cli("ledger", "init", "--yes").out
