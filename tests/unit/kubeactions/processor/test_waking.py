"""A round before its time: what wakes the processor's loop, and what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backends.faults import Answer, Match
from kubeactions.processor.processor import FOLLOW_S
from kubeactions.sources.directory import DirectorySource
from tests.unit.kubeactions.bench import Bench


@pytest.fixture
def bench() -> Bench:
    found = Bench()
    found.pod("web-0")
    return found


def test_a_round_reads_what_stirs_ahead_of_the_poll_only_when_it_was_asked(bench: Bench, tmp_path: Path) -> None:
    agent = bench.agent("replica-1", sources=[DirectorySource(tmp_path)], poll_interval_s=60.0)
    bench.run(10, agent)
    (tmp_path / "c1@1.json").write_text(json.dumps({"actions": [bench.order("delete_pod", "web-0")]}))
    agent.processor.step()
    assert bench.keys() == []
    assert agent.processor.stirred()
    agent.processor.step()
    assert bench.effects("delete", "web-0") == ["replica-1"]


def test_a_source_that_stirs_does_not_hurry_a_round_that_failed(bench: Bench, tmp_path: Path) -> None:
    agent = bench.agent("replica-1", sources=[DirectorySource(tmp_path)], poll_interval_s=60.0)
    bench.run(10, agent)
    (tmp_path / "c1@1.json").write_text(json.dumps({"actions": [bench.order("delete_pod", "web-0")]}))
    bench.faults.add(Answer(500), Match(resource="configmaps"))
    assert agent.processor.stirred()
    agent.processor.step()
    assert agent.processor.last_error
    assert not agent.processor.stirred()


def test_a_follower_that_has_won_the_lease_need_not_wait(bench: Bench) -> None:
    agent = bench.agent("replica-1")
    assert agent.processor.step() == FOLLOW_S
    assert not agent.processor.stirred()
    agent.elector.step()
    assert agent.processor.stirred()
    agent.processor.step()
    assert not agent.processor.stirred()
    bench.data({"meta": "{"})
    agent.processor.ledger.stale = True
    agent.processor.step()
    assert agent.processor.closed
    assert not agent.processor.stirred()
