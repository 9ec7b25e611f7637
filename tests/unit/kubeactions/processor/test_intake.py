"""What sources of others hand on: nonsense holds up nobody, and a second content of one version is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kubeactions.model import AckState, Config, Pull
from tests.unit.kubeactions.bench import Bench, MemorySource


@pytest.fixture
def bench() -> Bench:
    found = Bench()
    found.pod("web-0")
    return found


@pytest.mark.parametrize(
    "config",
    [
        Config("c9", 2**70, b"{}", "theirs"),
        Config("c9", "7", b"{}", "theirs"),  # type: ignore[arg-type]
        Config("\ud800", 1, b"{}", "theirs"),
        Config(9, 1, b"{}", "theirs"),  # type: ignore[arg-type]
        Config("c9", 1, "{}", "theirs"),  # type: ignore[arg-type]
    ],
    ids=["a version of 71 bits", "a version that is text", "an id that is no text", "a number for an id", "no bytes"],
)
def test_a_source_of_others_that_hands_on_nonsense_holds_up_nobody(bench: Bench, config: Config) -> None:
    theirs = MemorySource("theirs", configs={("c9", 1): config})
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(10, bench.agent("replica-1", sources=[theirs, bench.source]))
    assert bench.status("c1:v1") == "succeeded"


class Restless(MemorySource):
    """A source that cannot say whether it stirs."""

    def stirs(self) -> bool:
        raise OSError("the disk is away")

    def glance(self) -> Pull:
        return self.pull()


def test_a_source_that_cannot_say_whether_it_stirs_is_read_at_the_next_poll(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1", sources=[Restless(configs=bench.source.configs)])
    bench.run(5, agent)
    assert agent.processor.stirred() is False
    assert bench.status("c1:v1") == "succeeded"


class TwoOfOne(MemorySource):
    """A source that has a second content for one id and version, and puts it first when it comes."""

    second: bytes = b""

    def pull(self) -> Pull:
        (config,) = super().pull().configs
        return Pull((replace(config, payload=self.second), config) if self.second else (config,))


def test_a_second_content_of_one_version_is_refused_wherever_its_source_puts_it(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    source = TwoOfOne(configs=bench.source.configs)
    agent = bench.agent("replica-1", sources=[source])
    bench.run(10, agent)
    source.second = json.dumps({"actions": [bench.order("delete_pod", "web-1")]}).encode()
    bench.run(10, agent)
    assert len(bench.keys()) == 2
    assert sorted(bench.reporter.statuses().values()) == ["rejected", "succeeded"]
    bench.run(20, agent)
    assert [state for _, _, state, _ in source.acks] == [AckState.ACKNOWLEDGED, AckState.ERROR]
