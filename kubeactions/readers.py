"""Readers of settings: an untyped value in, a typed one out, or ValueError with a reason that completes "<key>: ...".

The tables of settings.py and safety.py are made of them; a value may come from YAML, or as text from the environment.
They know no key and no file.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def boolean(value: object) -> bool:
    """`true`/`false`, also as the strings that the Datadog agent accepts (Go's strconv.ParseBool)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int) and str(value) in {"1", "t", "T", "true", "True", "TRUE"}:
        return True
    if isinstance(value, str | int) and str(value) in {"0", "f", "F", "false", "False", "FALSE"}:
        return False
    raise ValueError(f"true or false is expected, not {value!r}")


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise ValueError(f"a string is expected, not {value!r}")
    return value


def seconds(low: float, high: float) -> Callable[[object], float]:
    """A reader of a duration in [low, high] seconds: a number, or text such as `90`, `90s`, `5m`, `1h30m`."""

    def read(value: object) -> float:
        found = _duration(value)
        if found is None or not low <= found <= high:
            raise ValueError(f"a duration of {low:.10g} s to {high:.10g} s is expected (90, 90s, 5m), not {value!r}")
        return found

    return read


def whole_seconds(low: int, high: int) -> Callable[[object], float]:
    """The same, without a fraction: a Lease counts whole seconds."""

    def read(value: object) -> float:
        found = seconds(low, high)(value)
        if not found.is_integer():
            raise ValueError(f"whole seconds are expected, not {value!r}")
        return found

    return read


def _duration(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e12 else None  # What no float can hold is not converted.
    if not isinstance(value, str) or not value:
        return None
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", value):
        return float(value)
    match = _DURATION.fullmatch(value)
    if match is None or len(value) > 40:
        return None
    hours, minutes, secs = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + secs


def integer(low: int, high: int) -> Callable[[object], int]:
    """A reader of a whole number in [low, high], also as decimal text."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high} is expected, not {value!r}")
        return value

    return read


def namespace(value: object) -> str:
    """A DNS-1123 label (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)."""
    if not _DNS_LABEL.fullmatch(found := text(value)):
        raise ValueError(f"{found!r} is no namespace name (lower-case letters, digits and '-', at most 63)")
    return found


def object_name(value: object) -> str:
    """A DNS-1123 subdomain."""
    found = text(value)
    if len(found) > 253 or not _DNS_SUBDOMAIN.fullmatch(found):
        raise ValueError(f"{found!r} is no object name (lower-case letters, digits, '-' and '.', at most 253)")
    return found


def address(value: object) -> str:
    """`host:port`, `[::1]:port` or `:port` (every address); "" for nowhere."""
    found = text(value)
    if found:
        split_address(found)
    return found


def split_address(value: str) -> tuple[str, int]:
    """Host ("" is every address) and port (0: any that is free). Raises ValueError."""
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]\s]*)):(?P<port>\d{1,5})", value)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"host:port or :port is expected, not {value!r}")
    return match["six"] or match["host"] or "", int(match["port"])


def choice(*known: str) -> Callable[[object], str]:
    """A reader of one of these words."""

    def read(value: object) -> str:
        if (found := text(value)) not in known:
            raise ValueError(f"one of {', '.join(known)} is expected, not {found!r}")
        return found

    return read


def texts(value: object) -> tuple[str, ...]:
    """A list of strings; from the environment a JSON list, or words between blanks or commas."""
    if isinstance(value, str):
        value = structured(value) if value.lstrip().startswith("[") else re.split(r"[\s,]+", value.strip())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"a list of strings is expected, not {value!r}")
    return tuple(item for item in value if item)


def namespaces(value: object) -> frozenset[str]:
    """A list of namespace names."""
    return frozenset(namespace(item) for item in texts(value))


def optional_namespaces(value: object) -> frozenset[str] | None:
    """The same; None stays None: all of them."""
    return None if value is None else namespaces(value)


def words(value: object) -> frozenset[str]:
    """A set of strings, written as a list."""
    return frozenset(texts(value))


def allowed(value: object) -> frozenset[str] | None:
    """A list of action types; None stays None: all of them."""
    return None if value is None else words(value)


def structured(value: str) -> object:
    """A JSON or YAML value from text. Raises ValueError."""
    try:
        return yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{value!r} is no JSON") from error
