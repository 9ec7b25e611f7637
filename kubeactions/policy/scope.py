"""Which objects may be touched at all, and by which action types: the gates that say never. Pure; asked by `judge`.

Names are compared case-folded although the validator lets none through that is not lower-case: the check must hold
for actions that were recorded by somebody else.
"""

from __future__ import annotations

import re

from kubeactions.model import JsonObject, Spec, Target
from kubeactions.policy.ruling import Facts, Gate, Ruling
from kubeactions.settings import Settings

PROTECTED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""The namespaces that Kubernetes itself creates for its own use; no setting unprotects them."""
OPT_OUT = "kubeactions.datadoghq.com/protected"
"""Label or annotation by which an object asks not to be touched; any value but these does."""
_NO = frozenset({"false", "0", "no"})


def protected_namespaces(facts: Facts, settings: Settings) -> frozenset[str]:
    """Every namespace that no action may touch, here."""
    own = {facts.own_namespace} if facts.own_namespace else set()
    return PROTECTED_NAMESPACES | settings.protected_namespaces | own


def identity(target: Target, facts: Facts) -> Ruling | None:
    """What belongs to the agent itself is never touched, by no type, in no namespace."""
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


def namespace(target: Target, facts: Facts, settings: Settings) -> Ruling | None:
    """Protected namespaces, as a place and as a target."""
    protected = {name.casefold() for name in protected_namespaces(facts, settings)}
    touched = {target.namespace.casefold()}
    if _same_kind(target.kind, "Namespace"):
        touched.add(target.name.casefold())
    hit = sorted(touched & protected)
    if not hit:
        return None
    return Ruling(Gate.REJECT, "ProtectedNamespace", f"namespace {hit[0]} is protected: no action may touch it")


def secret(target: Target) -> Ruling | None:
    """Secrets, whatever the spelling of the kind."""
    if target.group == "" and _same_kind(target.kind, "Secret"):
        return Ruling(Gate.REJECT, "ProtectedKind", "Secrets are neither read nor changed by actions")
    return None


def action_type(spec: Spec, settings: Settings) -> Ruling | None:
    """The operator's list of action types, which makes the RBAC rules too."""
    if settings.allowed_actions is None or spec.type in settings.allowed_actions:
        return None
    return Ruling(Gate.REJECT, "ActionNotAllowed", f"{spec.type} is not in kubeactions.allowed_actions of this cluster")


def allowed_namespace(target: Target, settings: Settings) -> Ruling | None:
    """The operator's list of namespaces. What lies in none must be in the list of kinds."""
    allowed = settings.safety.namespaces
    if allowed is None or target.namespace in allowed:
        return None
    if not target.namespace and settings.safety.kinds is not None:
        return None
    where = f"namespace {target.namespace} is" if target.namespace else f"{target} lies in no namespace, which is"
    text = f"{where} not in kubeactions.allowed_namespaces of this cluster"
    text += "" if target.namespace else f"; name its kind in kubeactions.allowed_kinds ({target.kind})"
    return Ruling(Gate.REJECT, "NamespaceNotAllowed", text)


def allowed_kind(target: Target, settings: Settings) -> Ruling | None:
    """The operator's list of kinds."""
    allowed = settings.safety.kinds
    if allowed is None or any(
        group in (None, target.group) and _same_kind(target.kind, kind) for group, kind in allowed
    ):
        return None
    text = f"kind {target.kind} is not in kubeactions.allowed_kinds of this cluster"
    return Ruling(Gate.REJECT, "KindNotAllowed", text)


def opted_out(target: JsonObject | None) -> Ruling | None:
    """Whether the object itself, as it is now, asks not to be touched; None for one that is not there."""
    metadata = (target or {}).get("metadata") or {}
    for where in ("annotations", "labels"):
        value = (metadata.get(where) or {}).get(OPT_OUT)
        if value is not None and str(value).casefold() not in _NO:
            text = f"the target asks not to be touched: {where[:-1]} {OPT_OUT}={value}"
            return Ruling(Gate.REJECT, "OptedOut", text)
    return None
