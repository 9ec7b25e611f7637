"""A pod's life as data: which stage comes in which situation, after how long, and what it does.

The idea is that of kwok's `Stage`: no containers run, so all that a kubelet ever shows of one is a table. `fitting`
gives the rows of a situation; `Kubelet` (kubelet.py) keeps the time and applies the one that is due first. A pod
overrides the times with annotations (`Timing.of`), so a scenario says on the pod itself that it is slow, never Ready,
cannot be pulled, or crashes; `lives` gives times to pods by their labels and images.

It refuses an annotation that it cannot read: a misspelt number is an error, never a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from backends.kubelet import pods
from backends.kubelet.pods import Object

PREFIX: Final = "kubelet.kubeactions.test/"
"""Annotations under this name are read by this kubelet alone (`.test` is reserved by RFC 6761: nobody's domain)."""

NEVER: Final = "never"
CREATING: Final = "ContainerCreating"
INITIALIZING: Final = "PodInitializing"
ERR_IMAGE_PULL: Final = "ErrImagePull"
IMAGE_BACK_OFF: Final = "ImagePullBackOff"
PULL_BACK_OFF_S: Final = 10.0
"""How long an image that has not come is not asked for again, at first (`imageBackOff` of the kubelet)."""


class TimingError(ValueError):
    """An annotation of the pod's timing that cannot be read: names the annotation and its value."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a pod takes, in seconds (>= 0); None is never.

    `stop_after_s` None means the whole grace period and a SIGKILL (exit code 137), as a process has it that ignores
    SIGTERM; it is never longer. A process that obeys exits with 143.
    """

    start_after_s: float | None = 0.0
    """From being bound until the containers are being created."""
    ready_after_s: float | None = 1.0
    """From then until it is Running and Ready."""
    exit_after_s: float | None = None
    """From Ready until its containers exit by themselves; what follows is for the pod's restartPolicy."""
    exit_code: int = 0
    """With which code they exit (0 to 255)."""
    exit_times: int | None = None
    """How often they exit before they stay (>= 0); None: always."""
    unready_after_s: float | None = None
    """From Ready until a readiness probe fails; `ready_after_s` later it is Ready again."""
    stuck_reason: str = ""
    """Why the containers cannot be started (`ErrImagePull`, `CreateContainerConfigError`, ...); empty: they can."""
    stuck_for_s: float | None = None
    """From then until they can be; None: never. Means nothing without a reason."""
    stop_after_s: float | None = None
    """From the beginning of the deletion until its containers have stopped."""

    def of(self, pod: Object) -> Timing:
        """What holds for `pod`: this timing, or what its annotations say instead (`ready-after-s: "2.5"` or `never`).

        Raises `TimingError` for a value that is neither a number of seconds >= 0 nor `never`.
        """
        annotations = pod["metadata"].get("annotations")
        if not annotations:
            return self
        own = {key[len(PREFIX) :]: value for key, value in annotations.items() if key.startswith(PREFIX)}
        try:
            return self.with_values(own)
        except ValueError as error:
            raise TimingError(f"annotation {PREFIX}{error}") from None

    def with_values(self, values: Mapping[str, str]) -> Timing:
        """The same with other values, as they are written (`{"ready-after-s": "2.5"}`). Raises `ValueError`."""
        changes: dict[str, Any] = {_field(key): _read(key, value) for key, value in values.items()}
        return replace(self, **changes) if changes else self


_FIELDS: Final = {
    "start-after-s": "start_after_s",
    "ready-after-s": "ready_after_s",
    "exit-after-s": "exit_after_s",
    "exit-code": "exit_code",
    "exit-times": "exit_times",
    "unready-after-s": "unready_after_s",
    "stuck-reason": "stuck_reason",
    "stuck-for-s": "stuck_for_s",
    "stop-after-s": "stop_after_s",
}


def _field(key: str) -> str:
    if key not in _FIELDS:
        raise ValueError(f"{key}: unknown; known are {', '.join(_FIELDS)}")
    return _FIELDS[key]


_WHOLE: Final = {"exit-code": (255, "a code from 0 to 255"), "exit-times": (10**9, "a whole number >= 0")}
_REASON: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,99}")


def _read(key: str, value: str) -> str | float | None:
    if key == "stuck-reason":
        if not _REASON.fullmatch(value):
            raise ValueError(f"{key}: {value!r} is not a reason in CamelCase, such as ErrImagePull")
        return value
    if key in _WHOLE:
        most, wanted = _WHOLE[key]
        if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > most:
            raise ValueError(f"{key}: {value!r} is not {wanted}")
        return int(value)
    if value == NEVER:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{key}: {value!r} is not a number of seconds >= 0 or {NEVER!r}")
    return seconds


class Containers(Enum):
    """What the containers of a pod are doing, all together."""

    NONE = "no kubelet has looked at it yet"
    CREATING = "being created"
    UNPULLED = "cannot be created: the image has just not come"
    STUCK = "cannot be created"
    RUNNING = "running"
    BACKING_OFF = "waiting to be restarted"
    ENDED = "exited, not to be restarted"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a kubelet sees of a pod that is bound to its node."""

    deleting: bool
    containers: Containers
    ready: bool
    to_debug: bool = False
    """Whether somebody has added an ephemeral container that does not run yet."""

    @classmethod
    def of(cls, pod: Object) -> Situation:
        """The situation that the object describes."""
        return cls(pods.is_terminating(pod), _containers(pod), pods.is_ready(pod), bool(pods.unstarted_debuggers(pod)))


def _containers(pod: Object) -> Containers:
    status = pod.get("status", {})
    if pods.is_finished(pod):
        return Containers.ENDED
    if not status.get("startTime"):
        return Containers.NONE if pods.phase(pod) == "Pending" else Containers.RUNNING
    waiting = [entry.get("state", {}).get("waiting") for entry in status.get("containerStatuses") or ()]
    reasons = {found.get("reason") for found in waiting if found}
    if "CrashLoopBackOff" in reasons:
        return Containers.BACKING_OFF
    if pods.phase(pod) != "Pending":
        return Containers.RUNNING
    if ERR_IMAGE_PULL in reasons:
        return Containers.UNPULLED
    return Containers.STUCK if reasons - {CREATING, INITIALIZING} else Containers.CREATING


class Effect(Enum):
    """What a stage does to the pod; status.py knows how each looks."""

    START = "containers are being created"
    RUN = "containers run and are Ready"
    DEBUG = "ephemeral containers run"
    BACK_OFF = "the image is not asked for again for a while"
    EXIT = "containers exit by themselves"
    UNREADY = "no longer Ready: a probe fails, or containers got SIGTERM"
    STOP = "containers have stopped"
    REMOVE = "the object goes"


class Delay(Enum):
    """Which of the times a stage waits for."""

    NONE = "at once"
    START = "start_after_s"
    READY = "ready_after_s"
    EXIT = "exit_after_s, while it has not happened exit_times"
    UNREADY = "unready_after_s"
    PULL = "10 s, the first back-off of image pulls"
    STUCK = "stuck_for_s"
    STOP = "stop_after_s, at most the grace period"
    BACK_OFF = "10 s, doubled with each restart, at most 300 s"


@dataclass(frozen=True, slots=True)
class Stage:
    """One row: in this situation (None: whatever), after this delay, this effect."""

    name: str
    deleting: bool
    containers: Containers | None
    ready: bool | None
    delay: Delay
    effect: Effect
    to_debug: bool | None = None

    def fits(self, now: Situation) -> bool:
        """Whether this is the row for the situation."""
        return (
            self.deleting == now.deleting
            and self.containers in (None, now.containers)
            and self.ready in (None, now.ready)
            and self.to_debug in (None, now.to_debug)
        )


LIFE: Final = (
    Stage("start", False, Containers.NONE, None, Delay.START, Effect.START),
    Stage("ready", False, Containers.CREATING, None, Delay.READY, Effect.RUN),
    Stage("image back-off", False, Containers.UNPULLED, None, Delay.PULL, Effect.BACK_OFF),
    Stage("image comes", False, Containers.UNPULLED, None, Delay.STUCK, Effect.RUN),
    Stage("can be created", False, Containers.STUCK, None, Delay.STUCK, Effect.RUN),
    Stage("restart", False, Containers.BACKING_OFF, None, Delay.BACK_OFF, Effect.RUN),
    Stage("debug", False, Containers.RUNNING, None, Delay.NONE, Effect.DEBUG, to_debug=True),
    Stage("ready again", False, Containers.RUNNING, False, Delay.READY, Effect.RUN),
    Stage("exit", False, Containers.RUNNING, True, Delay.EXIT, Effect.EXIT),
    Stage("probe fails", False, Containers.RUNNING, True, Delay.UNREADY, Effect.UNREADY),
    Stage("remove", True, Containers.ENDED, None, Delay.NONE, Effect.REMOVE),
    Stage("remove unseen", True, Containers.NONE, None, Delay.NONE, Effect.REMOVE),
    Stage("unready", True, None, True, Delay.NONE, Effect.UNREADY),
    Stage("stop", True, None, False, Delay.STOP, Effect.STOP),
)
"""The whole life. Of the rows that fit, the one that is due first comes next, of several the upper one. A pod that fits
none (finished, not deleted) is left alone."""


def fitting(now: Situation) -> tuple[Stage, ...]:
    """The rows that may come next in this situation, in the table's order."""
    return tuple(stage for stage in LIFE if stage.fits(now))
