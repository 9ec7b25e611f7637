"""The tables of `backends/docs/fake.md` that follow from data; the rest of that page is written by hand.

Each stands between two marks, `<!-- name -->` and `<!-- /name -->`. What is imitated is counted from the recorded cases
and the list of known differences, which the conformance tests hold to be exact in both directions, so the table is the
one of a run. Written by scripts/docs; a test fails when the page is not what this makes of it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from backends.fake.imitation import NOT_ENFORCED, NOT_IMITATED, REFUSED_RESOURCES
from tests.conformance import known as known_differences
from tests.conformance.case import load_cases

PAGE = Path(__file__).resolve().parents[2] / "backends" / "docs" / "fake.md"


def fresh(text: str) -> str:
    """The page with its tables made anew. ValueError where a mark is missing."""
    for name, lines in (("parity", _parity()), ("refused", _refused()), ("unenforced", _unenforced())):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        body = "\n".join(lines) + "\n"
        text, found = pattern.subn(lambda match, body=body: match[1] + body + match[2], text)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"{PAGE.name}: the marks of {name} are there {found} times")
    return text


def _parity() -> list[str]:
    known = known_differences.load()
    steps, differing = Counter[str](), Counter[str]()
    for case in load_cases():
        numbered = [step for step in known_differences.steps_of(known, case.id) if isinstance(step, int)]
        for topic in (case.topic, ""):
            steps[topic] += len(case.steps)
            differing[topic] += len(numbered)
    rows = []
    for topic in [*sorted(steps.keys() - {""}), ""]:
        same, every = steps[topic] - differing[topic], steps[topic]
        rows.append(f"| {topic or '**all**'} | {same} of {every} | {100 * same // every} % |")
    return ["| topic | steps answered as recorded | |", "|---|---|---|", *rows]


def _refused() -> list[str]:
    asked = [f"{refusal.what} ({refusal.code})" for refusal in NOT_IMITATED]
    created = [f"creating {plural}: {why}" for (_, plural), why in REFUSED_RESOURCES.items()]
    return [f"- {what}" for what in (*asked, *created)]


def _unenforced() -> list[str]:
    kinds: dict[str, list[str]] = {}
    for (_, plural), what in NOT_ENFORCED.items():
        kinds.setdefault(what, []).append(plural)
    return [f"- {', '.join(plurals)}: it does not {what}" for what, plurals in kinds.items()]
