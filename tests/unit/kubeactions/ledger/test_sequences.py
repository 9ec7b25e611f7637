"""Any sequence of what replicas do to the ledger, under conflicts and lost answers, keeps its invariants.

Two replicas open, accept, intend, settle, seal, merge and prune in any order, each believing that it leads; the network
loses, delays and refuses. After every step the ledger is in order by the check that operators have
(`ledger/invariants.py`), nothing that was confirmed is lost or goes backwards, and only the last who opened it writes.
Bounded in the default suite; `-m slow` goes further.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from backends.faults import Answer, Fault, Late, LoseAnswer, LoseRequest, Match
from kubeactions.errors import Fenced, KubeError, LedgerFull, NotFound
from kubeactions.ledger import Ledger, read
from kubeactions.ledger.invariants import check
from kubeactions.model import Intent, Outcome, Phase, Record, Status
from tests.unit.kubeactions.ledger.test_book import Shelf

REPLICAS = ("a", "b")
BOUNDS: dict[str, Any] = {"head_bytes": 6000, "open_bytes": 5000, "closed_bytes": 1, "kept_bytes": 0, "keep_s": 3600.0}
FAULTS: dict[str, Fault] = {
    "the request is lost": LoseRequest(),
    "the answer is lost": LoseAnswer(),
    "a conflict": Answer(409),
    "an error": Answer(500),
    "too many": Answer(429),
    "it arrives a minute late": Late(60.0),
}
RANK = {Phase.PENDING: 0, Phase.INTENT: 1, Phase.SETTLED: 2}


class Replicas(RuleBasedStateMachine):
    """Replicas at one ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.ledgers: dict[str, Ledger] = {}
        self.confirmed: dict[str, Record] = {}
        """The last state of each record that a replica was told to be durable."""
        self.gone: set[str] = set()
        """Records that may have been pruned."""
        self.numbers = itertools.count(1)

    # --- what replicas do ---

    @rule(who=st.sampled_from(REPLICAS))
    def open(self, who: str) -> None:
        """It takes the lease, and the ledger."""
        self.ledgers.pop(who, None)
        ledger = self.shelf.ledger(who, **BOUNDS)
        if self.tries(who, lambda: ledger.open(None)):
            self.ledgers[who] = ledger

    @precondition(lambda self: self.ledgers)
    @rule(data=st.data(), count=st.integers(1, 3))
    def accept(self, data: st.DataObject, count: int) -> None:
        """New orders."""
        who, ledger = self.somebody(data)
        new = [self.shelf.record(f"c{next(self.numbers)}", order=next(self.numbers)) for _ in range(count)]
        self.writes(who, ledger, new)

    @precondition(lambda self: self.ledgers)
    @rule(data=st.data())
    def intend(self, data: st.DataObject) -> None:
        """Plans become intents, one on a target."""
        who, ledger = self.somebody(data)
        if any(one.phase is Phase.INTENT for one in ledger.records.values()):
            return
        pending = [one for one in ledger.records.values() if one.phase is Phase.PENDING][:1]
        intent = Intent(ledger.epoch, 1, "u", None, {}, self.shelf.clock.wall())
        self.writes(who, ledger, [replace(one, phase=Phase.INTENT, intent=intent) for one in pending])

    @precondition(lambda self: self.ledgers)
    @rule(data=st.data(), reported=st.booleans())
    def settle(self, data: st.DataObject, reported: bool) -> None:
        """What has begun ends, and what has ended is reported."""
        who, ledger = self.somebody(data)
        outcome, at = Outcome(Status.SUCCEEDED, "Deleted", "done"), self.shelf.clock.wall()
        ended = [
            replace(one, phase=Phase.SETTLED, outcome=one.outcome or outcome, settled_at=one.settled_at or at)
            for one in ledger.records.values()
            if one.phase is not Phase.PENDING and not one.reported
        ]
        self.writes(who, ledger, [replace(one, reported=one.reported or reported, replica=who) for one in ended])

    @precondition(lambda self: self.ledgers)
    @rule(data=st.data(), what=st.sampled_from(["seal", "merge", "prune"]))
    def keep_house(self, data: st.DataObject, what: str) -> None:
        """History is sealed, merged and pruned."""
        who, ledger = self.somebody(data)
        if what == "prune" and ledger.prune_due():
            until = self.shelf.clock.wall() - timedelta(seconds=BOUNDS["keep_s"])
            self.gone |= {key for key, one in self.confirmed.items() if one.action and one.action.created_at < until}
            self.tries(who, ledger.prune)
        elif what == "merge" and ledger.merge_due():
            self.tries(who, ledger.merge)
        elif what == "seal" and ledger.seal_due():
            self.tries(who, ledger.seal)

    # --- what the world does ---

    @rule(what=st.sampled_from(sorted(FAULTS)), verb=st.sampled_from(["patch", "create", "get", "delete"]))
    def break_next(self, what: str, verb: str) -> None:
        """The next request of this kind meets a fault."""
        self.shelf.faults.clear()
        self.shelf.faults.add(FAULTS[what], Match(verb=verb, resource="configmaps"), times=1)

    @rule(seconds=st.sampled_from([1.0, 61.0, 3700.0]))
    def wait(self, seconds: float) -> None:
        """Time passes, and what was held up arrives."""
        self.shelf.clock.advance(seconds)
        self.shelf.faults.deliver_due()

    # --- what must be so ---

    @invariant()
    def the_ledger_is_in_order(self) -> None:
        """Nothing is wrong by the operators' own check, but for parts that nobody has listed."""
        try:
            findings = check(self.shelf.kube, "default", None).findings
        except NotFound:
            findings = ()
        wrong = [one.text for one in findings if one.closing or "listed" not in one.text]
        assert self.confirmed == {} or wrong == [], wrong

    @invariant()
    def nothing_confirmed_is_lost_or_goes_back(self) -> None:
        """What a replica was told to be durable is there, in that state or a later one, with that outcome."""
        if not self.confirmed:
            return
        there = {str(one.key): one for one in read(self.shelf.kube, "default").records}
        for key, told in self.confirmed.items():
            if key not in there:
                assert key in self.gone, f"{key} is lost"
                continue
            found = there[key]
            assert RANK[found.phase] >= RANK[told.phase], f"{key} went from {told.phase} to {found.phase}"
            assert told.outcome is None or found.outcome == told.outcome
            assert not (told.reported and not found.reported)

    # --- how it is done ---

    def somebody(self, data: st.DataObject) -> tuple[str, Ledger]:
        who = data.draw(st.sampled_from(sorted(self.ledgers)))
        return who, self.ledgers[who]

    def writes(self, who: str, ledger: Ledger, records: list[Record]) -> None:
        if records and self.tries(who, lambda: ledger.write(records)):
            self.confirmed |= {str(one.key): one for one in records}
            holder = read(self.shelf.kube, "default").meta
            assert holder is not None
            assert (holder.holder, holder.epoch) == (who, ledger.epoch), "somebody wrote who does not hold the epoch"

    def tries(self, who: str, what: Callable[[], object]) -> bool:
        """Do it as the processor does: after doubt read again, stop when fenced. True when it was confirmed."""
        ledger = self.ledgers.get(who)
        try:
            if ledger is not None and ledger.stale:
                ledger.refresh()
                return False  # What was wanted is planned anew, by what was read.
            what()
        except (Fenced, LedgerFull) as error:
            if isinstance(error, Fenced):
                del self.ledgers[who]
            return False
        except KubeError:
            return False
        return True


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 25), pytest.param(400, 60, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_any_sequence_under_conflicts_and_lost_answers_keeps_the_invariants(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Replicas,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
