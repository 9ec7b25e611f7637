"""Roles and bindings are completed, checked and kept as RBAC's."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import prepare_defaults, validate_create, validate_update

RBAC = "rbac.authorization.k8s.io"


def made(group: str, version: str, kind: str, **members: Any) -> dict[str, Any]:
    schema = Schema.load().kind(group, version, kind)
    assert schema is not None
    found = schema.decode({"metadata": {"name": "a", "resourceVersion": "1"}, **members}).object
    prepare_defaults((group, version, kind), found)
    return found


def binding(**members: Any) -> dict[str, Any]:
    reference = {"kind": "ClusterRole", "name": "view"}
    return made(RBAC, "v1", "RoleBinding", **{"roleRef": reference, **members})


def test_a_binding_is_about_rbacs_roles_and_users() -> None:
    found = binding(subjects=[{"kind": "User", "name": "alice"}, {"kind": "ServiceAccount", "name": "robot"}])

    assert found["roleRef"]["apiGroup"] == RBAC
    assert found["subjects"][0]["apiGroup"] == RBAC
    assert "apiGroup" not in found["subjects"][1]
    assert validate_create((RBAC, "v1", "RoleBinding"), found) == []


def test_a_binding_keeps_its_role() -> None:
    new = binding(roleRef={"kind": "Role", "name": "other"})

    (cause,) = validate_update((RBAC, "v1", "RoleBinding"), new, binding())
    assert cause.message.endswith('"Kind":"Role","Name":"other"}: cannot change roleRef')


def test_names_of_roles_are_path_segments() -> None:
    role = made(RBAC, "v1", "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
    role["metadata"]["name"] = "system:reader"

    assert validate_create((RBAC, "v1", "Role"), role) == []


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ({"apiGroups": [""], "resources": ["pods"]}, ["rules[0].verbs"]),
        ({"verbs": ["get"]}, ["rules[0].apiGroups", "rules[0].resources"]),
        ({"verbs": ["get"], "nonResourceURLs": ["/x"]}, ["rules[0].nonResourceURLs"]),
    ],
)
def test_what_is_refused_in_a_role(rule: dict[str, Any], fields: list[str]) -> None:
    found = validate_create((RBAC, "v1", "Role"), made(RBAC, "v1", "Role", rules=[rule]))

    assert [cause.field for cause in found] == fields


@pytest.mark.parametrize(
    ("selectors", "fields"),
    [([], [""]), ([{"matchLabels": {"a": "b"}}], []), ([{"matchLabels": {"a": "b!"}}], ["[0].matchLabels"])],
)
def test_an_aggregated_role_says_what_it_gathers(selectors: list[Any], fields: list[str]) -> None:
    role = made(RBAC, "v1", "ClusterRole", rules=[], aggregationRule={"clusterRoleSelectors": selectors})
    found = validate_create((RBAC, "v1", "ClusterRole"), role)
    assert [cause.field for cause in found] == [f"aggregationRule.clusterRoleSelectors{field}" for field in fields]
