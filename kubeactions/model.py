"""The nouns. Frozen; no I/O, no clock, nothing of Kubernetes but names.

An `Action` is one order. Its `ActionKey` says which order it is; its digest says what it orders. The ledger keeps a
`Record` of it. An executor's `Plan` becomes the record's `Intent` before anything is sent, and its `Verdict` becomes
the `Outcome`. `Spec` is what an action type says of itself: validator, policy, RBAC, help and docs read it from there.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from kubeactions.errors import Refused

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

MARKER_ANNOTATION = "kubeactions.datadoghq.com/action"
"""Annotation that carries an action's marker on what it changed."""
FIELD_MANAGER = "kubeactions"
"""fieldManager of every write."""


class EffectClass(StrEnum):
    """How an action's effect is fenced; see docs/protocol.md."""

    PATCH = "P"
    """Marker and change travel in one pinned patch: exactly one effect."""
    UNIQUE = "U"
    """The target can undergo it only once: exactly one effect per UID."""
    NAMED = "N"
    """Created under a name that the marker decides: at most once."""
    UNTRACED = "X"
    """Leaves no trace: at most once, `unknown` on doubt."""
    READ = "R"
    """Changes nothing: may be repeated."""


class Phase(StrEnum):
    """Where a record stands: `pending -> intent -> settled`, or straight from pending to settled."""

    PENDING = "pending"
    INTENT = "intent"
    SETTLED = "settled"


class Status(StrEnum):
    """How an action ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have happened: look. Never dressed up as one of the others."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, order=True)
class ActionKey:
    """Which order this is: metadata id, metadata version (>= 1) and index in the config's list (>= 0).

    Printed `<id>:v<version>`; `#<index>` is added when the config holds several actions (`batch`). The source is
    provenance, not identity: the same config by two sources is one action.
    """

    id: str
    version: int
    index: int = 0
    batch: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.id}:v{self.version}" + (f"#{self.index}" if self.batch else "")

    @property
    def marker(self) -> str:
        """A short name of the key: 16 lower-case base32 characters, fit for labels, annotations and Audit-ID."""
        text = json.dumps([self.id, self.version, self.index], ensure_ascii=False, separators=(",", ":"))
        return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()


@dataclass(frozen=True, slots=True)
class Target:
    """What the action is about. `namespace` is "" for cluster-scoped kinds; `uid` is "" when the order names none."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""

    @property
    def group(self) -> str:
        """The API group; "" is the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def lock(self) -> tuple[str, str, str, str]:
        """What is serialised: two actions on the same group, kind, namespace and name run one after the other."""
        return (self.group, self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} " + (f"{self.namespace}/" if self.namespace else "") + self.name


@dataclass(frozen=True)
class Action:
    """One order, validated. `parameters` are the executor's, already checked and typed; `created_at` is aware UTC."""

    key: ActionKey
    type: str
    target: Target
    created_at: datetime
    parameters: Mapping[str, Json] = field(default_factory=dict)
    action_id: str = ""
    requested_by: str = ""
    user_uuid: str = ""
    source: str = field(default="", compare=False)
    """Where it came from; provenance only, not part of the digest."""

    def content(self) -> JsonObject:
        """What is ordered, as JSON: everything but the key and the source."""
        return {
            "action_type": self.type,
            "resource": {
                "api_version": self.target.api_version,
                "kind": self.target.kind,
                "namespace": self.target.namespace,
                "name": self.target.name,
                "resource_id": self.target.uid,
            },
            "parameters": dict(self.parameters),
            "timestamp": self.created_at.isoformat(),
            "action_id": self.action_id,
            "requested_by": self.requested_by,
            "user_uuid": self.user_uuid,
        }

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of the canonical JSON of `content()`: the same key with another digest is a conflict."""
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended, for people (`message`) and programs (`reason`, a CamelCase code)."""

    status: Status
    reason: str
    message: str
    inferred: bool = False
    """True when the effect was seen but not its author: somebody or something applied it, most likely we."""
    payload: Mapping[str, Json] = field(default_factory=dict)
    """What a read brought back; reported, never kept in the ledger."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an action type.

    `parse` takes what the payload held (a JSON value or a seed-style string), returns the typed value and raises
    ValueError with a reason that completes "<field>: ...".
    """

    name: str
    parse: Callable[[Json], Json]
    help: str
    default: Json = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One RBAC rule that an action type needs in the target's namespace (or cluster-wide)."""

    group: str
    resource: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """What an action type says of itself. `kinds` maps each accepted kind to its (apiVersion, plural)."""

    type: str
    effect: EffectClass
    summary: str
    kinds: Mapping[str, tuple[str, str]]
    """Empty: any kind, looked up by discovery."""
    parameters: tuple[Parameter, ...] = ()
    rules: tuple[Rule, ...] = ()
    namespaced: bool | None = True
    """True: a namespace is required; False: none is allowed; None: either."""
    example: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """One remote configuration as a source delivers it: metadata id and version, and the payload's bytes."""

    id: str
    version: int
    payload: bytes
    source: str
    """Name of the source; provenance only."""


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


class Reader(Protocol):
    """What an executor may look with; `kubeactions.kube.Kube` is one. Paths are those of the API, without a query."""

    def get(self, path: str, *, max_bytes: int = ..., **query: str | int) -> JsonObject:
        """One object. Raises a `KubeError`."""
        ...

    def list(self, path: str, **query: str | int) -> JsonObject:
        """A whole list, all pages of it. Raises a `KubeError`."""
        ...


class Cluster(Reader, Protocol):
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

    def delete(self, path: str, *, uid: str | None = None, grace_period_s: int | None = None) -> JsonObject:
        """DELETE; `uid` is sent as a precondition."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of a record's history: which step decided what, and when. `kubeactions why` prints them."""

    step: str
    """accept, gate, plan, send, recover, settle, report."""
    reason: str
    """CamelCase code."""
    text: str
    at: datetime


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
class Intent:
    """A plan made durable before its request is sent. Whoever finds it knows what may have happened."""

    epoch: int
    """Epoch of the leader that owns it; a new leader claims it before it looks at the target."""
    attempt: int
    """1 for the first plan; each new plan adds one."""
    uid: str
    pin: int | str | None
    resolved: Mapping[str, Json]
    at: datetime
    recovered: bool = False
    """True once another leader took it over: whether its request was sent, nobody knows."""


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


class Next(StrEnum):
    """What an executor wants done with an intent."""

    SETTLE = "settle"
    LOOK = "look"
    """Look at the cluster (again), then ask again."""
    SEND = "send"
    """Send the same request again: same UID, same pin."""
    REPLAN = "replan"
    """The pin is dead and nothing was applied: make a new plan (attempts are bounded)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with an intent. Made by the four constructors below."""

    next: Next
    reason: str = ""
    text: str = ""
    after_s: float = 0.0
    """Seconds to wait first; 0: at once, or with the processor's own backoff for SEND."""
    outcome: Outcome | None = None
    """Set for SETTLE only."""

    @classmethod
    def settle(cls, outcome: Outcome) -> Verdict:
        """It is over."""
        return cls(Next.SETTLE, outcome.reason, outcome.message, outcome=outcome)

    @classmethod
    def look(cls, reason: str, text: str = "", after_s: float = 0.0) -> Verdict:
        """Cannot say without looking."""
        return cls(Next.LOOK, reason, text, after_s)

    @classmethod
    def send(cls, reason: str, text: str = "", after_s: float = 0.0) -> Verdict:
        """Not applied, and the same request can still be applied once at most."""
        return cls(Next.SEND, reason, text, after_s)

    @classmethod
    def replan(cls, reason: str, text: str = "") -> Verdict:
        """Not applied, and it never will be: the pin is dead."""
        return cls(Next.REPLAN, reason, text)


class Executor(Protocol):
    """One action type. `look` and `execute` are hands; `plan` and `verdict` are pure.

    pending --look, plan--> Plan --made durable--> Intent --execute, verdict--> Outcome. A plan that is an Outcome ends
    the action with nothing sent: the target is gone, or as wanted already, or it was a read.
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


@dataclass(frozen=True, slots=True)
class Record:
    """One action's life in the ledger. Changed by `dataclasses.replace` only; what is durable is what was written."""

    key: ActionKey
    phase: Phase
    digest: str
    """The action's digest, or the sha256 of the payload when there is no action."""
    received_at: datetime
    order: int
    """Order of arrival; rises through the ledger's whole life."""
    action: Action | None = None
    """None for what was too malformed to hold one, and for records of an earlier agent."""
    intent: Intent | None = None
    outcome: Outcome | None = None
    settled_at: datetime | None = None
    replica: str = ""
    """Who settled it."""
    delivered: tuple[str, ...] = ()
    """Reporters that have acknowledged it."""
    reported: bool = False
    """All of them have: the record is closed."""
    whole: bool = False
    """It stands for the whole config (rejected whole, or written by an earlier agent): blocks every index."""
    why: tuple[Decision, ...] = ()

    @property
    def marker(self) -> str:
        """The record's name in the ledger."""
        return self.key.marker

    @property
    def open(self) -> bool:
        """True until it is settled."""
        return self.phase is not Phase.SETTLED
