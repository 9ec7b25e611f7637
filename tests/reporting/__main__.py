"""`scripts/report`: one page of several runs. Reads messages, writes a file, says what is on it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from tests.reporting.page import render
from tests.reporting.reading import MessagesError, read_run

DEFAULT = Path("build/reports")

_HELP = """Lay runs of the features side by side on one HTML page: the Gherkin, and a column for each run.

RUNS are files of Cucumber messages, or folders of such files (default: build/reports). A column is called as its file:

\b
  pytest --backend fake --report-dir build/reports
  pytest --backend live --report-dir build/reports
  scripts/report

Exit code: 0 written (also when scenarios have failed), 2 a file cannot be read or is none of Cucumber's.
"""


@click.command("report", help=_HELP)
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="The page (default: index.html beside the first)."
)
@click.option("--title", default="Scenarios by backend", show_default=True, help="What the page is called.")
def main(runs: tuple[Path, ...], output: Path | None, title: str) -> None:
    """Read, lay out, write."""
    try:
        files = [file for given in runs or (DEFAULT,) for file in _files(given)]
        twice = [name for name, count in Counter(file.stem for file in files).items() if count > 1]
        if twice:
            raise MessagesError(f"two files are called {twice[0]}.ndjson: a column is called as its file, rename one")
        page, text = render([read_run(file) for file in files], title)
        output = output or files[0].with_name("index.html")
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except MessagesError as error:
        sys.exit(_refuse(str(error)))
    except OSError as error:
        sys.exit(_refuse(f"{error.filename}: {error.strerror}"))
    for run in page.runs:
        told = ", ".join(f"{run.totals[status]} {status}" for status in sorted(run.totals))
        click.echo(f"{run.run.name}: {told}{'' if run.run.finished else ' (cut off)'}")
    click.echo(output)


def _files(given: Path) -> list[Path]:
    """The files of messages that an argument means."""
    if not given.is_dir():
        return [given]
    found = sorted(given.glob("*.ndjson"))
    if not found:
        raise MessagesError(f"{given}: no *.ndjson in it; pytest --report-dir {given} writes one")
    return found


def _refuse(message: str) -> int:
    click.echo(f"report: {message}", err=True)
    return 2


if __name__ == "__main__":
    main(prog_name="scripts/report")
