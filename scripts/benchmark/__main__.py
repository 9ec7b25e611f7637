"""`scripts/bench [--json FILE] [AREA ...]`: run the measurements, print the table, write the JSON."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.benchmark import (
    clusters,
    control_plane,
    failover,
    forks,
    inprocess,
    ledger,
    overhttp,
    peers,
    production,
    requests,
    suites,
    system,
)
from scripts.benchmark.measure import Row

AREAS: dict[str, tuple[Callable[[], Iterator[Row]], ...]] = {
    "inprocess": (
        forks.forks,
        inprocess.requests,
        inprocess.access,
        inprocess.server_side,
        inprocess.watched,
        inprocess.growth,
        inprocess.beginning,
    ),
    "http": (overhttp.requests, overhttp.lists, overhttp.start),
    "peers": (peers.compared,),
    "ledger": (ledger.growth,),
    "requests": (requests.per_action,),
    "system": (system.end_to_end,),
    "envtest": (control_plane.boot,),
    "kind": (clusters.boot,),
    "failover": (failover.latency, failover.takeover),
    "production": (production.agent,),
    "suites": (suites.times,),
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; default: all")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the rows go (default: bench.json)")
    options = parser.parse_args()
    unknown = sorted(set(options.areas) - set(AREAS))
    if unknown:
        parser.error(f"unknown area {unknown[0]!r}; there are {', '.join(AREAS)}")
    logging.getLogger("kubeactions").addHandler(logging.NullHandler())  # What replicas say of it is not asked here.
    rows: list[Row] = []
    note = Console(stderr=True, highlight=False)
    for area in options.areas or AREAS:
        for measure in AREAS[area]:
            note.print(f"measuring {area}: {measure.__name__} ...", style="dim")
            rows.extend(measure())
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    options.json.write_text(json.dumps({"machine": machine, "rows": [row.as_json() for row in rows]}, indent=1) + "\n")
    _print(rows)


def _print(rows: list[Row]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("AREA", "WHAT", "MEASURED", "HELD AGAINST", "RATIO", "ASKED", ""):
        table.add_column(column, justify="right" if column in ("MEASURED", "HELD AGAINST", "RATIO") else "left")
    for row in rows:
        table.add_row(
            row.area,
            row.name,
            _figure(row.value, row.unit),
            "" if row.ceiling is None else _figure(row.ceiling, row.unit),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.target,
            {None: "", True: "met", False: "NOT MET"}[row.met],
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _figure(value: float, unit: str) -> str:
    """Three digits at least, where there are so many."""
    return f"{value:,.{0 if value >= 1000 else 1 if value >= 10 else 2}f} {unit}".rstrip()


if __name__ == "__main__":
    main()
