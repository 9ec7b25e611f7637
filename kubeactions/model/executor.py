"""The seam between the processor and an action type: what it sees, plans, sends and concludes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from kubeactions.command_policy import ExecLimits
from kubeactions.errors import Refused
from kubeactions.model.action import Action, Json, JsonObject, Spec
from kubeactions.model.record import Intent, Outcome


class Reader(Protocol):
    """What an executor may look with; `kubeactions.kube.Kube` is one. Paths are those of the API, without a query."""

    def get(self, path: str, *, max_bytes: int = ..., **query: str | int) -> JsonObject:
        """One object. Raises a `KubeError`."""
        ...

    def list(self, path: str, **query: str | int) -> JsonObject:
        """A whole list, all pages of it. Raises a `KubeError`."""
        ...

    def rehearse(self, path: str, body: Json, *, type: str = "json") -> JsonObject:  # noqa: A002
        """What a PATCH would make of the object: a server-side dry run, nothing is stored. Raises a `KubeError`."""
        ...


@runtime_checkable
class Runner(Protocol):
    """What a look may ask a container with, where the action has left something there that tells of it."""

    def exec(
        self, path: str, command: Sequence[str], *, container: str, deadline_s: float, max_bytes: int
    ) -> JsonObject:
        """Run a command in a container: `exit_code` or null, `error`, `stdout`, `stderr`, `cut`; see kube.py."""
        ...


class Cluster(Reader, Runner, Protocol):
    """What an executor may act with. Every method sends one request and raises a `KubeError` if it did not succeed."""

    def create(self, path: str, body: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """POST `body` to a collection or subresource."""
        ...

    def replace(self, path: str, body: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """PUT `body`."""
        ...

    def patch(self, path: str, body: Json, *, type: str = "json", dry_run: bool = False) -> JsonObject:  # noqa: A002
        """PATCH; `type` is "json" (body: a list), "merge" or "strategic" (body: a dict)."""
        ...

    def delete(
        self,
        path: str,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: str | None = None,
    ) -> JsonObject:
        """DELETE; `uid` is sent as a precondition, `propagation` is Background, Foreground or Orphan."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the cluster brought back, for the decisions, which are pure."""

    target: JsonObject | None
    """The target as it is now; None when there is none of that name."""
    related: tuple[JsonObject, ...] = ()
    """What else bears witness (a Deployment's ReplicaSets)."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that depends on "now", resolved once: what is sent, and sent again, is decided by this alone."""

    uid: str
    """UID of the object that may be touched; "" when the effect is not about one."""
    pin: int | str | None = None
    """The state that the request is conditional on: a generation (int), a resourceVersion (str), or None."""
    resolved: Mapping[str, Json] = field(default_factory=dict)
    text: str = ""
    """What is about to be done, in one line."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan may rely on besides what it sees."""

    now: datetime
    marker: str
    previous: Intent | None = None
    """The intent that this plan replaces; its UID still binds."""
    permits: frozenset[str] = frozenset()
    """What the operator allows beyond the default, by name."""
    sensitive_words: tuple[str, ...] = ()
    """Further words whose values a read hides."""
    exec_limits: ExecLimits = field(default_factory=ExecLimits)
    """Which commands the operator lets be run in containers."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What this process knows of the last send of one part of an intent."""

    at: datetime
    answered: bool = False
    """It got a 2xx."""
    refused: Refused | None = None
    """The definite 4xx."""
    doubt: bool = False
    """This try or an earlier one got no definite answer, and none since has been a 2xx: it may still be applied."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an intent after a send, or when it is recovered."""

    answer: Json = None
    """The 2xx body of the last send, or what the executor returned; None when there is none."""
    refused: Refused | None = None
    """The definite 4xx of the last send."""
    doubt: bool = False
    """True when some send of this attempt got no definite answer, or the intent is recovered."""
    seen: Seen | None = None
    """A look taken after that; None: not looked yet."""
    looks: int = 0
    """How often this was looked at without a conclusion."""
    at: datetime | None = None
    """The time of day, for intents that have a deadline (in `resolved`)."""
    parts: Mapping[str, Tried] = field(default_factory=dict)
    """The last try of each part that was sent by this process; a new leader begins with none."""
    barred: str = ""
    """Why nothing more may be sent for it (expired, say); "" when more may be."""


class Next(StrEnum):
    """What an executor wants done with an intent."""

    SETTLE = "settle"
    LOOK = "look"
    """Look at the cluster (again), then ask again."""
    SEND = "send"
    """Send the same request again: same UID, same pin."""
    REPLAN = "replan"
    """The pin is dead and nothing was applied: make a new plan (attempts are bounded)."""
    ADVANCE = "advance"
    """A step is done and more is to come: make the new `resolved` durable, then look and ask again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with an intent. Made by the constructors below."""

    next: Next
    reason: str = ""
    text: str = ""
    after_s: float = 0.0
    """Seconds to wait first; 0: at once, or with the processor's own backoff for SEND."""
    outcome: Outcome | None = None
    """Set for SETTLE only."""
    parts: tuple[str, ...] = ()
    """SEND only: the parts to send, one request each; empty for an intent that is one request."""
    resolved: Mapping[str, Json] | None = None
    """Set for ADVANCE only: what takes the place of the intent's."""
    undone: bool = False
    """SEND only: this attempt has done nothing so far, whatever is feared of its class of effect."""

    @classmethod
    def settle(cls, outcome: Outcome) -> Verdict:
        """It is over."""
        return cls(Next.SETTLE, outcome.reason, outcome.message, outcome=outcome)

    @classmethod
    def look(cls, reason: str, text: str = "", after_s: float = 0.0) -> Verdict:
        """Cannot say without looking."""
        return cls(Next.LOOK, reason, text, after_s)

    @classmethod
    def send(cls, reason: str, text: str = "", after_s: float = 0.0, *, undone: bool = False) -> Verdict:
        """Not applied, and the same request can still be applied once at most."""
        return cls(Next.SEND, reason, text, after_s, undone=undone)

    @classmethod
    def send_parts(cls, parts: tuple[str, ...], reason: str, text: str = "") -> Verdict:
        """Send these parts of the intent, one request each. `execute` finds the part in `resolved["part"]`."""
        return cls(Next.SEND, reason, text, parts=parts)

    @classmethod
    def advance(cls, resolved: Mapping[str, Json], reason: str, text: str = "", after_s: float = 0.0) -> Verdict:
        """A step is done: keep that, wait, and go on by looking. Nothing is sent before it is durable."""
        return cls(Next.ADVANCE, reason, text, after_s, resolved=resolved)

    @classmethod
    def replan(cls, reason: str, text: str = "") -> Verdict:
        """Not applied, and it never will be: the pin is dead."""
        return cls(Next.REPLAN, reason, text)


class Executor(Protocol):
    """One action type. `look` and `execute` are hands; `plan` and `verdict` are pure.

    pending --look, plan--> Plan --made durable--> Intent --execute, verdict--> Outcome. A plan that is an Outcome ends
    the action with nothing sent: the target is gone, or as wanted already, or it was a read.

    What takes long is steps, not a loop: a verdict that says ADVANCE keeps what is done in the intent, and every round
    looks again, under this leader or the next. An intent may have parts (the pods of a drain), each a request of its
    own that can be told from the others on the server. What leaves no trace (class X) is executed in a thread of its
    own, several at a time on several targets: its `execute` keeps no state.
    """

    spec: Spec

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """GET what plan (`intent` None) or verdict needs. A missing target is `Seen(None)`; other KubeErrors pass."""
        ...

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """Resolve everything that depends on now. Pure."""
        ...

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """Send one request, decided by the intent alone, and return the answer's body (never None)."""
        ...

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """What the evidence means. Pure."""
        ...
