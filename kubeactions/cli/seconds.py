"""A number on the command line that says how long: for every option that takes seconds or minutes.

click's own range lets "nan" through, since it compares as false with every limit.
"""

from __future__ import annotations

import math
from typing import Any

import click


class Seconds(click.FloatRange):
    """A finite number between two limits, both allowed. Refuses everything else with one line."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; raises `click.BadParameter`."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(
                f"{str(value)!r} is no number of {'minutes' if _counts_minutes(param) else 'seconds'}", param, ctx
            )
        return super().convert(value, param, ctx)


def _counts_minutes(option: click.Parameter | None) -> bool:
    return option is not None and option.metavar == "MINUTES"
