"""Parameters that several action types share, and how values are read. Pure.

A value may be what JSON has for it or its text ("30", "true"), since the first generation of payloads knew strings
only. Every reader raises ValueError with a reason that completes "<field>: ...".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from kubeactions.errors import Malformed
from kubeactions.model import Json, Parameter
from kubeactions.plugins import nearest
from kubeactions.strict_json import check, decode

MAX_TIMEOUT_S = 86400
DEFAULT_ROLLOUT_S = 600
MAX_JSON_BYTES = 256 * 1024
MAX_JSON_DEPTH = 32
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


def whole(low: int, high: int, unit: str = "") -> Callable[[Json], int]:
    """Reads a whole number in [low, high], as a number or decimal text.

    A plus sign is read only where a minus sign has a meaning: who writes `replicas: "+2"` means two more, and must not
    get two.
    """
    what = f"whole {unit}".strip() if unit else "a whole number"

    def read(value: Json) -> int:
        meant_more = low >= 0 and isinstance(value, str) and value.startswith("+")
        if isinstance(value, str) and value.isascii() and _WHOLE.fullmatch(value) and not meant_more:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            verb = "are" if unit else "is"
            hint = "; it is no difference, so it takes no sign" if meant_more else ""
            raise ValueError(f"{what} from {low} to {high} {verb} expected, not {value!r}{hint}")
        return value

    return read


def flag(value: Json) -> bool:
    """Reads true or false, or their text."""
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise ValueError(f"true or false is expected, not {value!r}")
    return value


def choice(*words: str) -> Callable[[Json], str]:
    """Reads one of these words, as they are written here."""

    def read(value: Json) -> str:
        if not isinstance(value, str) or value not in words:
            wanted = " or ".join(f'"{word}"' for word in words)
            hint = nearest(value, words) if isinstance(value, str) and len(words) > 2 else ""
            raise ValueError(f"{wanted} is expected, not {value!r}{hint}")
        return value

    return read


def json_value(value: Json) -> Json:
    """Reads a JSON object or list, or its text; numbers stay as they were written."""
    if isinstance(value, str):
        try:
            value = decode(value.encode(), MAX_JSON_BYTES)
            check(value, "", MAX_JSON_DEPTH)
        except Malformed as error:
            raise ValueError(str(error).removeprefix("payload: ")) from error
    if not isinstance(value, (dict, list)):
        raise ValueError(f"a JSON object or list is expected, not {json.dumps(value)}")
    return value


IF_CHANGED = Parameter(
    "if_changed",
    choice("replan", "fail"),
    'what to do when somebody changes the target meanwhile: "replan" (the default) or "fail"',
    default="replan",
)
FORCE = "force"
WAIT = "wait"
TIMEOUT = "timeout_seconds"
WAITING = (
    Parameter(
        WAIT,
        choice("rollout"),
        '"rollout": the outcome says whether the rollout completed; later actions on the target wait for that',
    ),
    Parameter(
        TIMEOUT,
        whole(1, MAX_TIMEOUT_S, "seconds"),
        f"how long the rollout may take; the default is {DEFAULT_ROLLOUT_S}; goes with wait",
    ),
)
"""Parameters of the action types that can wait for a rollout; `check_waiting` belongs to them."""


def check_waiting(parameters: Mapping[str, Json]) -> None:
    """A timeout without anything to wait for is a mistake. Raises ValueError."""
    if TIMEOUT in parameters and WAIT not in parameters:
        raise ValueError(f'{TIMEOUT} goes with {WAIT}: "rollout"')


def all_of(*checks: Callable[[Mapping[str, Json]], None]) -> Callable[[Mapping[str, Json]], None]:
    """One check that asks several."""

    def run(parameters: Mapping[str, Json]) -> None:
        for one in checks:
            one(parameters)

    return run


def exactly_one(*names: str) -> Callable[[Mapping[str, Json]], None]:
    """A check that one of these parameters is given, and only one."""

    def run(parameters: Mapping[str, Json]) -> None:
        given = [name for name in names if name in parameters]
        if len(given) != 1:
            found = "both are" if given else "none is"
            raise ValueError(f"one of {_listed(names)} is expected; {found} given")

    return run


def deadline(now: datetime, seconds: float) -> str:
    """The end of a wait, as an intent keeps it."""
    return (now + timedelta(seconds=seconds)).isoformat()


def is_over(until: str, now: datetime | None) -> bool:
    """Whether a deadline that an intent keeps has passed."""
    return now is not None and now >= datetime.fromisoformat(until)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)
