"""Reading for people: one record of many is found by every name that it has, and the others are not decoded for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeactions.cli.records import matching
from kubeactions.ledger import read, reading
from kubeactions.ledger.codec import decode_record
from kubeactions.model import Config, Record
from tests.unit.kubeactions.bench import Bench

IDS = ("plain", 'quo"ted\\', "größe", "a:v1")


@pytest.fixture
def bench() -> Bench:
    """A ledger whose records are sealed, all of them."""
    found = Bench()
    for number, id_ in enumerate(IDS):
        orders = [found.order("delete_pod", f"web-{number}-{index}", action_id=f"a-{number}-{index}") for index in "01"]
        found.config(id_, 1, *orders)
    found.source.configs["bad", 1] = Config("bad", 1, b"{", "memory")
    agent = found.agent("replica-1")
    ledger = agent.processor.ledger
    ledger._bounds = replace(ledger._bounds, closed_bytes=0, kept_bytes=0)
    found.run(30, agent)
    assert [name for name in found.head()["data"] if name not in ("meta", "segments")] == []
    return found


def test_by_each_of_its_names_the_same_is_found_as_in_all(bench: Bench) -> None:
    everything = read(bench.kube, "default").records
    assert len(everything) == 2 * len(IDS) + 1
    names = {"nobody", *IDS, *(f"{one}:v1" for one in (*IDS, "bad"))}
    for record in everything:
        names |= {str(record.key), record.marker}
        if record.action is not None:
            names |= {record.action.action_id, record.action.target.name}
    for name in sorted(names):
        assert matching(read(bench.kube, "default", about=name).records, name) == matching(everything, name), name


def test_what_is_not_called_so_is_not_decoded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def counted(name: str, text: str) -> Record:
        decoded.append(name)
        return decode_record(name, text)

    monkeypatch.setattr(reading, "decode_record", counted)
    read(bench.kube, "default", about="plain")
    assert len(decoded) == 2
