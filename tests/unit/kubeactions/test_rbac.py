"""RBAC: what the enabled actions need, and no more."""

from __future__ import annotations

from kubeactions import registry
from kubeactions.model import EffectClass, Rule, Spec
from kubeactions.rbac import Place, action_rules, manifests, roles

SPECS = registry.specs(registry.load())
PLACE = Place("agent", "dd", "dd", "elect")


def rules(*types: str, read: tuple[Rule, ...] = ()) -> list[Rule]:
    return [grant.rule for grant in action_rules([SPECS[name] for name in types], read=read)]


def test_rules_of_several_types_are_merged_and_sorted_and_say_who_needs_them() -> None:
    one = Spec(
        "a", EffectClass.READ, "a", {}, rules=(Rule("", "pods", ("get",)), Rule("apps", "deployments", ("get",)))
    )
    two = Spec("b", EffectClass.READ, "b", {}, rules=(Rule("", "pods", ("list", "get")),))
    found = action_rules([two, one])
    assert [grant.rule for grant in found] == [Rule("", "pods", ("get", "list")), Rule("apps", "deployments", ("get",))]
    assert [grant.why for grant in found] == ["a, b", "a"]


def test_a_type_that_is_not_enabled_gets_nothing() -> None:
    assert rules("delete_pod") == [Rule("", "pods", ("delete", "get"))]
    assert rules() == []


def test_reading_is_granted_for_what_is_listed() -> None:
    assert rules("get_resource") == []
    assert rules("get_resource", read=(Rule("apps", "deployments", ("get",)),)) == [
        Rule("apps", "deployments", ("get",))
    ]
    assert rules("delete_pod", read=(Rule("apps", "deployments", ("get",)),)) == rules("delete_pod")


def test_what_actions_need_is_a_cluster_role_or_a_role_in_each_target_namespace() -> None:
    enabled = {"delete_pod": SPECS["delete_pod"]}
    everywhere = roles(enabled, PLACE)
    assert [(role.kind, role.name, role.namespace) for role in everywhere] == [
        ("Role", "kubeactions-ledger", "dd"),
        ("Role", "kubeactions-own", "dd"),
        ("ClusterRole", "kubeactions-dd", ""),
    ]
    assert [grant.rule.resource for grant in everywhere[-1].grants] == ["namespaces", "events", "pods"]
    some = roles(enabled, Place("agent", "dd", "dd", "elect", ("cart", "shop")))
    assert [(role.name, role.namespace) for role in some[2:]] == [
        ("kubeactions-targets", "cart"),
        ("kubeactions-targets", "shop"),
        ("kubeactions-dd", ""),
    ]
    assert [grant.rule.resource for grant in some[2].grants] == ["events", "pods"]
    assert [grant.rule.resource for grant in some[-1].grants] == ["namespaces"]


def test_what_is_in_no_namespace_needs_a_cluster_role_whatever_the_targets_are() -> None:
    spec = Spec("cordon", EffectClass.PATCH, "c", {}, rules=(Rule("", "nodes", ("get", "patch"), cluster=True),))
    *_, cluster = roles({"cordon": spec}, Place("agent", "dd", "dd", "elect", ("shop",)))
    assert [grant.rule.resource for grant in cluster.grants] == ["namespaces", "nodes"]


def test_what_is_granted_everywhere_is_not_granted_again() -> None:
    def granted(targets: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        ledger, own, *_ = roles({"delete_pod": SPECS["delete_pod"]}, Place("agent", "dd", "dd", "elect", targets))
        return [(grant.rule.resource, grant.rule.verbs) for grant in (*ledger.grants, *own.grants)]

    assert set(granted(("shop",))) - set(granted(())) == {("events", ("create",)), ("pods", ("get",))}


def test_names_narrow_what_they_can() -> None:
    for role in roles(dict(SPECS), PLACE):
        for grant in role.grants:
            narrow = (grant.rule.resource, grant.rule.verbs) in (
                ("leases", ("get", "update")),
                ("namespaces", ("get",)),
            )
            assert bool(grant.names) is narrow


def test_nothing_is_granted_on_everything() -> None:
    for role in roles(dict(SPECS), PLACE):
        for rule in manifests(role, PLACE)[0]["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


def test_a_binding_names_its_role_and_the_account() -> None:
    made, binding = manifests(roles({}, PLACE)[0], PLACE)
    assert (made["kind"], binding["kind"], binding["metadata"]) == ("Role", "RoleBinding", made["metadata"])
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "kubeactions-ledger"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "agent", "namespace": "dd"}]


def test_two_installations_have_two_cluster_roles() -> None:
    assert Place("kubeactions", "kubeactions", "kubeactions", "l").cluster_name == "kubeactions"
    assert PLACE.cluster_name == "kubeactions-dd"
