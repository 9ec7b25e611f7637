"""A pod's life as data: which stage comes in which situation, after how long, and what it does.

The idea is that of kwok's `Stage`: no containers run, so all that a kubelet ever shows of one is a table. `next_stage`
picks the first row whose situation fits; `Kubelet` (kubelet.py) keeps the time and applies the row. A pod overrides the
times with annotations (`Timing.of`), so a scenario says on the pod itself that it is slow, never Ready, or crashes.

It refuses an annotation that it cannot read: a misspelt number is an error, never a default.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from backends.kubelet import pods
from backends.kubelet.pods import Object

PREFIX: Final = "kubelet.kubeactions.test/"
"""Annotations under this name are read by this kubelet alone (`.test` is reserved by RFC 6761: nobody's domain)."""

NEVER: Final = "never"


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
        changes: dict[str, Any] = {_field(key): _read(key, value) for key, value in own.items()}
        return replace(self, **changes) if changes else self


_FIELDS: Final = {
    "start-after-s": "start_after_s",
    "ready-after-s": "ready_after_s",
    "exit-after-s": "exit_after_s",
    "exit-code": "exit_code",
    "stop-after-s": "stop_after_s",
}


def _field(key: str) -> str:
    if key not in _FIELDS:
        raise TimingError(f"annotation {PREFIX}{key}: unknown; known are {', '.join(_FIELDS)}")
    return _FIELDS[key]


def _read(key: str, value: str) -> float | int | None:
    try:
        if key == "exit-code":
            code = int(value)
            if not 0 <= code <= 255:
                raise ValueError
            return code
        if value == NEVER:
            return None
        seconds = float(value)
        if not 0 <= seconds < float("inf"):
            raise ValueError
        return seconds
    except ValueError:
        raise TimingError(
            f"annotation {PREFIX}{key}: {value!r} is not "
            + ("a code from 0 to 255" if key == "exit-code" else f"a number of seconds >= 0 or {NEVER!r}")
        ) from None


class Containers(Enum):
    """What the containers of a pod are doing, all together."""

    NONE = "no kubelet has looked at it yet"
    CREATING = "being created"
    RUNNING = "running"
    BACKING_OFF = "waiting to be restarted"
    ENDED = "exited, not to be restarted"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a kubelet sees of a pod that is bound to its node."""

    deleting: bool
    containers: Containers
    ready: bool

    @classmethod
    def of(cls, pod: Object) -> Situation:
        """The situation that the object describes."""
        return cls(pods.is_terminating(pod), _containers(pod), pods.is_ready(pod))


def _containers(pod: Object) -> Containers:
    status = pod.get("status", {})
    if pods.is_finished(pod):
        return Containers.ENDED
    if not status.get("startTime"):
        return Containers.NONE if pods.phase(pod) == "Pending" else Containers.RUNNING
    waiting = [entry.get("state", {}).get("waiting") for entry in status.get("containerStatuses") or ()]
    if any(found and found.get("reason") == "CrashLoopBackOff" for found in waiting):
        return Containers.BACKING_OFF
    return Containers.CREATING if pods.phase(pod) == "Pending" else Containers.RUNNING


class Effect(Enum):
    """What a stage does to the pod; status.py knows how each looks."""

    START = "containers are being created"
    RUN = "containers run and are Ready"
    EXIT = "containers exit by themselves"
    UNREADY = "containers got SIGTERM: no longer Ready"
    STOP = "containers have stopped"
    REMOVE = "the object goes"


class Delay(Enum):
    """Which of the times a stage waits for."""

    NONE = "at once"
    START = "start_after_s"
    READY = "ready_after_s"
    EXIT = "exit_after_s"
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

    def fits(self, now: Situation) -> bool:
        """Whether this is the row for the situation."""
        return (
            self.deleting == now.deleting
            and self.containers in (None, now.containers)
            and self.ready in (None, now.ready)
        )


LIFE: Final = (
    Stage("start", False, Containers.NONE, None, Delay.START, Effect.START),
    Stage("ready", False, Containers.CREATING, None, Delay.READY, Effect.RUN),
    Stage("restart", False, Containers.BACKING_OFF, None, Delay.BACK_OFF, Effect.RUN),
    Stage("ready again", False, Containers.RUNNING, False, Delay.READY, Effect.RUN),
    Stage("exit", False, Containers.RUNNING, True, Delay.EXIT, Effect.EXIT),
    Stage("remove", True, Containers.ENDED, None, Delay.NONE, Effect.REMOVE),
    Stage("remove unseen", True, Containers.NONE, None, Delay.NONE, Effect.REMOVE),
    Stage("unready", True, None, True, Delay.NONE, Effect.UNREADY),
    Stage("stop", True, None, False, Delay.STOP, Effect.STOP),
)
"""The whole life, first fit wins. A pod that fits no row (finished, not deleted) is left alone."""


def next_stage(now: Situation) -> Stage | None:
    """The row that comes next in this situation, or None."""
    return next((stage for stage in LIFE if stage.fits(now)), None)
