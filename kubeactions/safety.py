"""What an operator sets to keep actions harmless: scope, windows, approvals, rates, blast radius, breaker, dry run.

`settings.py` reads these keys into `Settings.safety`; the policy judges by them. This file holds the values and the
readers of those that are more than a word or a number; it decides nothing. A reader raises ValueError with a reason
that completes "<key>: ...".

A maintenance window is a cron expression for its beginning and a duration, as Argo CD's sync windows are
(https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/). The expression is read by cronsim, which treats
changes to and from daylight saving time as Debian's cron does; time zones are those of the machine's tz database, or
of the package tzdata where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from kubeactions.plugins import nearest
from kubeactions.readers import choice, integer, seconds, structured, text, texts, words

EVERY = "*"
"""Stands for every name that has no entry of its own."""
MAX_WINDOW_S = 7 * 86400.0
"""Longest maintenance window, in seconds; a longer one is no window."""

_KIND = re.compile(r"(?:(?P<group>[a-z0-9.-]+)/)?(?P<kind>[A-Za-z][A-Za-z0-9]{0,62})")
_VERSION = re.compile(r"v\d+((alpha|beta)\d+)?")
_RATE = re.compile(r"(?P<count>\d{1,6})/(?P<per>.+)")
_PAIR = re.compile(r"(?P<name>[^=\s]+)=(?P<value>\S+)")
_WINDOW_KEYS = frozenset({"kind", "schedule", "duration", "time_zone", "actions", "namespaces"})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """A recurring stretch of time in which actions may run (`allow`), or may not (`deny`)."""

    schedule: str
    """Five fields of cron: when it begins, in the time of `zone`."""
    duration_s: float
    """How long it is open, in seconds that pass, whatever the clocks on the wall do meanwhile."""
    zone: ZoneInfo
    deny: bool = False
    actions: frozenset[str] = frozenset()
    """The action types that it is about; none: all."""
    namespaces: frozenset[str] = frozenset()
    """The namespaces that it is about; none: all, and cluster-scoped targets."""

    def __str__(self) -> str:
        return f"{self.schedule!r} in {self.zone.key}, for {self.duration_s / 60:g} min"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `count` (>= 1) at once, refilled evenly by as many in `per_s` seconds."""

    count: int
    per_s: float

    def __str__(self) -> str:
        return f"{self.count} in {self.per_s:g} s"


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """How many objects of one kind in one namespace (or the cluster) actions may touch within a time; never below 1."""

    percent: float = 0.0
    """Of all objects of that kind there; 0: not asked."""
    absolute: int = 0
    """0: not asked."""
    window_s: float = 600.0

    @property
    def set(self) -> bool:
        """Whether there is a bound at all."""
        return self.percent > 0 or self.absolute > 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """So many actions that end as `failed` or `unknown` within a time pause the system."""

    failures: int = 20
    """0: never."""
    window_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Safety:
    """Everything that holds actions back beside expiry, protected namespaces and the safety hook."""

    dry_run: bool = False
    """Nothing is changed: each action is rehearsed by the API server and ends as `dry_run`."""
    namespaces: frozenset[str] | None = None
    """The only namespaces to act in; None: all that are not protected."""
    kinds: frozenset[tuple[str | None, str]] | None = None
    """The only kinds to act on, as (group or None for any, kind in lower case); None: all."""
    windows: tuple[Window, ...] = ()
    approvals: Mapping[str, int] = field(default_factory=dict)
    """How many people must approve, by action type; `*` is every other one."""
    rate_per_type: Mapping[str, Rate] = field(default_factory=dict)
    rate_per_namespace: Mapping[str, Rate] = field(default_factory=dict)
    max_in_flight: int = 32
    """Actions that have begun and not ended, over all."""
    not_before_limit_s: float = 7 * 86400.0
    """How far ahead of its stamp an action may ask to begin."""
    blast_radius: BlastRadius = field(default_factory=BlastRadius)
    breaker: Breaker = field(default_factory=Breaker)

    def action_types(self) -> frozenset[str]:
        """Every action type that these settings name, so that a mistyped one can be found."""
        named = set(self.approvals) | set(self.rate_per_type)
        return frozenset(named.union(*(window.actions for window in self.windows)) - {EVERY})


def build(values: Mapping[str, Any]) -> Safety:
    """The settings under their attributes; `blast_radius.*` and `breaker.*` belong to the parts of that name."""

    def part(prefix: str) -> dict[str, Any]:
        return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(prefix)}

    flat = {name: value for name, value in values.items() if "." not in name}
    return Safety(**flat, blast_radius=BlastRadius(**part("blast_radius.")), breaker=Breaker(**part("breaker.")))


# --- readers ---


def kinds(value: object) -> frozenset[tuple[str | None, str]] | None:
    """A list of kinds: `Pod`, or with its group, `apps/Deployment`; None stays None: all of them."""
    return None if value is None else frozenset(_kind(one) for one in texts(value))


def _kind(value: str) -> tuple[str | None, str]:
    match = _KIND.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is no kind (Pod, apps/Deployment)")
    if _VERSION.fullmatch(match["group"] or ""):
        raise ValueError(f"{value!r}: a group is expected before the slash, no version (Pod, apps/Deployment)")
    return match["group"], match["kind"].casefold()


def percent(value: object) -> float:
    """More than 0 and at most 100, as a number or text, with or without a % sign."""
    found = value.removesuffix("%").strip() if isinstance(value, str) else value
    try:
        number = float(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 < number <= 100:
        raise ValueError(f"a percentage above 0 and up to 100 is expected, not {value!r}")
    return number


def rate(value: object) -> Rate:
    """`10/1m`: ten at once, and ten more each minute."""
    match = _RATE.fullmatch(text(value))
    if match is None or int(match["count"]) < 1:
        raise ValueError(f"a rate such as 10/1m (count/duration) is expected, not {value!r}")
    return Rate(int(match["count"]), seconds(1, 7 * 86400)(match["per"]))


def approvals(value: object) -> int:
    """How many people must approve: 0 to 10."""
    return integer(0, 10)(value)


def by_name(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    """A reader of an object of names; from the environment JSON, or words such as `delete_pod=10/1m *=60/1m`."""

    def read_all(value: object) -> Mapping[str, T]:
        found = _pairs(value) if isinstance(value, str) else value
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise ValueError(f"an object of names is expected, not {value!r}")
        return {name: _read_one(read, name, one) for name, one in found.items()}

    return read_all


def _read_one(read: Callable[[object], T], name: str, value: object) -> T:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _pairs(value: str) -> object:
    if value.lstrip().startswith("{"):
        return structured(value)
    found: dict[str, str] = {}
    for word in re.split(r"[\s,]+", value.strip()):
        match = _PAIR.fullmatch(word)
        if match is None:
            raise ValueError(f"name=value is expected, not {word!r}")
        found[match["name"]] = match["value"]
    return found


def windows(value: object) -> tuple[Window, ...]:
    """A list of windows; from the environment a JSON list."""
    found = structured(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise ValueError(f"a list of windows is expected, not {value!r}")
    return tuple(_window(one, f"window {number}") for number, one in enumerate(found, 1))


def _window(value: object, where: str) -> Window:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: an object with schedule and duration is expected, not {value!r}")
    for key in value:
        if key not in _WINDOW_KEYS:
            raise ValueError(f"{where}: unknown member {key!r}{nearest(str(key), _WINDOW_KEYS)}")
    for key in ("schedule", "duration"):
        if key not in value:
            raise ValueError(f"{where}: {key} is missing")
    try:
        return Window(
            schedule=_schedule(value["schedule"]),
            duration_s=seconds(60, MAX_WINDOW_S)(value["duration"]),
            zone=_zone(value.get("time_zone", "UTC")),
            deny=choice("allow", "deny")(value.get("kind", "allow")) == "deny",
            actions=words(value.get("actions") or []),
            namespaces=words(value.get("namespaces") or []),
        )
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _schedule(value: object) -> str:
    """Five fields that match some day; a sixth one, for seconds, would not mean what cron means."""
    found = " ".join(text(value).split())
    if len(found.split(" ")) != 5:
        raise ValueError(f"schedule: five fields of cron are expected, not {found!r}")
    try:
        next(CronSim(found, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"schedule: {found!r} is no cron expression: {error}") from error
    except StopIteration as error:
        raise ValueError(f"schedule: {found!r} matches no day at all") from error
    return found


def _zone(value: object) -> ZoneInfo:
    found = text(value)
    try:
        return ZoneInfo(found)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a name that is a directory of zones.
        raise ValueError(f"time_zone: {found!r} is not in the tz database (Europe/Paris, UTC)") from error
