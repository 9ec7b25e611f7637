"""`cancel`: what it says of an action that is pending, has begun, has ended, or is not there."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from kubeactions import policy
from kubeactions.ledger import NAME, REQUESTS_NAME, Bounds, Ledger
from kubeactions.model import Intent, Phase
from tests.cli.conftest import Cli, World

REQUESTS = f"/api/v1/namespaces/default/configmaps/{REQUESTS_NAME}"
NOW = ("--wait", 0)


class Held:
    """An operator's hook that lets nothing begin as long as it is set."""

    closed = True

    def __call__(self, _action: object, _facts: object) -> policy.Delay | None:
        return policy.Delay(1, "not now") if self.closed else None


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    found = Held()
    monkeypatch.setattr(policy, "load_hooks", lambda _: (found,))
    return found


@pytest.fixture
def pending(cli: Cli, held: Held, world: World) -> World:
    """One action that is accepted and may not begin yet."""
    world.restart("replica-b")  # With the hook.
    world.pod("my-pod")
    assert cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "one").code == 0
    world.work()
    return world


def test_a_pending_action_is_cancelled_and_the_record_says_by_whom(cli: Cli, pending: World) -> None:
    asked = cli("cancel", "one", "--requested-by", "ops@example.org", "--reason", "wrong cluster", *NOW)
    assert asked.code == 0
    assert asked.out == "one:v1  asked for; the leader has not answered yet; see: kubeactions why one:v1\n"
    pending.work()
    told = cli("why", "one")
    assert told.out.startswith("one:v1  cancelled\n")
    assert "Withdrawn: asked for by ops@example.org" in told.out
    assert "before it had begun: wrong cluster" in told.out
    assert pending.kube.get("/api/v1/namespaces/default/pods/my-pod")
    assert not pending.kube.get(REQUESTS).get("data")


def test_it_waits_for_the_leaders_answer(cli: Cli, pending: World) -> None:
    ended = threading.Event()

    def lead() -> None:
        while not ended.wait(0.05):
            pending.work(rounds=2)

    leader = threading.Thread(target=lead)
    leader.start()
    try:
        told = cli("cancel", "one:v1", "--wait", 20)
    finally:
        ended.set()
        leader.join()
    assert told.code == 0
    assert told.out.startswith("one:v1  cancelled: withdrawn by ")


def test_asking_twice_is_asking_once(cli: Cli, pending: World) -> None:
    assert cli("cancel", "one", "--requested-by", "first", *NOW).code == 0
    assert cli("cancel", "one", "--requested-by", "second", *NOW).code == 0
    (text,) = pending.kube.get(REQUESTS)["data"].values()
    assert json.loads(text)["requested_by"] == "first"
    pending.work()
    again = cli("cancel", "one", *NOW)
    assert again.code == 0
    assert again.out.startswith("one:v1  cancelled: withdrawn by first at ")


def test_an_action_that_ended_cannot_be_cancelled(cli: Cli, held: Held, pending: World) -> None:
    held.closed = False
    pending.work()
    told = cli("cancel", "one", *NOW)
    assert told.code == 1
    assert told.line.startswith("one:v1  too late: it is succeeded since ")
    names = [one["metadata"]["name"] for one in pending.kube.list("/api/v1/namespaces/default/configmaps")["items"]]
    assert names == [NAME]


def test_an_action_that_has_begun_cannot_be_cancelled(cli: Cli, pending: World) -> None:
    pending.agent.shut_down()
    ledger = Ledger(pending.kube, pending.clock, namespace="default", identity="replica-x", bounds=Bounds())
    ledger.open(None)
    (record,) = ledger.records.values()
    intent = Intent(ledger.epoch, 1, "uid", None, {}, pending.clock.wall())
    ledger.write([replace(record, phase=Phase.INTENT, intent=intent)])
    told = cli("cancel", "one", *NOW)
    assert told.code == 1
    assert told.line.startswith("one:v1  too late: it has begun at ")


def test_of_a_config_all_that_is_pending_is_cancelled(cli: Cli, held: Held, world: World) -> None:
    world.restart("replica-b")
    orders = []
    for number in range(3):
        world.pod(f"pod-{number}")
        resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": f"pod-{number}"}
        orders.append({"delete_pod": {}, "timestamp": world.clock.wall().isoformat(), "resource": resource})
    (world.directory / "many@1.json").write_text(json.dumps({"actions": orders}))
    world.work()
    one = json.loads(cli("cancel", "many:v1#1", "--json", *NOW).out)
    assert [(answer["key"], answer["done"]) for answer in one] == [("many:v1#1", True)]
    world.work()
    rest = json.loads(cli("cancel", "many", "--json", *NOW).out)
    assert [answer["key"] for answer in rest] == ["many:v1#0", "many:v1#2"]
    world.work()
    found = json.loads(cli("history", "--json", "--status", "cancelled").out)
    assert len(found) == 3


def test_the_name_of_a_target_is_not_enough(cli: Cli, pending: World) -> None:
    told = cli("cancel", "my-pod", *NOW)
    assert told.code == 1
    assert told.line == "kubeactions cancel: no action is called 'my-pod'; these are about it: one:v1"


def test_what_nobody_knows_is_said_to_be_unknown(cli: Cli, world: World) -> None:
    told = cli("cancel", "never-heard-of", *NOW)
    assert (told.code, told.line) == (1, "kubeactions cancel: the ledger knows no action 'never-heard-of'")


def test_a_closed_ledger_takes_no_requests(cli: Cli, pending: World) -> None:
    pending.kube.patch(f"/api/v1/namespaces/default/configmaps/{NAME}", {"data": {"meta": "{"}}, type="merge")
    assert cli("cancel", "one", *NOW).code == 6
