"""The ledger on an API server: claims, the fence, writes in doubt, sealing, pruning, and how much is written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.faults import Answer, Crash, Faults, Late, LoseAnswer, LoseRequest, Match, Pause, ReplicaDied, install
from kubeactions.errors import Conflict, Fenced, KubeError, LedgerClosed, LedgerFull, NotFound
from kubeactions.kube import Kube
from kubeactions.ledger import NAME, REQUESTS_NAME, Bounds, Ledger, Waiting, read
from kubeactions.ledger.legacy import LEGACY_KEY
from kubeactions.ledger.segments import MERGE_AT
from kubeactions.model import Action, ActionKey, Intent, JsonObject, Outcome, Phase, Record, Status, Target

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PATCH = Match(verb="patch", resource="configmaps", name=NAME)


class Shelf:
    """An API server with a place for one ledger."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.faults = Faults(self.clock)
        self.kube = Kube(self.backend.client("tester"), self.clock)

    def ledger(self, name: str, **bounds: Any) -> Ledger:
        client = self.backend.client(name)
        install(client, self.faults, name)
        kube = Kube(client, self.clock)
        return Ledger(kube, self.clock, namespace="default", identity=name, bounds=Bounds(**bounds))

    def opened(self, name: str, **bounds: Any) -> Ledger:
        found = self.ledger(name, **bounds)
        found.open(None)
        return found

    def head(self) -> JsonObject:
        return self.kube.get(f"{CONFIGMAPS}/{NAME}")

    def names(self) -> list[str]:
        return sorted(one["metadata"]["name"] for one in self.kube.list(CONFIGMAPS)["items"])

    def record(self, config_id: str, order: int = 1, **more: Any) -> Record:
        key = ActionKey(config_id, 1)
        action = Action(key, "delete_pod", Target("v1", "Pod", "web-0", "shop"), self.clock.wall(), action_id=config_id)
        return replace(Record(key, Phase.PENDING, action.digest, self.clock.wall(), order, action), **more)

    def closed(self, config_id: str, order: int = 1) -> Record:
        return self.record(
            config_id,
            order,
            phase=Phase.SETTLED,
            outcome=Outcome(Status.SUCCEEDED, "Deleted", "Pod shop/web-0 deleted"),
            settled_at=self.clock.wall(),
            replica="a",
            reported=True,
        )

    def intent(self, config_id: str, epoch: int) -> Record:
        return self.record(config_id, phase=Phase.INTENT, intent=Intent(epoch, 1, "u", None, {}, self.clock.wall()))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_the_first_opening_creates_the_ledger_in_epoch_1(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    assert (ledger.epoch, ledger.meta.holder) == (1, "a")
    assert json.loads(shelf.head()["data"]["meta"])["epoch"] == 1


def test_every_opening_claims_the_next_epoch(shelf: Shelf) -> None:
    assert [shelf.opened(name).epoch for name in "aba"] == [1, 2, 3]


def test_open_intents_are_claimed_in_the_same_write_as_the_epoch(shelf: Shelf) -> None:
    first = shelf.opened("a")
    first.write([shelf.intent("c1", 1), shelf.record("c2")])
    writes = len(shelf.backend.cluster.audit.find(verb="patch"))
    second = shelf.opened("b")
    assert len(shelf.backend.cluster.audit.find(verb="patch")) == writes + 1
    claimed = second.records[ActionKey("c1", 1).marker]
    assert claimed.intent is not None
    assert (claimed.intent.epoch, claimed.intent.recovered) == (2, True)
    assert second.records[ActionKey("c2", 1).marker].phase is Phase.PENDING


def test_a_stale_leader_cannot_write_and_learns_that_it_is_fenced(shelf: Shelf) -> None:
    stale = shelf.opened("a")
    shelf.opened("b")
    with pytest.raises(KubeError):
        stale.write([shelf.record("c1")])
    with pytest.raises(Fenced, match="epoch 2"):
        stale.refresh()
    with pytest.raises(RuntimeError):
        stale.write([shelf.record("c1")])
    assert shelf.names() == [NAME]
    assert read(shelf.kube, "default").records == ()


def test_the_same_replica_with_a_newer_epoch_fences_its_older_self(shelf: Shelf) -> None:
    older = shelf.opened("a")
    shelf.opened("a")
    older.stale = True
    with pytest.raises(Fenced):
        older.refresh()


@pytest.mark.parametrize(("fault", "landed"), [(LoseAnswer(), True), (LoseRequest(), False), (Answer(500), False)])
def test_a_write_in_doubt_is_settled_by_reading_again(shelf: Shelf, fault: Any, landed: bool) -> None:
    ledger = shelf.opened("a")
    shelf.faults.add(fault, PATCH, times=1)
    with pytest.raises(KubeError):
        ledger.write([shelf.record("c1")])
    assert ledger.stale
    assert ledger.records == {}
    assert ledger.history.get(ActionKey("c1", 1).marker) is None
    ledger.refresh()
    assert (ActionKey("c1", 1).marker in ledger.records) is landed
    ledger.write([shelf.record("c2")])


def test_a_late_copy_of_a_write_in_doubt_changes_nothing(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    shelf.faults.add(Late(30), PATCH, times=1)
    with pytest.raises(KubeError):
        ledger.write([shelf.record("c1")])
    ledger.refresh()
    ledger.write([shelf.record("c2")])
    shelf.clock.advance(60)
    assert shelf.faults.deliver_due() == 1
    assert [one.key.id for one in read(shelf.kube, "default").records] == ["c2"]


def test_each_request_has_a_number_of_its_own(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    seen = []
    for index in range(3):
        ledger.write([shelf.record(f"c{index}")])
        seen.append(json.loads(shelf.head()["metadata"]["annotations"]["kubeactions.datadoghq.com/write"]))
    assert [(one["writer"], one["seq"]) for one in seen] == [("a", 2), ("a", 3), ("a", 4)]


def test_a_ledger_that_vanishes_or_is_replaced_while_it_is_open_is_closed(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    shelf.kube.delete(f"{CONFIGMAPS}/{NAME}")
    with pytest.raises(NotFound):
        ledger.write([shelf.record("c1")])
    with pytest.raises(LedgerClosed, match="missing"):
        ledger.refresh()
    shelf.opened("b")
    with pytest.raises(LedgerClosed, match="created again"):
        ledger.refresh()


def test_a_refused_write_leaves_the_ledger_as_it_was_known(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    shelf.faults.add(Answer(403), PATCH, times=1)
    with pytest.raises(KubeError):
        ledger.write([shelf.record("c1")])
    assert not ledger.stale
    ledger.write([shelf.record("c1")])


def test_an_amendment_rides_on_the_next_write(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    ledger.write([shelf.record("c1")])
    ledger.amend(replace(ledger.records[ActionKey("c1", 1).marker], replica="x"))
    since = ledger.unwritten_since()
    assert since is not None
    ledger.write([shelf.record("c2")])
    assert ledger.unwritten_since() is None
    assert {one.key.id: one.replica for one in read(shelf.kube, "default").records} == {"c1": "x", "c2": ""}


def test_configs_that_wait_are_named_in_the_ledger(shelf: Shelf) -> None:
    ledger = shelf.opened("a")
    ledger.say_waiting((Waiting("c9", 2, "LedgerFull"),))
    ledger.write([])
    meta = read(shelf.kube, "default").meta
    assert meta is not None
    assert meta.waiting == (Waiting("c9", 2, "LedgerFull"),)


def test_there_is_room_for_open_records_up_to_the_bound(shelf: Shelf) -> None:
    ledger = shelf.opened("a", open_bytes=5000)
    one = Ledger.need([shelf.record("c1")])
    assert ledger.room() == ledger.capacity() == 5000
    ledger.write([shelf.record("c1"), shelf.closed("c2")])
    assert ledger.room() == 5000 - one


def test_a_head_that_is_full_takes_no_new_records_and_lets_old_ones_get_on(shelf: Shelf) -> None:
    ledger = shelf.opened("a", head_bytes=2000)
    ledger.write([shelf.record("c1"), shelf.record("c2")])
    with pytest.raises(LedgerFull):
        ledger.write([shelf.record(f"c{index}") for index in range(3, 6)])
    done = shelf.closed("c1")
    ledger.write([replace(done, outcome=Outcome(Status.FAILED, "X", "x" * 400))])


def test_closed_records_move_to_an_immutable_segment_and_are_still_known(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=3000, kept_bytes=1200)
    ledger.write([shelf.closed(f"c{index}", index) for index in range(10)] + [shelf.record("open", 99)])
    assert ledger.seal_due()
    ledger.seal()
    assert not ledger.seal_due()
    segment = shelf.kube.get(f"{CONFIGMAPS}/{NAME}-1")
    assert segment["immutable"] is True
    kept = [name for name in shelf.head()["data"] if name != "meta"]
    assert ActionKey("open", 1).marker in kept
    assert 1 < len(kept) < 5
    again = shelf.opened("b")
    assert len(again.history) == 11
    assert again.history.taken("c0") is not None
    assert len(read(shelf.kube, "default").records) == 11


def test_a_segment_that_its_maker_did_not_live_to_list_is_deleted_by_a_later_leader(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0)
    ledger.write([shelf.closed("c1"), shelf.closed("c2")])
    shelf.faults.add(Crash("before"), Match(verb="patch", identity="a"))
    with pytest.raises(ReplicaDied):
        ledger.seal()
    assert shelf.names() == [NAME, f"{NAME}-1"]
    second = shelf.opened("b", closed_bytes=100, kept_bytes=0)
    second.seal()
    assert [one.number for one in second.meta.segments] == [2]
    third = shelf.opened("c")
    assert shelf.names() == [NAME, f"{NAME}-2"]
    assert len(third.history) == 2


@pytest.mark.parametrize("damage", ["missing", "other content"])
def test_a_listed_segment_that_is_missing_or_different_closes_the_ledger(shelf: Shelf, damage: str) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0)
    ledger.write([shelf.closed("c1")])
    ledger.seal()
    segment = shelf.kube.get(f"{CONFIGMAPS}/{NAME}-1")
    shelf.kube.delete(f"{CONFIGMAPS}/{NAME}-1")
    if damage == "other content":
        metadata = {"name": f"{NAME}-1", "labels": segment["metadata"]["labels"]}
        shelf.kube.create(CONFIGMAPS, {**segment, "metadata": metadata, "data": {}})
    with pytest.raises(LedgerClosed, match="part of the history"):
        shelf.opened("b")
    assert json.loads(shelf.head()["data"]["meta"])["epoch"] == 1


def test_pruning_raises_the_watermark_before_anything_is_forgotten(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0)
    ledger.write([shelf.closed("c1")])
    stamp = shelf.clock.wall()
    ledger.seal()
    assert not ledger.prune_due()
    shelf.clock.advance(1001)
    assert ledger.prune_due()
    shelf.faults.add(Crash("before"), Match(verb="delete", resource="configmaps"))
    with pytest.raises(ReplicaDied):
        ledger.prune()
    meta = read(shelf.kube, "default").meta
    assert meta is not None
    assert (meta.watermark, meta.segments) == (stamp, ())
    shelf.faults.clear()
    shelf.opened("b")
    assert shelf.names() == [NAME]


def test_a_pruned_number_is_never_used_again(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0)
    ledger.write([shelf.closed("c1")])
    ledger.seal()
    shelf.clock.advance(1001)
    ledger.prune()
    ledger.write([shelf.closed("c2")])
    ledger.seal()
    assert [one.number for one in ledger.meta.segments] == [2]
    assert ledger.history.get(ActionKey("c1", 1).marker) is None


def test_an_earlier_agents_history_is_imported_once_and_blocks_its_configs(shelf: Shelf) -> None:
    entries = [
        {"Key": {"ID": f"old-{index}", "Version": 2}, "Status": "success", "Message": "ok", "Timestamp": 1766000000}
        for index in range(7)
    ]
    body: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
    shelf.kube.create(CONFIGMAPS, {**body, "data": {LEGACY_KEY: json.dumps(entries)}})
    ledger = shelf.opened("a", legacy_chunk=3)
    assert LEGACY_KEY not in shelf.head()["data"]
    assert len(ledger.meta.segments) == 3
    again = shelf.opened("b")
    whole = again.history.whole("old-6", 2)
    assert whole is not None
    assert whole.status is Status.SUCCEEDED
    assert again.history.highest("old-0") == 2


def test_an_imported_record_is_kept_as_long_as_one_of_today(shelf: Shelf) -> None:
    body: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
    entries = [{"Key": {"ID": "old", "Version": 1}, "Status": "success"}]
    shelf.kube.create(CONFIGMAPS, {**body, "data": {LEGACY_KEY: json.dumps(entries)}})
    ledger = shelf.opened("a", keep_s=1000.0)
    assert not ledger.prune_due()
    shelf.clock.advance(1001)
    assert ledger.prune_due()


def test_a_segment_that_is_pruned_while_another_leader_opens_is_no_reason_to_close(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0)
    ledger.write([shelf.closed("c1")])
    ledger.seal()
    shelf.clock.advance(1001)
    second = shelf.ledger("b")
    segment = Match(verb="get", resource="configmaps", name=f"{NAME}-1", identity="b")
    shelf.faults.add(Pause(ledger.prune), segment, times=1)
    with pytest.raises(Conflict):
        second.open(None)
    second.open(None)
    assert second.epoch == 2


@pytest.mark.parametrize("work", ["merge", "prune"])
def test_a_part_that_a_later_leader_struck_off_is_no_lost_history_to_the_leader_before_it(
    shelf: Shelf, work: str
) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0)
    for number in range(MERGE_AT):
        ledger.write([shelf.closed(f"c{number}", number + 1)])
        ledger.seal()
    shelf.clock.advance(1001)
    later = shelf.opened("b", keep_s=1000.0)
    getattr(later, work)()
    with pytest.raises(Fenced):
        getattr(ledger, work)()


def test_an_import_that_dies_half_way_is_begun_again(shelf: Shelf) -> None:
    entries = [{"Key": {"ID": f"old-{index}", "Version": 1}, "Status": "success"} for index in range(4)]
    body: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
    shelf.kube.create(CONFIGMAPS, {**body, "data": {LEGACY_KEY: json.dumps(entries)}})
    shelf.faults.add(Crash("before"), Match(verb="patch", identity="a"))
    with pytest.raises(ReplicaDied):
        shelf.ledger("a", legacy_chunk=2).open(None)
    assert len(shelf.opened("b", legacy_chunk=2).history) == 4


def test_the_ledgers_own_objects_are_known(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0)
    ledger.write([shelf.closed("c1")])
    ledger.seal()
    assert [one.name for one in ledger.targets()] == [NAME, REQUESTS_NAME, f"{NAME}-1"]


def test_bytes_written_per_action_do_not_grow_with_the_history(shelf: Shelf) -> None:
    ledger = shelf.opened("a")

    def cost(first: int, count: int) -> float:
        before = ledger.bytes_written
        for index in range(first, first + count, 40):
            batch = range(index, index + 40)
            ledger.write([shelf.record(f"c{one}", one) for one in batch])
            ledger.write([shelf.closed(f"c{one}", one) for one in batch])
            shelf.clock.advance(1)
            if ledger.seal_due():
                ledger.seal()
        return (ledger.bytes_written - before) / count

    early = cost(0, 200)
    cost(200, 2800)
    late = cost(3000, 200)
    assert late < 1.35 * early
    assert sum(len(name) + len(text) for name, text in shelf.head()["data"].items()) < 256 * 1024
    assert len(ledger.history) == 3200


def test_what_is_kept_is_pruned_by_the_stamps_of_its_actions(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0)
    ahead = shelf.closed("c1")
    assert ahead.action is not None
    stamped = replace(ahead.action, created_at=shelf.clock.wall() + timedelta(seconds=9))
    ledger.write([replace(ahead, action=stamped, digest=stamped.digest)])
    ledger.seal()
    shelf.clock.advance(1005)
    assert not ledger.prune_due()
    shelf.clock.advance(5)
    assert ledger.prune_due()


FAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_an_action_is_kept_for_as_long_after_its_beginning_as_one_that_began_at_once(shelf: Shelf) -> None:
    """Else an order for next week, done and still listed, would be told once more: as expired."""
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0, not_before_s=600.0)
    scheduled, too_far = shelf.closed("c1"), shelf.closed("c2", 2)
    assert scheduled.action is not None
    assert too_far.action is not None
    wanted = replace(scheduled.action, not_before=shelf.clock.wall() + timedelta(seconds=500))
    never = replace(too_far.action, not_before=FAR)
    kept = [replace(scheduled, action=wanted, digest=wanted.digest), replace(too_far, action=never)]
    ledger.write(kept)
    ledger.seal()
    shelf.clock.advance(1550)
    assert not ledger.prune_due(), "an order that could begin as late as 600 s after its stamp bounds it"
    shelf.clock.advance(60)
    ledger.prune()
    assert [ledger.forgets(record) for record in kept] == [True, True]


def test_a_stamp_at_the_end_of_the_calendar_breaks_nothing(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0, keep_s=1000.0, max_segments=1)
    ahead = shelf.closed("c1")
    assert ahead.action is not None
    ledger.write([replace(ahead, action=replace(ahead.action, created_at=FAR))])
    ledger.seal()
    shelf.clock.advance(5000)
    assert not ledger.prune_due(), "it could still become due"
    assert "9999-12-31" in ledger.full


def test_a_server_that_says_conflict_to_every_number_is_not_asked_for_ever(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=100, kept_bytes=0)
    ledger.write([shelf.closed("c1")])
    shelf.faults.add(Answer(409), Match(verb="create", resource="configmaps"), times=1000)
    with pytest.raises(Conflict):
        ledger.seal()
    assert len(shelf.backend.cluster.audit.find(verb="create")) < 100
