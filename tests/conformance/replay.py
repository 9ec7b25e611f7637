"""Replays the cases and says what differs: the function that the tests call, and a command for people.

    python -m tests.conformance.replay                         every case, in this process
    python -m tests.conformance.replay 'eviction/*' lease      by glob, with the differences
    python -m tests.conformance.replay --url http://127.0.0.1:6443
    python -m tests.conformance.replay --json > report.json
    python -m tests.conformance.replay --update-known          rewrite known-differences.yaml

The exit status is 1 when something differs from what `known-differences.yaml` says. `--json` counts steps as the
recorder's own replay does: a step matches when nothing in its answer differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conformance import known as known_differences
from tests.conformance.case import Case, load_cases, load_recording, matches
from tests.conformance.comparison import ORDER, WHOLE_CASE, Difference, compare, failing_steps
from tests.conformance.known import Known, StepName
from tests.conformance.normaliser import Normaliser
from tests.conformance.player import CaseError, Player
from tests.conformance.wire import HttpWire, InProcessWire, NoAnswerError, Wire


@dataclass(frozen=True, slots=True)
class Result:
    """One case, replayed."""

    case: Case
    steps: int
    """How many steps the recording has."""
    found: Sequence[Difference]
    seconds: float
    """How long it took on the wire's clock."""
    strictly: Sequence[Difference] = ()
    """What differs at the strict level."""

    @property
    def failing(self) -> list[StepName]:
        """The steps that differ; every one of them when the case could not be played."""
        return failing_steps(list(self.found))

    @property
    def strictly_matching(self) -> int:
        """How many steps match at the strict level."""
        return self.steps - min(self.steps, len(failing_steps(list(self.strictly))))

    @property
    def matching(self) -> int:
        """How many steps match. The order of writes counts as a step of its own when it differs."""
        return self.steps - min(self.steps, len(self.failing))


def replay(
    wire: Wire, case: Case, *, hurry: Collection[StepName] = (), strict: bool = False, patience: float = 1.0
) -> Result:
    """Play `case` over `wire` and compare with its recording. `hurry` and `patience`: see `Player`."""
    want = load_recording(case)
    started = wire.now()
    player = Player(wire, case, hurry=[step for step in hurry if isinstance(step, int)], patience=patience)
    try:
        player.play()
        got = Normaliser(player).recording()
        strictly = compare(want, got, strict=True)
        found = strictly if strict else compare(want, got)
    except (CaseError, NoAnswerError, KeyError, TypeError, AttributeError, ValueError) as error:
        # An answer of another shape than the case takes for granted: no step of it proves anything.
        broken = f"{type(error).__name__}: {error}"
        found = [Difference(step["step"], step["do"], f"/{WHOLE_CASE}", None, broken) for step in want["steps"]]
        strictly = found
    return Result(case, len(want["steps"]), found, round(wire.now() - started, 3), strictly)


def unexpected(result: Result, known: Known) -> list[str]:
    """What `result` has that the list of known differences has not, and the other way round, as lines to read."""
    listed, failing = known_differences.steps_of(known, result.case.id), set(result.failing)
    lines = [
        f"step {difference.step} ({difference.do}) {difference.text}"
        for difference in result.found
        if difference.step not in listed
    ]
    gone = sorted(listed - failing, key=str)
    if gone:
        lines.append(f"steps {gone} pass: remove them from {known_differences.FILE.name}")
    return lines


def tally(results: Iterable[Result]) -> dict[str, tuple[int, int]]:
    """Steps that match and steps in all, by topic, then `total`."""
    matching, steps = Counter[str](), Counter[str]()
    for result in results:
        for topic in (result.case.topic, "total"):
            matching[topic] += result.matching
            steps[topic] += result.steps
    topics = sorted(topic for topic in steps if topic != "total")
    return {topic: (matching[topic], steps[topic]) for topic in [*topics, "total"]}


def tally_lines(counts: dict[str, tuple[int, int]]) -> list[str]:
    """`counts` as a small table."""
    return [
        f"{topic:<14}{matching:>6} of {steps:<5}{100 * matching / max(steps, 1):>5.0f} %"
        for topic, (matching, steps) in counts.items()
    ]


def report(results: Sequence[Result]) -> dict[str, Any]:
    """Everything as JSON."""
    counts = tally(results)
    return {
        "passed": sum(not result.found for result in results),
        "failed": sum(bool(result.found) for result in results),
        "steps": counts["total"][1],
        "stepsMatching": counts["total"][0],
        "topics": {topic: {"stepsMatching": ok, "steps": every} for topic, (ok, every) in counts.items()},
        "cases": [
            {
                "case": result.case.id,
                "ok": not result.found,
                "steps": result.steps,
                "failing": result.failing,
                "seconds": result.seconds,
                "diffs": [{"step": each.step, "do": each.do, "text": each.text} for each in result.found],
            }
            for result in results
        ],
    }


def print_result(result: Result, most: int) -> None:
    """One case for a person: its differences, at most `most` of them."""
    print(f"{'FAIL' if result.found else 'pass'} {result.case.id}")
    if result.found:
        print(f"     why: {result.case.why}")
    by_step = defaultdict(list)
    for difference in result.found[:most]:
        by_step[difference.step, difference.do].append(difference.text)
    for (step, do), texts in by_step.items():
        print(f"  {'' if step == ORDER else 'step '}{step}: {do}")
        for text in texts:
            print(f"      {text}")
    if len(result.found) > most:
        print(f"      ... {len(result.found) - most} more")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.replay", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("case", nargs="*", help="glob over topic/name or name")
    parser.add_argument("--url", help="a server to replay against (http://host:port); without it, in this process")
    parser.add_argument("--skip-tag", action="append", default=[], help="no case with this tag")
    parser.add_argument("--strict", action="store_true", help="also managedFields, column descriptions, more headers")
    parser.add_argument("--patience", type=float, default=1.0, help="factor for all time limits")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--quiet", action="store_true", help="no differences")
    parser.add_argument("--most", type=int, default=12, help="differences shown of each case")
    parser.add_argument("--update-known", action="store_true", help=f"rewrite {known_differences.FILE.name}")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = _arguments(argv)
    known = known_differences.load()
    results = []
    for case in load_cases():
        if not matches(case, options.case) or case.tags & set(options.skip_tag):
            continue
        wire: Wire = HttpWire(options.url) if options.url else InProcessWire.fresh()
        result = replay(wire, case, strict=options.strict, patience=options.patience)
        results.append(result)
        if not options.json:
            print_result(result, 0 if options.quiet else options.most)
    if options.update_known:
        failing = {result.case.id: result.failing for result in results}
        known_differences.save(known_differences.refreshed(known, failing))
    print(json.dumps(report(results), indent=1) if options.json else "\n".join(tally_lines(tally(results))))
    return int(any(unexpected(result, known) for result in results))


if __name__ == "__main__":
    sys.exit(main())
