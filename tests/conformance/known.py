"""The known differences: which steps answer otherwise than the real server, and why.

`known-differences.yaml` is reviewed data. Every failing step is in it; a listed step that passes is an error, so the
list only shrinks. The replay's tests read it; only `python -m tests.conformance.replay --update-known` writes it, and
what that adds says `unreviewed` until a person has given it a topic and a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.case import ROOT, load_yaml

FILE: Final = ROOT / "known-differences.yaml"
UNREVIEWED: Final = "unreviewed"

StepName = int | str
"""A step's number from 1, or a pseudo step (`order`, `case`)."""

_HEADER = """\
# Steps whose answer is known to differ from the recorded one. A step that is listed and passes fails the tests, and so
# does one that fails and is not listed. Refresh with `python -m tests.conformance.replay --update-known`, then give
# every `unreviewed` entry its topic (what is missing) and reason.
"""


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """Steps of one case that differ for one reason."""

    topic: str
    reason: str
    steps: tuple[StepName, ...]


Known = Mapping[str, Sequence[KnownDifference]]
"""By case id."""


def load(path: Path = FILE) -> dict[str, list[KnownDifference]]:
    """The list as it is in `path`; empty when there is none."""
    if not path.exists():
        return {}
    raw = load_yaml(path.read_text(encoding="utf-8")) or {}
    return {
        case: [KnownDifference(entry["topic"], entry["reason"], tuple(entry["steps"])) for entry in entries]
        for case, entries in raw.items()
    }


def steps_of(known: Known, case: str) -> frozenset[StepName]:
    """All steps of `case` that are known to differ."""
    return frozenset(step for entry in known.get(case, ()) for step in entry.steps)


def refreshed(known: Known, failing: Mapping[str, Iterable[StepName]]) -> dict[str, list[KnownDifference]]:
    """`known` with the cases of `failing` brought up to date; the other cases stay as they are.

    Steps that pass are dropped, steps that are new get an entry of their own, unreviewed.
    """
    fresh = {case: list(entries) for case, entries in known.items()}
    for case, steps in failing.items():
        left = set(steps)
        kept = []
        for entry in known.get(case, ()):
            still = tuple(step for step in entry.steps if step in left)
            left -= set(still)
            if still:
                kept.append(KnownDifference(entry.topic, entry.reason, still))
        if left:
            kept.append(KnownDifference(UNREVIEWED, UNREVIEWED, tuple(sorted(left, key=_by_number))))
        fresh[case] = kept
    return {case: entries for case, entries in sorted(fresh.items()) if entries}


def save(known: Known, path: Path = FILE) -> None:
    """Write the list: one line of steps an entry, so that a shrinking list is a readable diff."""
    lines = [_HEADER]
    for case, entries in known.items():
        lines.append(f"{case}:\n")
        for entry in entries:
            steps = ", ".join(str(step) for step in entry.steps)
            lines += [
                f"- topic: {_quoted(entry.topic)}\n",
                f"  reason: {_quoted(entry.reason)}\n",
                f"  steps: [{steps}]\n",
            ]
    path.write_text("".join(lines), encoding="utf-8")


def _by_number(step: StepName) -> tuple[bool, int, str]:
    return (True, 0, step) if isinstance(step, str) else (False, step, "")


def _quoted(text: str) -> str:
    """`text` as a YAML scalar: plain where that is safe."""
    plain = text and text[0].isalpha() and not any(mark in text for mark in (": ", " #", "\n"))
    return text if plain else "'" + text.replace("'", "''").replace("\n", " ") + "'"
