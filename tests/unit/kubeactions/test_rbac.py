"""RBAC: what the enabled actions need, and no more."""

from __future__ import annotations

from kubeactions import registry
from kubeactions.model import EffectClass, Rule, Spec
from kubeactions.rbac import action_rules, manifests

SPECS = registry.specs(registry.load())


def test_rules_of_several_types_are_merged_and_sorted() -> None:
    found = action_rules([SPECS["restart_deployment"], SPECS["delete_pod"]])
    assert found == (
        Rule("", "pods", ("delete", "get")),
        Rule("apps", "deployments", ("get", "patch")),
        Rule("apps", "replicasets", ("list",)),
    )


def test_a_type_that_is_not_enabled_gets_nothing() -> None:
    assert action_rules([SPECS["delete_pod"]]) == (Rule("", "pods", ("delete", "get")),)
    assert action_rules([]) == ()


def test_reading_everything_is_granted_only_when_asked_for() -> None:
    assert action_rules([SPECS["get_resource"]]) == ()
    assert action_rules([SPECS["get_resource"]], read_everything=True) == (Rule("*", "*", ("get",)),)


def test_the_manifests_bind_one_account_and_keep_the_ledger_in_its_namespace() -> None:
    found = manifests(
        {"delete_pod": SPECS["delete_pod"]}, service_account="agent", account_namespace="dd", ledger_namespace="default"
    )
    assert [one["kind"] for one in found] == ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
    assert found[0]["metadata"]["namespace"] == "default"
    assert found[1]["subjects"] == [{"kind": "ServiceAccount", "name": "agent", "namespace": "dd"}]
    granted = [(rule["resources"][0], tuple(rule["verbs"])) for rule in found[2]["rules"]]
    assert granted == [("events", ("create",)), ("pods", ("delete", "get")), ("namespaces", ("get",))]
    assert all(
        "*" not in rule["verbs"] and "*" not in rule["resources"] for one in found for rule in one.get("rules", ())
    )


def test_the_agent_may_read_the_requests_to_cancel_and_take_them_out() -> None:
    role = manifests({}, service_account="agent", account_namespace="dd", ledger_namespace="default")[0]
    verbs = {verb for rule in role["rules"] if "configmaps" in rule["resources"] for verb in rule["verbs"]}
    assert {"get", "patch"} <= verbs


def test_two_types_that_need_the_same_get_it_once() -> None:
    one = Spec("a", EffectClass.READ, "a", {}, rules=(Rule("", "pods", ("get",)),))
    two = Spec("b", EffectClass.READ, "b", {}, rules=(Rule("", "pods", ("list", "get")),))
    assert action_rules([one, two]) == (Rule("", "pods", ("get", "list")),)
