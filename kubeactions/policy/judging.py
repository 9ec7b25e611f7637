"""`judge`: every gate, in its order. Pure; asked by the processor before each plan and each send, and by `validate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubeactions.model import Action, Spec
from kubeactions.policy import consent, scope, timing, traffic
from kubeactions.policy.hooks import SafetyHook, ask
from kubeactions.policy.ruling import ALLOWED, Facts, Gate, Ruling
from kubeactions.settings import Settings


def judge(
    action: Action, spec: Spec, facts: Facts, settings: Settings, hooks: Sequence[SafetyHook] | None = None
) -> Ruling:
    """Rule on one action; the first rule that objects decides. Never raises, whatever a hook does.

    `hooks` is what `load_hooks` returned. Settings that name a hook refuse everything when none is given: a check
    that somebody relies on must not be forgotten on the way.
    """
    for _, objection in rulings(action, spec, facts, settings):
        if objection is not None:
            return objection
    if settings.safety_hook and not hooks:
        return Ruling(Gate.REJECT, "SafetyHookMissing", f"the safety hook {settings.safety_hook} was not loaded")
    for hook in hooks or ():
        if (objection := ask(hook, action, facts)) is not None:
            return objection
    return ALLOWED


def rulings(action: Action, spec: Spec, facts: Facts, settings: Settings) -> Iterator[tuple[str, Ruling | None]]:
    """Each gate by its name, and its objection: what forbids, then what postpones. The hooks are not among them."""
    yield "own objects", scope.identity(action.target, facts)
    yield "protected namespaces", scope.namespace(action.target, facts, settings)
    yield "secrets", scope.secret(action.target)
    yield "allowed actions", scope.action_type(spec, settings)
    yield "allowed namespaces", scope.allowed_namespace(action.target, settings)
    yield "allowed kinds", scope.allowed_kind(action.target, settings)
    yield "age", timing.age(action, facts.now, settings, accepted=facts.accepted)
    yield "pause", consent.paused(facts)
    yield "not_before", timing.not_before(action, facts.now)
    yield "windows", timing.windows(action, spec, facts.now, settings.safety.windows)
    yield "approvals", consent.approval(action, spec, facts, settings)
    if facts.traffic is not None and not facts.begun:
        yield "rates and blast radius", traffic.gate(action, spec, facts.traffic, facts.now, settings.safety)
