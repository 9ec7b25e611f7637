"""Acceptance: the rules of identity and dedup, without a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeactions import registry
from kubeactions.ledger.codec import known_of
from kubeactions.ledger.history import History
from kubeactions.model import Action, Config, Phase, Record, Status
from kubeactions.policy import ALLOWED, Gate, Ruling
from kubeactions.processor.accept import Acceptance, candidates, conflict_key
from kubeactions.settings import Limits

NOW = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
SPECS = registry.specs(registry.load())


def order(name: str = "web-0", **more: Any) -> dict[str, Any]:
    return {
        "action_type": "delete_pod",
        "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": name},
        "timestamp": NOW.isoformat(),
        **more,
    }


def config(config_id: str, version: int, *orders: dict[str, Any], raw: bytes | None = None) -> Config:
    payload = json.dumps({"actions": orders or [order()]}).encode() if raw is None else raw
    return Config(config_id, version, payload, "test")


def allow(action: Action) -> Ruling:
    return ALLOWED


class Past:
    """A ledger as far as acceptance sees it."""

    def __init__(self) -> None:
        self.history = History()
        self.records: dict[str, Record] = {}
        self.watermark: datetime | None = None

    def deliver(self, *configs: Config, judge: Any = allow) -> dict[str, Record]:
        """Accept these in one write, make that durable, and return what was written, by key."""
        opened = {name: record for name, record in self.records.items() if record.open}
        acceptance = Acceptance(self.history, opened, self.watermark, judge, NOW, len(self.records) + 1)
        for one in configs:
            new = [found for found in candidates(one, SPECS, Limits(), NOW) if not acceptance.known(found)]
            for record in new:
                acceptance.take(record)
        self.records |= acceptance.records
        self.history.add({name: known_of(record) for name, record in acceptance.records.items()})
        return {str(record.key): record for record in acceptance.records.values()}

    def settle(self, key: str, status: Status) -> None:
        from dataclasses import replace

        from kubeactions.model import Outcome

        record = next(one for one in self.records.values() if str(one.key) == key)
        done = replace(record, phase=Phase.SETTLED, outcome=Outcome(status, "X", "x"), settled_at=NOW)
        self.records[record.marker] = done
        self.history.add({record.marker: known_of(done)})


def statuses(records: dict[str, Record]) -> dict[str, str]:
    return {
        key: record.outcome.status.value if record.outcome else record.phase.value for key, record in records.items()
    }


def reasons(records: dict[str, Record]) -> Sequence[str]:
    return [record.outcome.reason for record in records.values() if record.outcome]


def test_new_actions_are_pending_in_their_order() -> None:
    made = Past().deliver(config("c1", 1, order("a"), order("b")), config("c2", 1))
    assert statuses(made) == {"c1:v1#0": "pending", "c1:v1#1": "pending", "c2:v1": "pending"}
    assert [record.order for record in made.values()] == [1, 2, 3]


def test_the_same_config_again_is_nothing() -> None:
    past = Past()
    past.deliver(config("c1", 1))
    assert past.deliver(config("c1", 1)) == {}


def test_the_same_config_from_two_sources_in_one_pull_is_one_action() -> None:
    assert len(Past().deliver(config("c1", 1), config("c1", 1))) == 1


@pytest.mark.parametrize("settled", [None, Status.SUCCEEDED])
def test_other_content_under_the_same_key_is_refused_on_a_record_of_its_own(settled: Status | None) -> None:
    past = Past()
    past.deliver(config("c1", 1))
    if settled:
        past.settle("c1:v1", settled)
    made = past.deliver(config("c1", 1, order("web-1")))
    (record,) = made.values()
    assert record.outcome is not None
    assert (record.outcome.status, record.outcome.reason) == (Status.REJECTED, "ConflictingContent")
    assert record.key.id.startswith("c1~")
    assert past.deliver(config("c1", 1, order("web-1"))) == {}
    assert len(past.deliver(config("c1", 1, order("web-2")))) == 1


def test_a_refusal_of_content_does_not_raise_the_version() -> None:
    past = Past()
    past.deliver(config("c1", 1))
    past.deliver(config("c1", 1, order("web-1")))
    assert past.history.highest("c1") == 1


def test_an_older_version_is_superseded() -> None:
    past = Past()
    past.deliver(config("c1", 10))
    made = past.deliver(config("c1", 9))
    assert (statuses(made), reasons(made)) == ({"c1:v9": "rejected"}, ["Superseded"])


def test_a_newer_version_cancels_what_is_pending_and_nothing_else() -> None:
    past = Past()
    past.deliver(config("c1", 1, order("a"), order("b")))
    past.settle("c1:v1#0", Status.SUCCEEDED)
    made = past.deliver(config("c1", 2))
    assert statuses(made) == {"c1:v1#1": "cancelled", "c1:v2": "pending"}


def test_two_versions_in_one_pull_leave_the_newer_one() -> None:
    assert statuses(Past().deliver(config("c1", 1), config("c1", 2))) == {"c1:v1": "cancelled", "c1:v2": "pending"}
    assert statuses(Past().deliver(config("c1", 2), config("c1", 1))) == {"c1:v2": "pending", "c1:v1": "rejected"}


def test_a_newer_version_that_is_refused_cancels_nothing() -> None:
    past = Past()
    past.deliver(config("c1", 1))
    assert statuses(past.deliver(config("c1", 2, raw=b"{"))) == {"c1:v2": "rejected"}


@pytest.mark.parametrize("settled", [None, Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN])
def test_an_action_id_that_was_taken_is_a_duplicate(settled: Status | None) -> None:
    past = Past()
    past.deliver(config("c1", 1, order(action_id="id-1")))
    if settled:
        past.settle("c1:v1", settled)
    made = past.deliver(config("c2", 1, order(action_id="id-1")), config("c1", 2, order(action_id="id-1")))
    assert statuses(made) == {"c2:v1": "duplicate", "c1:v2": "duplicate"}


def test_an_action_id_whose_action_never_ran_may_be_used_again() -> None:
    past = Past()
    past.deliver(config("c1", 1, order(action_id="id-1")))
    past.settle("c1:v1", Status.REJECTED)
    assert statuses(past.deliver(config("c1", 2, order(action_id="id-1")))) == {"c1:v2": "pending"}


def test_an_action_id_twice_in_one_config_runs_once() -> None:
    made = Past().deliver(config("c1", 1, order("a", action_id="i"), order("b", action_id="i")))
    assert statuses(made) == {"c1:v1#0": "pending", "c1:v1#1": "duplicate"}


def test_what_is_older_than_the_kept_history_is_expired() -> None:
    past = Past()
    past.watermark = NOW
    assert reasons(past.deliver(config("c1", 1))) == ["BeforeWatermark"]
    past.watermark = NOW - timedelta(microseconds=1)
    assert statuses(past.deliver(config("c2", 1))) == {"c2:v1": "pending"}


def test_the_policys_no_is_recorded_at_once() -> None:
    expired = Ruling(Gate.REJECT, "Expired", "too old", status=Status.EXPIRED)
    assert statuses(Past().deliver(config("c1", 1), judge=lambda _: expired)) == {"c1:v1": "expired"}


def test_the_policys_not_yet_is_pending() -> None:
    wait = Ruling(Gate.WAIT, "Window", "later", retry_after_s=60)
    assert statuses(Past().deliver(config("c1", 1), judge=lambda _: wait)) == {"c1:v1": "pending"}


def test_a_malformed_config_is_one_record_and_blocks_its_whole_version() -> None:
    past = Past()
    made = past.deliver(config("c1", 1, raw=b"{"))
    (record,) = made.values()
    assert (record.whole, statuses(made)) == (True, {"c1:v1": "rejected"})
    assert past.deliver(config("c1", 1, raw=b"{")) == {}
    assert set(reasons(past.deliver(config("c1", 1, order("a"), order("b"))))) == {"ConflictingContent"}


def test_one_bad_action_does_not_take_the_good_ones_with_it() -> None:
    made = Past().deliver(config("c1", 1, {"action_type": "explode"}, order()))
    assert statuses(made) == {"c1:v1#0": "rejected", "c1:v1#1": "pending"}


@pytest.mark.parametrize(("config_id", "version"), [("", 1), ("c1", 0), ("c1", -3)])
def test_a_config_without_an_identity_is_refused_once_for_its_content(config_id: str, version: int) -> None:
    past = Past()
    made = past.deliver(config(config_id, version))
    (record,) = made.values()
    assert record.key.id.startswith("unidentified-")
    assert record.outcome is not None
    assert "metadata" in record.outcome.message
    assert past.deliver(config(config_id, version)) == {}
    assert len(past.deliver(config(config_id, version, order("other")))) == 1


def test_an_earlier_agents_record_blocks_every_index_of_its_config() -> None:
    from kubeactions.ledger.legacy import read_legacy

    past = Past()
    entry = read_legacy('[{"Key": {"ID": "c1", "Version": 3}, "Status": "failed"}]')[0].record(NOW)
    past.history.add({entry.marker: known_of(entry)})
    assert past.deliver(config("c1", 3, order("a"), order("b"))) == {}
    assert statuses(past.deliver(config("c1", 4))) == {"c1:v4": "pending"}
    assert reasons(past.deliver(config("c1", 2))) == ["Superseded"]


def test_a_conflicts_key_names_its_content() -> None:
    (record,) = candidates(config("c1", 1), SPECS, Limits(), NOW)
    assert conflict_key(record).id == f"c1~{record.digest[:8]}"
