"""What is ordered: an action, which order it is, what it is about, and what an action type says of itself."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

MARKER_ANNOTATION = "kubeactions.datadoghq.com/action"
"""Annotation that carries an action's marker on what it changed."""
FIELD_MANAGER = "kubeactions"
"""fieldManager of every write."""


class EffectClass(StrEnum):
    """How an action's effect is fenced; see kubeactions/protocol.md."""

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
        return _marker(self.id, self.version, self.index)


@lru_cache(maxsize=16384)
def _marker(config_id: str, version: int, index: int) -> str:
    text = json.dumps([config_id, version, index], ensure_ascii=False, separators=(",", ":"))
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
    not_before: datetime | None = None
    """When it may begin (aware UTC); expiry counts from then. None: at once."""
    dry_run: bool = False
    """It is only rehearsed, whatever the settings say."""
    source: str = field(default="", compare=False)
    """Where it came from; provenance only, not part of the digest."""

    @property
    def due_at(self) -> datetime:
        """From when on it is wanted: its stamp, or later if it asks for that."""
        return self.created_at if self.not_before is None else max(self.created_at, self.not_before)

    def content(self) -> JsonObject:
        """What is ordered, as JSON: everything but the key and the source."""
        found: JsonObject = {
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
        if self.not_before is not None:
            found["not_before"] = self.not_before.isoformat()
        return found | {"dry_run": True} if self.dry_run else found

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of the canonical JSON of `content()`: the same key with another digest is a conflict."""
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


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
    """Plural, with the subresource if it is about one: `pods/eviction`."""
    verbs: tuple[str, ...]
    cluster: bool = False
    """It is about objects in no namespace, or in all of them: only a ClusterRole can grant it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One way in which an action of a type may end: `reason` is the outcome's code, `when` says what it means."""

    reason: str
    status: str
    """A `Status`, by its name."""
    when: str


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
    check: Callable[[Mapping[str, Json]], None] | None = None
    """What no single parameter can tell (one of two is required): raises ValueError with a reason."""
    permits: Mapping[str, str] = field(default_factory=dict)
    """What it refuses unless the operator permits it (`kubeactions.permits`), by name, with a line of help."""
    endings: tuple[Ending, ...] = ()
    """How it may end by itself, successes first; what gates and the API server say of any action is not repeated."""
    recovery: str = ""
    """What the next leader does with an intent that it finds, where the class of effect does not say it all."""
