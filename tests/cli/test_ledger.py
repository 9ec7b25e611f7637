"""`history` and `why`: what they read from a ledger that a replica wrote."""

from __future__ import annotations

import json

import pytest

from kubeactions.ledger import NAME
from tests.cli.conftest import Cli, World

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def done(cli: Cli, world: World) -> World:
    """One action that succeeded, one that failed, one config that was refused."""
    world.pod("my-pod")
    for name, id_ in (("my-pod", "good"), ("no-such-pod", "gone")):
        order = ("submit", "delete_pod", name, "-n", "default", "--source", world.directory, "--id", id_)
        assert cli(*order, "--requested-by", "ops@example.org").code == 0
    (world.directory / "bad@1.json").write_text('{"actions": []}')
    world.work()
    return world


def test_history_lists_what_was_done(cli: Cli, done: World) -> None:
    table = cli("history")
    assert table.code == 0
    header, *rows = table.out.splitlines()
    assert header.split() == ["RECEIVED", "KEY", "ACTION", "STATE", "REASON", "BY", "REQUESTED", "BY"]
    assert {row.split()[1]: row for row in rows}.keys() == {"good:v1", "gone:v1", "bad:v1"}
    good = next(row for row in rows if "good:v1" in row)
    assert "delete_pod Pod default/my-pod" in good
    assert "succeeded" in good
    assert "replica-a" in good
    assert "ops@example.org" in good


def test_history_can_be_filtered_and_is_json_for_machines(cli: Cli, done: World) -> None:
    records = json.loads(cli("history", "--json", "--status", "rejected").out)
    assert [(record["key"], record["outcome"]["status"]) for record in records] == [("bad:v1", "rejected")]
    assert len(json.loads(cli("history", "--json", "--limit", 2).out)) == 2


def test_why_tells_each_decision_and_what_to_do(cli: Cli, done: World) -> None:
    told = cli("why", "good")
    assert told.code == 0
    assert told.out.startswith("good:v1  succeeded\n")
    for label in ("order", "ordered", "received", "accept", "succeeded", "message", "reported", "to do"):
        assert f"\n  {label} " in told.out, told.out
    assert "Nothing: it was done, once." in told.out


def test_why_names_the_field_of_a_refused_config(cli: Cli, done: World) -> None:
    told = cli("why", "bad:v1", "--json")
    (record,) = json.loads(told.out)["records"]
    assert record["outcome"]["message"].startswith("actions: empty")


def test_why_an_unknown_id_says_who_leads(cli: Cli, done: World) -> None:
    told = cli("why", "never-heard-of")
    assert told.code == 1
    assert "replica-a leads" in told.out
    assert "the ledger knows no 'never-heard-of'" in told.out


def test_before_any_replica_ran_both_say_so(cli: Cli, world: World) -> None:
    history = cli("history")
    assert (history.code, history.line) == (0, "kubeactions history: no ledger yet (namespace default)")
    told = cli("why", "x")
    assert told.code == 1
    assert "nobody leads" in told.out
    assert "has no ledger yet" in told.out


def test_a_ledger_that_cannot_be_trusted_is_one_line_and_its_own_exit_code(cli: Cli, done: World) -> None:
    path = f"/api/v1/namespaces/default/configmaps/{NAME}"
    done.kube.patch(path, {"data": {"meta": "{not json"}}, type="merge")
    for command in (("history",), ("why", "good")):
        told = cli(*command)
        assert told.code == 6, told
        assert told.line.startswith("kubeactions: ")


def test_the_ledgers_namespace_comes_from_the_settings(
    cli: Cli,
    done: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_PERSISTENT_STORE_NAMESPACE", "elsewhere")
    assert "no ledger yet (namespace elsewhere)" in cli("history").line


BAD = {
    "huge": (b" " * 10 * 1024 * 1024, "payload: 10485760 bytes; the limit is 1048576"),
    "many": (json.dumps({"actions": [{}] * 10_000}).encode(), "actions: 10000 actions; the limit is 100 per config"),
    "binary": (b"\xff", "payload: not UTF-8: byte 0xff at offset 0"),
    "twice": (b'{"actions": [], "actions": []}', "actions: given twice"),
    "deep": (b"[" * 100_000, "payload: nested far too deep"),
    "torn": (b'{"actions": [', "payload: not JSON: "),
}


def test_each_bad_payload_is_refused_on_record_and_takes_nothing_with_it(cli: Cli, world: World) -> None:
    world.pod("my-pod")
    cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "good")
    for id_, (content, _) in BAD.items():
        (world.directory / f"{id_}@1.json").write_bytes(content)
    world.work(rounds=20)
    found = {record["id"]: record["outcome"] for record in json.loads(cli("history", "--json").out)}
    assert found["good"]["status"] == "succeeded"
    for id_, (_, message) in BAD.items():
        assert (found[id_]["status"], message in found[id_]["message"]) == ("rejected", True), found[id_]


def test_a_lost_ledger_is_not_taken_for_none_yet(cli: Cli, done: World) -> None:
    done.kube.delete(f"/api/v1/namespaces/default/configmaps/{NAME}")
    for command in (("history",), ("why", "good")):
        told = cli(*command)
        assert told.code == 6
        assert "is missing" in told.line


def test_check_names_everything_that_is_wrong_and_says_how_bad_it_is(cli: Cli, world: World) -> None:
    world.work()
    assert cli("ledger", "check").out.startswith("the ledger in namespace default can be trusted (0 records, 0 sealed")
    labels = {"kubeactions.datadoghq.com/ledger": world.kube.get(f"{CONFIGMAPS}/{NAME}")["metadata"]["uid"]}
    litter = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{NAME}-7", "labels": labels}}
    world.kube.create(CONFIGMAPS, litter)
    told = cli("ledger", "check")
    assert told.code == 1
    assert told.line.startswith(f"wrong  {NAME}-7 (uid ")
    assert "can be trusted" in told.out
    world.kube.patch(f"{CONFIGMAPS}/{NAME}", {"data": {"abc": "{", "def": "["}}, type="merge")
    told = cli("ledger", "check", "--json")
    assert told.code == 6
    found = json.loads(told.out)
    assert (found["trusted"], [one["closing"] for one in found["findings"]]) == (False, [True, True, True, False])
