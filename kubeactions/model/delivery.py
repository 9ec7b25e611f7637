"""The seams at both ends: sources, where configs come from, and reporters, where results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from kubeactions.model.action import Action, ActionKey
from kubeactions.model.record import Outcome


@dataclass(frozen=True, slots=True)
class Config:
    """One remote configuration as a source delivers it: metadata id and version, and the payload's bytes."""

    id: str
    version: int
    payload: bytes
    source: str
    """Name of the source; provenance only."""
    problem: str = ""
    """What its source found wrong with the payload ("broken YAML: ..."): it is refused with this text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a source that is no config: which item, and why, in one line that says what to do."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Pull:
    """The whole current content of a source (level, not edge), and what in it could not be read."""

    configs: tuple[Config, ...]
    problems: tuple[Problem, ...] = ()


class AckState(StrEnum):
    """What a source is told of a config (Datadog's apply states)."""

    ACKNOWLEDGED = "acknowledged"
    """Its actions are durable in the ledger."""
    ERROR = "error"
    """It was refused; the text says why."""


class Source(Protocol):
    """Where configs come from. `pull` returns everything there is, each time; raises SourceError when it cannot."""

    name: str

    def pull(self) -> Pull:
        """Read the whole current set."""
        ...

    def ack(self, config: Config, state: AckState, message: str) -> None:
        """Say what became of a config; called only after that is durable. May be repeated."""
        ...


@runtime_checkable
class Wakeful(Protocol):
    """What a source may offer besides: to be read as soon as it has changed. Without it the next poll is waited for."""

    def stirs(self) -> bool:
        """Whether it may have changed since it was read. Asked ten times a second: cheap, no request, never raises."""
        ...

    def glance(self) -> Pull:
        """As `pull`, ahead of its time: what may be half written stays as it was until the next `pull`."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """One settled action on its way to a destination. Receivers drop repeats by `key`."""

    key: ActionKey
    action: Action | None
    """None when the config was too malformed to hold an action."""
    outcome: Outcome
    replica: str
    """Identity of the replica that settled it."""
    settled_at: datetime
    uid: str = ""
    """UID of the object that was acted on, as far as it is known."""


class Reporter(Protocol):
    """A destination. `deliver` returns when the destination has acknowledged; if it raises, it is asked again."""

    name: str

    def deliver(self, reports: Sequence[Report]) -> None:
        """Deliver all of them, in order."""
        ...
