"""What a controller is: which events give it which work, and one bounded step for each piece of work.

Subclassed by every controller of this package and driven by `Controllers` (dispatch.py). A controller is
level-triggered: what an event says is only which object to look at; the step looks at how things are now. It remembers
nothing that it could not find again, so a cluster that was saved and loaded goes on where it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, NamedTuple

from backends.fake.controllers.client import Client
from backends.fake.controllers.kinds import Kind
from backends.fake.controllers.owners import Owners
from backends.fake.events import Source
from backends.fake.store import StoreEvent

Place = tuple[str, str]
"""Namespace and name of the object that a step is about."""


class Now(NamedTuple):
    """The time of a step: `monotonic` seconds to measure with, `wall` (aware) to write down."""

    monotonic: float
    wall: datetime


class Controller(ABC):
    """One controller. `kind` is what its work is named after, `watches` what it hears of."""

    name: ClassVar[str]
    """Its name in the queue, and in its user name."""
    kind: ClassVar[Kind]
    watches: ClassVar[tuple[Kind, ...]]
    reaction_s: ClassVar[float | None] = None
    """How long after an event it acts, in seconds of cluster time; None: as long as controllers usually take."""

    component: ClassVar[str] = ""
    """As what it speaks in Events, where that is not its name."""

    background: ClassVar[bool] = False
    """Does it go on for ever? Then nobody waits for it to come to rest (`Cluster.settle`)."""

    def __init__(self, client: Client, owners: Owners) -> None:
        self.client = client
        self.owners = owners

    @classmethod
    def user(cls) -> str:
        """The user that its requests are made as: the service account of the real controller."""
        return f"system:serviceaccount:kube-system:{cls.name}"

    @classmethod
    def source(cls) -> Source:
        """As what it speaks in Events."""
        return Source(cls.component or cls.name)

    @abstractmethod
    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The work that an event gives. Called inside the commit: it reads, and never writes."""

    @abstractmethod
    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Do what is to be done about one object; returns in how many seconds to be called again without an event.

        Raises `Refused` when the server says no; the step is then tried again, later each time.
        """
