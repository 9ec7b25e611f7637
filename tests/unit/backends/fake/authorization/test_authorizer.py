"""RBAC, asked through the server's door: who may do what because of which binding."""

from __future__ import annotations

import pytest

from backends.fake.authentication import administrator, named
from backends.fake.authorization import Attributes, Rbac
from backends.fake.authorization.authorizer import REMEMBERED
from backends.fake.messages import Identity
from tests.unit.backends.fake.access import GROUP, Access, bind, role, rule
from tests.unit.backends.fake.door import CM, PODS, config_map, pod


@pytest.fixture
def access() -> Access:
    return Access()


def test_nobody_may_do_anything_without_a_binding(access: Access) -> None:
    answer = access.ask("alice", "GET", PODS)
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.body["message"] == (
        'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert answer.body["details"] == {"kind": "pods"}


def test_a_binding_gives_the_verbs_of_its_role_in_its_namespace(access: Access) -> None:
    access.write(role("r", rule("get list", "", "configmaps")), bind("r", ("User", "alice")))
    access.write(config_map())
    assert access.ask("alice", "GET", CM).code == 200
    assert access.ask("alice", "GET", f"{CM}/a").code == 200
    assert access.ask("alice", "DELETE", f"{CM}/a").code == 403
    assert access.ask("alice", "GET", CM.replace("default", "kube-system")).code == 403
    assert access.ask("alice", "GET", "/api/v1/configmaps").code == 403
    assert access.ask("bob", "GET", CM).code == 403


def test_a_cluster_role_is_worth_a_namespace_or_all_of_them_by_who_binds_it(access: Access) -> None:
    access.write(role("r", rule("list", "", "configmaps"), cluster=True))
    access.write(bind("r", ("User", "alice"), of="ClusterRole"))
    access.write(bind("r", ("User", "bob"), of="ClusterRole", cluster=True))
    assert [access.ask("alice", "GET", path).code for path in (CM, "/api/v1/configmaps")] == [200, 403]
    assert [access.ask("bob", "GET", path).code for path in (CM, "/api/v1/configmaps")] == [200, 200]


@pytest.mark.parametrize(
    ("subject", "user", "granted"),
    [
        (("User", "alice"), Identity("alice"), True),
        (("User", "alice"), Identity("x", "", ("alice",)), False),
        (("Group", "devs"), Identity("x", "", ("devs",)), True),
        (("Group", "devs"), Identity("devs"), False),
        (("Group", "system:authenticated"), named("anybody"), True),
        (("ServiceAccount", "robot", "default"), named("system:serviceaccount:default:robot"), True),
        (("ServiceAccount", "robot", "default"), named("system:serviceaccount:other:robot"), False),
        (("Group", "system:serviceaccounts:default"), named("system:serviceaccount:default:robot"), True),
    ],
)
def test_a_subject_is_a_user_a_group_or_a_service_account(
    access: Access, subject: tuple[str, ...], user: Identity, granted: bool
) -> None:
    access.write(role("r", rule("list", "", "configmaps")), bind("r", subject))
    assert access.ask(user, "GET", CM).code == (200 if granted else 403)


def test_a_right_to_one_name_is_no_right_to_list_unless_that_name_alone_is_asked_for(access: Access) -> None:
    access.write(role("r", rule("get list watch delete", "", "configmaps", "a")), bind("r", ("User", "alice")))
    access.write(config_map("a"), config_map("b"))
    assert [access.ask("alice", "GET", f"{CM}/{name}").code for name in "ab"] == [200, 403]
    assert access.ask("alice", "GET", CM).code == 403
    assert access.ask("alice", "GET", f"{CM}?fieldSelector=metadata.name%3Da").code == 200
    assert access.ask("alice", "GET", f"{CM}?fieldSelector=metadata.name%3Db").code == 403
    assert access.ask("alice", "DELETE", f"{CM}/a").code == 200


def test_a_right_to_a_name_is_no_right_to_create(access: Access) -> None:
    access.write(role("r", rule("create", "", "configmaps", "a")), bind("r", ("User", "alice")))
    assert access.ask("alice", "POST", CM, config_map("a")).code == 403


def test_a_subresource_is_a_right_of_its_own(access: Access) -> None:
    access.write(role("r", rule("create", "", "pods/eviction")), bind("r", ("User", "alice")), pod())
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert access.ask("alice", "GET", f"{PODS}/p").code == 403
    assert access.ask("alice", "DELETE", f"{PODS}/p").code == 403
    assert access.ask("alice", "POST", f"{PODS}/p/eviction", eviction).code == 201


def test_a_change_counts_for_the_next_request(access: Access) -> None:
    access.write(role("r", rule("list", "", "configmaps")), bind("r", ("User", "alice")))
    assert access.ask("alice", "GET", CM).code == 200
    path = f"/apis/{GROUP}/v1/namespaces/default"
    assert access.door.patch(f"{path}/roles/r", {"rules": []}).code == 200
    assert access.ask("alice", "GET", CM).code == 403
    assert access.door.patch(f"{path}/roles/r", {"rules": [rule("list", "", "configmaps")]}).code == 200
    assert access.ask("alice", "GET", CM).code == 200
    assert access.door.delete(f"{path}/rolebindings/r").code == 200
    assert access.ask("alice", "GET", CM).code == 403


def test_whoever_makes_by_writing_to_a_name_must_be_allowed_to_create(access: Access) -> None:
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    access.write(role("r", rule("update", "coordination.k8s.io", "leases")), bind("r", ("User", "alice")))
    refused = access.ask("alice", "PUT", f"{leases}/l", lease)
    assert (refused.code, 'cannot create resource "leases"' in refused.body["message"]) == (403, True)
    access.write(role("c", rule("create", "coordination.k8s.io", "leases")), bind("c", ("User", "alice")))
    assert access.ask("alice", "PUT", f"{leases}/l", lease).code == 201


def test_a_binding_to_a_role_that_is_not_there_is_told_with_the_refusal(access: Access) -> None:
    access.write(bind("gone", ("User", "alice")), bind("gone", ("User", "alice"), of="ClusterRole", cluster=True))
    message = access.ask("alice", "GET", CM).body["message"]
    assert message.endswith(f': RBAC: [clusterrole.{GROUP} "gone" not found, role.{GROUP} "gone" not found]')


def test_who_may_not_ask_learns_nothing_of_what_is_there(access: Access) -> None:
    for target in (f"{CM}/none", "/apis/no.such.group/v1/things", "/nothing/here", "/api/v1/namespaces/none/pods"):
        assert access.ask("alice", "GET", target).code == 403
    assert access.ask("alice", "POST", CM, b"{bad").code == 403
    assert access.ask("alice", "GET", f"{CM}?limit=bad").code == 403
    assert access.ask("alice", "PUT", "/metrics").body["message"] == (
        'forbidden: User "alice" cannot put path "/metrics"'
    )


def test_discovery_is_everybodys_and_health_is_even_strangers(access: Access) -> None:
    for target in ("/api", "/apis", "/openapi/v3", "/version", "/healthz"):
        assert access.ask("alice", "GET", target).code == 200
    codes = {target: access.ask(None, "GET", target).code for target in ("/version", "/healthz", "/api", PODS)}
    assert codes == {"/version": 200, "/healthz": 200, "/api": 403, PODS: 403}
    assert 'User "system:anonymous"' in access.ask(None, "GET", PODS).body["message"]


def test_masters_may_do_everything_whatever_the_bindings_say(access: Access) -> None:
    for path in ("clusterrolebindings/cluster-admin", "clusterroles/cluster-admin"):
        assert access.door.delete(f"/apis/{GROUP}/v1/{path}").code == 200
    assert access.ask(administrator("root"), "GET", PODS).code == 200


def test_nodes_may_do_what_the_role_of_nodes_says(access: Access) -> None:
    node = Identity("system:node:n", "", ("system:nodes", "system:authenticated"))
    access.write(pod())
    assert access.ask(node, "GET", "/api/v1/pods").code == 200
    assert access.ask(node, "GET", "/apis/apps/v1/deployments").code == 403
    assert access.ask(node._replace(name="mallory"), "GET", "/api/v1/pods").code == 403


def test_the_reason_names_the_first_binding_that_allows_it(access: Access) -> None:
    access.write(role("r", rule("get", "", "pods")), bind("r", ("ServiceAccount", "robot", "default")))
    access.write(role("c", rule("get", "", "pods"), cluster=True))
    access.write(bind("c", ("Group", "devs"), of="ClusterRole", cluster=True))
    authorizer = access.door.cluster.server._authorizer
    user = Identity("system:serviceaccount:default:robot")
    decided = authorizer.decide(Attributes(user, "get", "", "pods", namespace="default"))
    assert decided == (True, 'RBAC: allowed by RoleBinding "r/default" of Role "r" to ServiceAccount "robot/default"')
    decided = authorizer.decide(Attributes(Identity("x", "", ("devs",)), "get", "", "pods", namespace="default"))
    assert decided == (True, 'RBAC: allowed by ClusterRoleBinding "c" of ClusterRole "c" to Group "devs"')


def test_a_binding_that_was_loaded_incomplete_gives_nothing_and_breaks_nothing(access: Access) -> None:
    place = {"apiVersion": f"{GROUP}/v1", "kind": "RoleBinding"}
    access.door.cluster.load(
        [
            {**place, "metadata": {"name": "one", "namespace": "default"}},
            {**place, "metadata": {"name": "two", "namespace": "default"}, "subjects": [{}, {"kind": "User"}]},
        ]
    )
    assert access.ask("alice", "GET", CM).code == 403


def test_what_is_remembered_is_bounded(access: Access) -> None:
    authorizer = access.door.cluster.server._authorizer
    assert isinstance(authorizer, Rbac)
    for number in range(REMEMBERED + 10):
        authorizer.decide(Attributes(Identity(f"u{number}"), "get", "", "pods"))
        authorizer.decide(Attributes(Identity("one"), "get", path=f"/{number}"))
        authorizer.admit(named("alice"), "GET", f"/api/{number}", {})
    assert len(authorizer._admitted) <= REMEMBERED
    assert len(authorizer._known) <= REMEMBERED
    assert len(authorizer._grants(Identity("one"), "")._candidates) <= REMEMBERED
