"""How long the scenarios take on each backend, read from the JUnit files that runs with `--report-dir` have left.

`pytest --backend NAME --report-dir build/reports` writes one; nothing is run here, since that takes minutes.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmark.measure import Row

REPORTS = Path("build/reports")
FEATURES = "tests.acceptance.test_features"


def times() -> Iterator[Row]:
    """Two rows for each file: the run as it was, and its scenarios as if one came after the other."""
    files = sorted(REPORTS.glob("*.xml"))
    if not files:
        print(f"suites are not measured: there is no {REPORTS}/*.xml; pytest --report-dir writes one", file=sys.stderr)
    for file in files:
        root = ElementTree.parse(file).getroot()  # noqa: S314  our own files
        cases = [case for case in root.iter("testcase") if case.get("classname") == FEATURES]
        ran = [case for case in cases if case.find("skipped") is None]
        suite = next(root.iter("testsuite"))
        what = f"{file.stem}: {len(ran)} of {len(cases)} rows of the features"
        if len(cases) == int(suite.get("tests", "0")):
            yield Row("suites", f"{what}, the run", float(suite.get("time", "0")), "s")
        yield Row("suites", f"{what}, one by one", sum(float(case.get("time", "0")) for case in ran), "s")
