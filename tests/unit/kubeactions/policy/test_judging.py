"""The policy: each rule refuses what it is there for, and a hook can only make it stricter."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from kubeactions.errors import UserError
from kubeactions.model import Action, ActionKey, EffectClass, Spec, Status, Target
from kubeactions.policy import Delay, Facts, Gate, SafetyHook, Veto, judge, load_hooks
from kubeactions.settings import Settings

NOW = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
SPEC = Spec("delete_pod", EffectClass.UNIQUE, "delete", {"Pod": ("v1", "pods")})
POD = Target("v1", "Pod", "cart-0", "shop")
LEDGER = Target("v1", "ConfigMap", "datadog-kubeactions-state", "datadog")
OWN = (
    LEDGER,
    Target("coordination.k8s.io/v1", "Lease", "datadog-leader-election", "datadog"),
    Target("v1", "Pod", "agent-0", "datadog-own", "uid-of-agent-0"),
    Target("apps/v1", "Deployment", "agent", "datadog-own"),
)


def act(target: Target = POD, *, age_s: float = 0) -> Action:
    return Action(ActionKey("cfg", 1), "delete_pod", target, NOW - timedelta(seconds=age_s))


def reason(
    action: Action,
    *,
    facts: Facts | None = None,
    settings: Settings | None = None,
    hooks: list[SafetyHook] | None = None,
) -> str:
    return judge(action, SPEC, facts or Facts(NOW), settings or Settings(), hooks).reason


def test_an_ordinary_action_is_allowed() -> None:
    assert judge(act(), SPEC, Facts(NOW, "datadog", OWN), Settings()).gate is Gate.ALLOW


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", "Kube-System"])
def test_the_system_namespaces_are_protected(namespace: str) -> None:
    assert reason(act(Target("v1", "Pod", "x", namespace))) == "ProtectedNamespace"


def test_the_agents_own_namespace_is_protected_where_it_has_one() -> None:
    action = act(Target("v1", "Pod", "x", "datadog"))
    assert reason(action, facts=Facts(NOW, own_namespace="datadog")) == "ProtectedNamespace"
    assert reason(action, facts=Facts(NOW)) == "Allowed"


def test_the_operator_protects_more_namespaces_and_unprotects_none() -> None:
    settings = Settings(protected_namespaces=frozenset({"vault"}))
    assert reason(act(Target("v1", "Pod", "x", "vault")), settings=settings) == "ProtectedNamespace"
    assert reason(act(Target("v1", "Pod", "x", "kube-system")), settings=settings) == "ProtectedNamespace"
    written_otherwise = Settings(protected_namespaces=frozenset({"Vault"}))
    assert reason(act(Target("v1", "Pod", "x", "vault")), settings=written_otherwise) == "ProtectedNamespace"


@pytest.mark.parametrize("kind", ["Namespace", "namespaces", "namespace"])
def test_a_protected_namespace_cannot_be_the_target_itself(kind: str) -> None:
    assert reason(act(Target("v1", kind, "kube-system"))) == "ProtectedNamespace"
    assert reason(act(Target("v1", kind, "shop"))) == "Allowed"


@pytest.mark.parametrize(
    "target",
    [
        LEDGER,
        Target("v1", "configmaps", "datadog-kubeactions-state", "datadog"),
        Target("v1", "ConfigMap", "Datadog-KubeActions-State", "Datadog"),
        Target("v1", "ConfigMap", "datadog-kubeactions-state-12", "datadog"),
        Target("coordination.k8s.io/v1beta1", "Lease", "datadog-leader-election", "datadog"),
        Target("v1", "Pod", "agent-0", "datadog-own"),
        Target("v1", "Pod", "other-name", "elsewhere", "uid-of-agent-0"),
        Target("apps/v1", "Deployment", "agent", "datadog-own"),
    ],
)
def test_what_belongs_to_the_agent_is_protected_by_identity_everywhere(target: Target) -> None:
    assert reason(act(target), facts=Facts(NOW, "", OWN)) == "OwnObject"


@pytest.mark.parametrize(
    "target",
    [
        Target("v1", "ConfigMap", "datadog-kubeactions-state", "shop"),
        Target("v1", "ConfigMap", "datadog-kubeactions-state-of-mine", "datadog"),
        Target("v1", "Service", "datadog-kubeactions-state", "datadog"),
        Target("apps/v1", "Deployment", "agent-2", "datadog-own"),
    ],
)
def test_what_only_looks_like_it_is_not_protected(target: Target) -> None:
    assert reason(act(target), facts=Facts(NOW, "", OWN)) == "Allowed"


@pytest.mark.parametrize("kind", ["Secret", "secret", "secrets", "SECRETS"])
def test_a_secret_is_refused_however_its_kind_is_spelt(kind: str) -> None:
    assert reason(act(Target("v1", kind, "x", "shop"))) == "ProtectedKind"


def test_only_allowed_types_run() -> None:
    assert reason(act(), settings=Settings(allowed_actions=frozenset({"restart_deployment"}))) == "ActionNotAllowed"
    assert reason(act(), settings=Settings(allowed_actions=frozenset())) == "ActionNotAllowed"
    assert reason(act(), settings=Settings(allowed_actions=frozenset({"delete_pod"}))) == "Allowed"


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(3600, "Allowed"), (3600.001, "Expired"), (-10, "Allowed"), (-10.001, "StampInFuture")],
)
def test_age_is_bounded_on_both_ends_and_the_bounds_pass(age_s: float, expected: str) -> None:
    assert reason(act(age_s=age_s)) == expected


def test_what_was_accepted_waits_for_a_clock_that_lags_behind_and_is_not_refused() -> None:
    """The next leader's clock may be slower, or ours be set back."""
    ruling = judge(act(age_s=-70), SPEC, Facts(NOW, accepted=True), Settings())
    assert (ruling.gate, ruling.reason, ruling.retry_after_s) == (Gate.WAIT, "ClockBehind", 60)


def test_expiry_and_tolerance_are_settings() -> None:
    settings = Settings(expiry_s=60, future_tolerance_s=0)
    assert reason(act(age_s=61), settings=settings) == "Expired"
    assert reason(act(age_s=-1), settings=settings) == "StampInFuture"


def test_an_expired_action_ends_as_expired_and_others_as_rejected() -> None:
    assert judge(act(age_s=9999), SPEC, Facts(NOW), Settings()).status is Status.EXPIRED
    assert judge(act(age_s=-9999), SPEC, Facts(NOW), Settings()).status is Status.REJECTED


# --- safety hooks ---


def refuse(_action: Action, _facts: Facts) -> Veto:
    return Veto("not on Fridays")


def postpone(_action: Action, _facts: Facts) -> Delay:
    return Delay(99_999, "a deploy is running")


def allow(_action: Action, _facts: Facts) -> None:
    return None


def fail(_action: Action, _facts: Facts) -> None:
    raise LookupError("no such team")


def test_a_hook_can_veto() -> None:
    ruling = judge(act(), SPEC, Facts(NOW), Settings(), [allow, refuse])
    assert (ruling.gate, ruling.reason) == (Gate.REJECT, "SafetyHookVeto")
    assert ruling.message.endswith("test_judging:refuse: not on Fridays")


def test_a_hook_can_delay_by_at_most_an_hour() -> None:
    ruling = judge(act(), SPEC, Facts(NOW), Settings(), [postpone])
    assert (ruling.gate, ruling.reason, ruling.retry_after_s) == (Gate.WAIT, "SafetyHookDelay", 3600.0)


def test_a_hook_that_breaks_is_a_veto() -> None:
    ruling = judge(act(), SPEC, Facts(NOW), Settings(), [fail])
    assert (ruling.gate, ruling.reason) == (Gate.REJECT, "SafetyHookFailed")
    assert "LookupError: no such team" in ruling.message


@pytest.mark.parametrize("answer", [True, False, "ok", Delay(0, "x"), Delay(float("nan"), "x"), Delay("soon", "x")])  # type: ignore[arg-type]  # what a careless hook returns
def test_any_other_answer_of_a_hook_is_a_veto(answer: object) -> None:
    assert reason(act(), hooks=[lambda _action, _facts: answer]) == "SafetyHookFailed"  # type: ignore[list-item, return-value]  # what a careless hook returns


def test_a_hook_cannot_allow_what_a_rule_refuses() -> None:
    assert reason(act(Target("v1", "Pod", "x", "kube-system")), hooks=[allow]) == "ProtectedNamespace"


def test_a_hook_that_is_configured_and_was_forgotten_refuses_everything() -> None:
    assert reason(act(), settings=Settings(safety_hook="shop.rules:check")) == "SafetyHookMissing"


def test_the_configured_hook_is_found_by_its_import_string(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("shop_rules")
    module.check = refuse  # type: ignore[attr-defined]  # a module made for this test
    monkeypatch.setitem(sys.modules, "shop_rules", module)
    settings = Settings(safety_hook="shop_rules:check")
    assert reason(act(), settings=settings, hooks=list(load_hooks(settings))) == "SafetyHookVeto"


@pytest.mark.parametrize("name", ["nowhere.at.all:check", "json:chekc", "json", ":x", "json:"])
def test_a_hook_that_cannot_be_found_is_one_line(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load_hooks(Settings(safety_hook=name))
    assert "\n" not in str(caught.value)
