"""Lengths of time as Kubernetes people write them: Go's `10m`, `1h30m`, `500ms`.

Read by `Cluster.advance` and the command line. The rules are those of Go's time.ParseDuration; plain numbers are
seconds, and a timedelta is what it says.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_UNIT_S: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def seconds_of(duration: str | float | timedelta) -> float:
    """The length in seconds, 0 or more. Raises ValueError, with what would be right, for anything else."""
    if isinstance(duration, timedelta):
        found = duration.total_seconds()
    elif isinstance(duration, str):
        found = _parsed(duration)
    else:
        found = float(duration)
    if not 0 <= found < float("inf"):
        raise ValueError(f"duration {duration!r}: time moves forward only, and not for ever")
    return found


def _parsed(text: str) -> float:
    if text == "0":
        return 0.0
    total, position = 0.0, 0
    while (part := _PART.match(text, position)) is not None:
        total += float(part[1]) * _UNIT_S[part[2]]
        position = part.end()
    if not text or position != len(text):
        raise ValueError(f"duration {text!r}: expected numbers with units (h, m, s, ms, us, ns), such as 10m or 1h30m")
    return total
