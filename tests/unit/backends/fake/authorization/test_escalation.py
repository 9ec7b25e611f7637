"""Nobody gives away more than he has, unless he is allowed exactly that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.access import GROUP, Access, bind, role, rule

API = f"/apis/{GROUP}/v1"
ROLES, BINDINGS = f"{API}/namespaces/default/roles", f"{API}/namespaces/default/rolebindings"
WRITER = rule("get create update patch", GROUP, "roles rolebindings")


@pytest.fixture
def access() -> Access:
    """Alice writes roles and bindings, and reads ConfigMaps."""
    made = Access()
    made.write(role("writer", WRITER, rule("get", "", "configmaps")), bind("writer", ("User", "alice")))
    return made


def test_a_role_of_what_one_has_may_be_written_and_bound(access: Access) -> None:
    assert access.ask("alice", "POST", ROLES, role("r", rule("get", "", "configmaps"))).code == 201
    assert access.ask("alice", "POST", BINDINGS, bind("r", ("User", "bob"))).code == 201


def test_a_role_of_more_is_refused_and_what_is_missing_is_told(access: Access) -> None:
    more = role("r", rule("get list", "", "configmaps secrets"), rule("get", "", "pods", "p"))
    answer = access.ask("alice", "POST", ROLES, more)
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.body["details"] == {"name": "r", "group": GROUP, "kind": "roles"}
    assert answer.body["message"] == (
        f'roles.{GROUP} "r" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC '
        "permissions not currently held:\n"
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["p"], Verbs:["get"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )
    assert access.door.get(f"{ROLES}/r").code == 404


def test_a_role_may_not_grow_by_update_or_patch_either(access: Access) -> None:
    access.write(role("r", rule("get", "", "configmaps")))
    grown = role("r", rule("*", "*", "*"))
    assert access.ask("alice", "PUT", f"{ROLES}/r", grown).code == 403
    patch = {"rules": grown["rules"]}
    merge = {"content_type": "application/merge-patch+json"}
    assert access.ask("alice", "PATCH", f"{ROLES}/r", patch, **merge).code == 403
    assert access.ask("alice", "PATCH", f"{ROLES}/r", {"rules": []}, **merge).code == 200


def test_a_role_of_somebody_else_may_be_labelled(access: Access) -> None:
    access.write(role("r", rule("*", "*", "*")))
    body = {"metadata": {"labels": {"a": "b"}}}
    assert access.ask("alice", "PATCH", f"{ROLES}/r", body, content_type="application/merge-patch+json").code == 200


def test_whoever_may_escalate_may_write_any_role(access: Access) -> None:
    access.write(role("up", rule("escalate", GROUP, "roles")), bind("up", ("User", "alice")))
    assert access.ask("alice", "POST", ROLES, role("r", rule("*", "*", "*"))).code == 201
    assert access.ask("alice", "POST", BINDINGS, bind("r", ("User", "alice"))).code == 403


def test_a_role_of_more_may_not_be_bound_unless_one_may_bind_it(access: Access) -> None:
    access.write(role("strong", rule("*", "*", "*")), role("other", rule("*", "*", "*")))
    refused = access.ask("alice", "POST", BINDINGS, bind("strong", ("User", "alice")))
    assert refused.code == 403
    assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in refused.body["message"]
    access.write(role("binder", rule("bind", GROUP, "roles", "strong")), bind("binder", ("User", "alice")))
    assert access.ask("alice", "POST", BINDINGS, bind("other", ("User", "alice"))).code == 403
    assert access.ask("alice", "POST", BINDINGS, bind("strong", ("User", "alice"))).code == 201


def test_a_binding_to_a_role_that_is_not_there_is_not_found(access: Access) -> None:
    answer = access.ask("alice", "POST", BINDINGS, bind("none", ("User", "alice")))
    assert (answer.code, answer.body["message"]) == (404, f'role.{GROUP} "none" not found')
    access.write(bind("none", ("User", "bob")))  # the administrator may


def test_subjects_may_be_added_only_to_what_one_may_give(access: Access) -> None:
    access.write(role("strong", rule("*", "*", "*")), bind("strong", ("User", "root")))
    change: dict[str, Any] = {"subjects": [{"kind": "User", "name": "alice"}]}
    path, merge = f"{BINDINGS}/strong", {"content_type": "application/merge-patch+json"}
    assert access.ask("alice", "PATCH", path, change, **merge).code == 403
    assert access.ask("alice", "PATCH", path, {"metadata": {"finalizers": ["example.com/x"]}}, **merge).code == 200


def test_cluster_wide_rights_are_what_counts_for_cluster_roles(access: Access) -> None:
    writer = role("cluster-writer", rule("create", GROUP, "clusterroles"), cluster=True)
    access.write(writer, bind("cluster-writer", ("User", "alice"), of="ClusterRole", cluster=True))
    body = role("r", rule("get", "", "configmaps"), cluster=True)  # held in one namespace
    assert access.ask("alice", "POST", f"{API}/clusterroles", body).code == 403
    assert access.ask("alice", "POST", f"{API}/clusterroles", role("empty", cluster=True)).code == 201


def test_a_role_that_gathers_others_takes_a_cluster_administrator(access: Access) -> None:
    writer = role("cluster-writer", rule("create", GROUP, "clusterroles"), cluster=True)
    access.write(writer, bind("cluster-writer", ("User", "alice"), of="ClusterRole", cluster=True))
    body = role("r", cluster=True)
    body["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    answer = access.ask("alice", "POST", f"{API}/clusterroles", body)
    assert answer.code == 403
    assert answer.body["message"].endswith("must have cluster-admin privileges to use the aggregationRule")
    access.write(bind("cluster-admin", ("User", "alice"), of="ClusterRole", cluster=True) | {"metadata": {"name": "x"}})
    assert access.ask("alice", "POST", f"{API}/clusterroles", body).code == 201


def test_what_is_allowed_to_all_is_checked_by_nobody() -> None:
    open_to_all = Access()
    open_to_all.door.user = None
    open_to_all.door.cluster = type(open_to_all.door.cluster)(open_to_all.door.clock, controllers=False)
    answer = open_to_all.door.post(ROLES, role("r", rule("*", "*", "*")))
    assert answer.code == 201
    assert "does not enforce RBAC" in answer.headers["Warning"]
