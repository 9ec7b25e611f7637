"""What dedup asks of the past: by name, by config, by action_id, also after parts of it were pruned."""

from __future__ import annotations

from dataclasses import replace

from kubeactions.ledger.codec import Known, known_of
from kubeactions.ledger.history import History
from kubeactions.model import Outcome, Record, Status
from tests.unit.kubeactions.ledger.test_book import Shelf


def known(config: str, action_id: str = "", status: Status | None = Status.SUCCEEDED) -> tuple[str, Known]:
    record: Record = Shelf().closed(config)
    assert record.action is not None
    outcome = Outcome(status, "R", "m") if status else None
    record = replace(record, action=replace(record.action, action_id=action_id), outcome=outcome)
    return record.marker, known_of(record)


def test_an_action_id_is_taken_by_what_was_tried_and_not_by_what_was_refused() -> None:
    history = History()
    history.add(dict([known("first", "twin", Status.REJECTED)]))
    assert history.taken("twin") is None
    name, second = known("second", "twin")
    history.add({name: second})
    assert history.taken("twin") == second
    history.forget([name, "never-heard-of"])
    assert history.taken("twin") is None
    assert history.highest("second") == 1, "an old version stays superseded"


def test_a_record_that_ends_takes_its_action_id_once() -> None:
    history = History()
    name, pending = known("only", "mine", None)
    history.add({name: pending})
    _, ended = known("only", "mine", Status.FAILED)
    history.add({name: ended})
    assert history.taken("mine") == ended
    history.forget([name])
    assert (history.taken("mine"), len(history)) == (None, 0)


def test_only_what_is_new_or_different_is_told_as_a_change() -> None:
    history = History()
    name, pending = known("only", "mine", None)
    history.add({name: pending})
    assert history.take_changes() == {name}
    history.add({name: pending})
    assert history.take_changes() == set()
    history.add(dict([known("only", "mine")]))
    assert history.take_changes() == {name}
