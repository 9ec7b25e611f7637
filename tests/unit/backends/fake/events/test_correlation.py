"""What becomes of what is said: the counts, the combinations and the silences of client-go's recorders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backends.fake.events.correlation import COMBINED, Correlator
from backends.fake.events.words import Reference, Saying, Source, Told

START = datetime(2026, 1, 1, tzinfo=UTC)
POD = Reference("Pod", "shop", "cart", "uid-1", "v1")


@dataclass
class Speaker:
    """One component that says things about one pod."""

    source: Source = field(default_factory=lambda: Source("kubelet", "node-1"))
    correlator: Correlator = field(default_factory=Correlator)
    seconds: float = 0.0

    def say(self, message: str, after_s: float = 1.0, about: Reference = POD) -> Told | None:
        self.seconds += after_s
        at = START + timedelta(seconds=self.seconds)
        return self.correlator.observe(
            Saying(self.source, about, "Warning", "BackOff", message, "", at, self.seconds, "home")
        )


def test_the_same_again_raises_the_count_of_the_event_that_is_there() -> None:
    speaker = Speaker()
    first, again = speaker.say("it fails"), speaker.say("it fails")
    assert first is not None
    assert again is not None
    assert (first.name, first.times, again.times) == (again.name, 1, 2)
    assert (again.first.at, again.at) == (START + timedelta(seconds=1), START + timedelta(seconds=2))
    other = speaker.say("it fails", about=POD._replace(part="spec.containers{app}"))
    assert other is not None
    assert (other.times, other.name == first.name) == (1, False)


def test_names_are_the_object_and_the_time_and_differ_though_the_clock_stands() -> None:
    speaker = Speaker()
    told = [speaker.say(text, after_s=0.0) for text in "ab"]
    ns = int(START.timestamp()) * 10**9
    assert [one.name for one in told if one is not None] == [f"cart.{ns:x}", f"cart.{ns + 1:x}"]


def test_the_tenth_text_of_one_reason_within_ten_minutes_is_combined() -> None:
    speaker = Speaker()
    told = [speaker.say(f"pod {number}") for number in range(12)]
    assert [one.message.startswith(COMBINED) for one in told if one is not None] == [False] * 9 + [True] * 3
    assert told[-1] is not None
    assert (told[-1].message, told[-1].times) == (f"{COMBINED}pod 11", 3)
    late = speaker.say("pod 12", after_s=601.0)
    assert late is not None
    assert late.message == "pod 12"


def test_of_one_object_25_things_are_written_and_one_more_each_five_minutes() -> None:
    speaker = Speaker()
    assert [speaker.say("again", after_s=0.0) is not None for _ in range(27)] == [True] * 25 + [False] * 2
    late = speaker.say("again", after_s=300.0)
    assert late is not None
    assert late.times == 28, "what was not written has been counted"
    assert speaker.say("again", after_s=0.0) is None


def test_the_newer_recorder_makes_a_series_until_it_has_paused() -> None:
    speaker = Speaker(Source("default-scheduler", "host", series=True))
    told = [speaker.say("no node"), speaker.say("another text"), speaker.say("no node", after_s=361.0)]
    assert [(one.times, one.message) for one in told if one is not None] == [
        (1, "no node"),
        (2, "no node"),
        (1, "no node"),
    ]
