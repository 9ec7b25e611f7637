"""The page: runs laid side by side, as one HTML file that needs nothing but itself.

`scripts/report` calls it. Template, style and script lie in `page/`; what is in them escapes everything that comes from
a run, but for the marks that `gherkin` puts around quoted words and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tests.reporting.reading import Run
from tests.reporting.view import ORDER, PageView, Shown, lay_out

PARTS = Path(__file__).parent / "page"
SPOKEN: tuple[Shown, ...] = ("passed", "failed", "expected", "skipped", "missing")
"""The order in which the totals are told."""
_MARKED = re.compile(r'("[^"]*")|(<[^<>]+>)')


def render(runs: Sequence[Run], title: str) -> tuple[PageView, str]:
    """Lay the runs side by side; return what is shown, and the page. Raises MessagesError as `lay_out` does."""
    page = lay_out(runs)
    environment = Environment(
        loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"duration": duration, "gherkin": gherkin}
    parts = {name: Markup((PARTS / f"page.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}
    used = [
        status for status in SPOKEN if status in ("passed", "failed") or any(run.totals[status] for run in page.runs)
    ]
    environment.globals |= {"page": page, "title": title, "order": ORDER, "used": used, **parts}
    return page, environment.get_template("page.html.jinja").render()


def duration(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds < 0.0005:
        return "<1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def gherkin(text: str) -> Markup:
    """A line of Gherkin with its quoted words and its parameters marked."""
    parts = []
    end = 0
    for found in _MARKED.finditer(text):
        element = "q" if found[1] else "var"
        parts += [escape(text[end : found.start()]), Markup(f"<{element}>{{}}</{element}>").format(found[0])]
        end = found.end()
    return Markup().join([*parts, escape(text[end:])])
