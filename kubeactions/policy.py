"""May this action run, here, now? Pure: an action and facts in, a ruling out.

The processor asks `judge` before it plans and again before a recovered intent is sent. What is asked, in this order:

1. identity: the ledger, the Lease, the agent's own pod and workload are never touched, by no type, in no namespace;
2. protected namespaces: `kube-system`, `kube-public`, `kube-node-lease`, the agent's own, and those of the operator;
3. Secrets, whatever the spelling of the kind;
4. `allowed_actions`;
5. expiry and future tolerance, counted from the action's stamp;
6. safety hooks: the operator's own functions, which can veto or delay and cannot allow what was refused above.

Names are compared case-folded although the validator lets none through that is not lower-case: the check must hold
for actions that were recorded by somebody else. Nothing here is a live look at the cluster; facts are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from kubeactions.model import Action, Spec, Status, Target
from kubeactions.plugins import catalogue, import_string
from kubeactions.settings import Settings

PROTECTED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""The namespaces that Kubernetes itself creates for its own use; no setting unprotects them."""
HOOK_GROUP = "kubeactions.safety_hooks"
"""Entry point group of safety hooks: all that are installed are asked, besides the one named in the settings."""
MAX_DELAY_S = 3600.0
"""A hook's delay is cut to this: it is asked again then, and expiry goes on counting."""


class Gate(StrEnum):
    """What is to be done with the action."""

    ALLOW = "allow"
    WAIT = "wait"
    """Not now: ask again after `retry_after_s`."""
    REJECT = "reject"
    """Never: settle it with `status`."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruling on one action: `reason` is a CamelCase code for programs, `message` one sentence for people."""

    gate: Gate
    reason: str
    message: str
    retry_after_s: float = 0.0
    """WAIT only: when to ask again, in seconds."""
    status: Status = Status.REJECTED
    """REJECT only: REJECTED or EXPIRED."""


ALLOWED = Ruling(Gate.ALLOW, "Allowed", "no rule refuses it")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so, here and now."""

    now: datetime
    """The wall clock, aware."""
    own_namespace: str = ""
    """The agent's namespace; "" off-cluster."""
    untouchable: tuple[Target, ...] = ()
    """Ledger, Lease, own pod, own workload: compared by kind, namespace and name, or by UID. The ledger's ConfigMap
    stands for its segments too."""


@dataclass(frozen=True, slots=True)
class Veto:
    """A safety hook's no; `text` goes into the record and the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Delay:
    """A safety hook's not yet: ask again in `seconds` (> 0, at most `MAX_DELAY_S`)."""

    seconds: float
    text: str


SafetyHook: TypeAlias = Callable[[Action, Facts], Veto | Delay | None]
"""The operator's check: None lets the action pass. An exception, or any other answer, is a veto."""


def load_hooks(settings: Settings) -> tuple[SafetyHook, ...]:
    """Import the hook named in the settings and every installed one; raises `UserError` when one cannot be had."""
    names = ([settings.safety_hook] if settings.safety_hook else []) + sorted(catalogue(HOOK_GROUP, {}).values())
    return tuple(import_string(name) for name in names)


def judge(
    action: Action, spec: Spec, facts: Facts, settings: Settings, hooks: Sequence[SafetyHook] | None = None
) -> Ruling:
    """Rule on one action; the first rule that objects decides. Never raises, whatever a hook does.

    `hooks` is what `load_hooks` returned. Settings that name a hook refuse everything when none is given: a check
    that somebody relies on must not be forgotten on the way.
    """
    rules = (
        _identity(action.target, facts),
        _namespace(action.target, facts, settings),
        _kind(action.target),
        _type(spec, settings),
        _age(action, facts.now, settings),
    )
    for objection in rules:
        if objection is not None:
            return objection
    if settings.safety_hook and not hooks:
        return Ruling(Gate.REJECT, "SafetyHookMissing", f"the safety hook {settings.safety_hook} was not loaded")
    for hook in hooks or ():
        if (objection := _ask(hook, action, facts)) is not None:
            return objection
    return ALLOWED


def protected_namespaces(facts: Facts, settings: Settings) -> frozenset[str]:
    """Every namespace that no action may touch, here."""
    own = {facts.own_namespace} if facts.own_namespace else set()
    return PROTECTED_NAMESPACES | settings.protected_namespaces | own


def _identity(target: Target, facts: Facts) -> Ruling | None:
    for own in facts.untouchable:
        same_uid = bool(own.uid) and own.uid == target.uid
        same_kind = _same_kind(target.kind, own.kind)
        same_place = target.namespace.casefold() == own.namespace.casefold()
        if same_uid or (same_kind and same_place and _same_name(target.name, own)):
            return Ruling(Gate.REJECT, "OwnObject", f"{own} belongs to kubeactions itself and is never touched")
    return None


def _same_name(given: str, own: Target) -> bool:
    """The ledger's sealed segments, `<name>-<number>`, are the ledger too."""
    if own.kind != "ConfigMap":
        return given.casefold() == own.name.casefold()
    return re.fullmatch(rf"{re.escape(own.name)}(-[0-9]+)?", given, re.IGNORECASE) is not None


def _same_kind(given: str, kind: str) -> bool:
    """A kind may be given as its plural (get_resource); the group is not asked, to err on the safe side."""
    folded = kind.casefold()
    return given.casefold() in {folded, f"{folded}s", f"{folded}es"}


def _namespace(target: Target, facts: Facts, settings: Settings) -> Ruling | None:
    protected = {name.casefold() for name in protected_namespaces(facts, settings)}
    touched = {target.namespace.casefold()}
    if _same_kind(target.kind, "Namespace"):
        touched.add(target.name.casefold())
    hit = sorted(touched & protected)
    if not hit:
        return None
    return Ruling(Gate.REJECT, "ProtectedNamespace", f"namespace {hit[0]} is protected: no action may touch it")


def _kind(target: Target) -> Ruling | None:
    if target.group == "" and _same_kind(target.kind, "Secret"):
        return Ruling(Gate.REJECT, "ProtectedKind", "Secrets are neither read nor changed by actions")
    return None


def _type(spec: Spec, settings: Settings) -> Ruling | None:
    if settings.allowed_actions is None or spec.type in settings.allowed_actions:
        return None
    return Ruling(Gate.REJECT, "ActionNotAllowed", f"{spec.type} is not in kubeactions.allowed_actions of this cluster")


def _age(action: Action, now: datetime, settings: Settings) -> Ruling | None:
    """Exactly at the bound passes, on both ends."""
    age = now - action.created_at
    stamp = action.created_at.isoformat().replace("+00:00", "Z")
    if age > timedelta(seconds=settings.expiry_s):
        text = f"stamped {stamp}, {age.total_seconds():.0f} s ago; actions expire after {settings.expiry_s:g} s"
        return Ruling(Gate.REJECT, "Expired", text, status=Status.EXPIRED)
    if -age > timedelta(seconds=settings.future_tolerance_s):
        ahead = -age.total_seconds()
        text = f"stamped {stamp}, {ahead:.0f} s in the future; {settings.future_tolerance_s:g} s are tolerated"
        return Ruling(Gate.REJECT, "StampInFuture", text)
    return None


def _ask(hook: SafetyHook, action: Action, facts: Facts) -> Ruling | None:
    name = f"{getattr(hook, '__module__', '')}:{getattr(hook, '__qualname__', type(hook).__name__)}"
    try:
        return _heed(f"safety hook {name}", hook(action, facts))
    except Exception as error:  # noqa: BLE001  A check that breaks has not said yes.
        text = f"safety hook {name} failed, which counts as a veto: {type(error).__name__}: {error}"
        return Ruling(Gate.REJECT, "SafetyHookFailed", text)


def _heed(name: str, answer: object) -> Ruling | None:
    """The ruling that a hook's answer asks for; may raise when the answer is not what it claims to be."""
    if answer is None:
        return None
    if isinstance(answer, Veto):
        return Ruling(Gate.REJECT, "SafetyHookVeto", f"{name}: {answer.text}")
    if isinstance(answer, Delay) and answer.seconds > 0:
        wait = min(float(answer.seconds), MAX_DELAY_S)
        return Ruling(Gate.WAIT, "SafetyHookDelay", f"{name}: {answer.text}", retry_after_s=wait)
    text = f"{name} answered {answer!r}, which counts as a veto: Veto, Delay or None is expected"
    return Ruling(Gate.REJECT, "SafetyHookFailed", text)
