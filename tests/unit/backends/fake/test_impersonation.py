"""Acting as somebody else: whom one may name, and who one is then."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.messages import Identity
from tests.unit.backends.fake.access import Access, bind, role, rule
from tests.unit.backends.fake.door import CM

WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture
def access() -> Access:
    return Access()


def who(access: Access, asking: Identity | str, **headers: str) -> Any:
    """Whom the server takes us for; the Status where it refuses."""
    body = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    answer = access.ask(asking, "POST", WHOAMI, body, **headers)
    return answer.body["status"]["userInfo"] if answer.code == 201 else answer.body


ADMIN = Identity("root", "", ("system:masters",))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"impersonate_user": "bob"}, {"username": "bob", "groups": ["system:authenticated"]}),
        (
            {"impersonate_user": "bob", "impersonate_group": "devs, ops", "impersonate_uid": "7"},
            {"username": "bob", "uid": "7", "groups": ["devs", "ops", "system:authenticated"]},
        ),
        (
            {"impersonate_user": "system:serviceaccount:n:robot"},
            {
                "username": "system:serviceaccount:n:robot",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"],
            },
        ),
        (
            {"impersonate_user": "bob", "impersonate_extra_a%2fb": "c, d"},
            {"username": "bob", "groups": ["system:authenticated"], "extra": {"a/b": ["c", "d"]}},
        ),
        (
            {"impersonate_user": "bob", "impersonate_group": "system:authenticated"},
            {"username": "bob", "groups": ["system:authenticated"]},
        ),
    ],
)
def test_the_headers_say_who_one_is(access: Access, headers: dict[str, str], expected: dict[str, Any]) -> None:
    assert who(access, ADMIN, **headers) == expected


def test_a_stranger_can_be_played_too(access: Access) -> None:
    refused = who(access, ADMIN, impersonate_user="system:anonymous")
    assert 'User "system:anonymous" cannot create resource "selfsubjectreviews"' in refused["message"]


@pytest.mark.parametrize(
    ("group", "resource", "names", "headers", "what"),
    [
        ("", "users", ["bob"], {"impersonate_user": "bob"}, 'users "bob"'),
        ("", "groups", ["devs"], {"impersonate_user": "bob", "impersonate_group": "devs"}, 'groups "devs"'),
        ("authentication.k8s.io", "uids", ["7"], {"impersonate_user": "bob", "impersonate_uid": "7"},
         'uids.authentication.k8s.io "7"'),
        ("authentication.k8s.io", "userextras/scope", ["x"],
         {"impersonate_user": "bob", "impersonate_extra_scope": "x"},
         'userextras.authentication.k8s.io "x"'),
    ],
)  # fmt: skip
def test_each_part_of_somebody_needs_a_right_of_its_own(
    access: Access, group: str, resource: str, names: list[str], headers: dict[str, str], what: str
) -> None:
    if resource != "users":
        access.write(role("base", rule("impersonate", "", "users", "bob"), cluster=True))
        access.write(bind("base", ("User", "alice"), of="ClusterRole", cluster=True))
    refused = who(access, "alice", **headers)
    assert refused["code"] == 403
    assert refused["message"].startswith(f'{what} is forbidden: User "alice" cannot impersonate resource "{resource}"')
    access.write(role("part", rule("impersonate", group, resource, *names), cluster=True))
    access.write(bind("part", ("User", "alice"), of="ClusterRole", cluster=True))
    assert who(access, "alice", **headers)["username"] == "bob"


def test_a_service_account_is_impersonated_in_its_namespace(access: Access) -> None:
    access.write(role("sa", rule("impersonate", "", "serviceaccounts", "robot")), bind("sa", ("User", "alice")))
    assert who(access, "alice", impersonate_user="system:serviceaccount:default:robot")["username"].endswith("robot")
    refused = who(access, "alice", impersonate_user="system:serviceaccount:other:robot")
    assert (
        'cannot impersonate resource "serviceaccounts" in API group "" in the namespace "other"' in refused["message"]
    )


def test_what_may_be_done_then_is_what_the_other_may_do(access: Access) -> None:
    access.write(role("r", rule("list", "", "configmaps")), bind("r", ("User", "bob")))
    assert access.ask(ADMIN, "GET", CM, impersonate_user="bob").code == 200
    assert access.ask(ADMIN, "GET", CM, impersonate_user="carol").code == 403
    assert access.door.cluster.audit.find(user="bob", verb="list")


@pytest.mark.parametrize(
    "headers", [{"impersonate_group": "g"}, {"impersonate_uid": "7"}, {"impersonate_extra_a": "b"}]
)
def test_parts_of_somebody_without_his_name_are_refused_as_plain_text(access: Access, headers: dict[str, str]) -> None:
    answer = access.ask(ADMIN, "GET", CM, **headers)
    assert (answer.code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert b"without impersonating a user" in answer.body
