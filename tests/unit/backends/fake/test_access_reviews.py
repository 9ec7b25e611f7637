"""May somebody do something, asked as an object."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.access import Access, bind, role, rule
from tests.unit.backends.fake.door import Answer, Door

API = "/apis/authorization.k8s.io/v1"
PODS_HERE = {"namespace": "default", "verb": "get", "resource": "pods"}


@pytest.fixture
def access() -> Access:
    made = Access()
    made.write(role("r", rule("get", "", "pods")), bind("r", ("User", "alice")))
    return made


def review(access: Access, asking: str, plural: str, kind: str, **spec: Any) -> Answer:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    return access.ask(asking, "POST", f"{API}/{plural}", body)


def about_self(access: Access, asking: str, **spec: Any) -> Answer:
    return review(access, asking, "selfsubjectaccessreviews", "SelfSubjectAccessReview", **spec)


def about_others(access: Access, **spec: Any) -> Answer:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return access.door.post(f"{API}/subjectaccessreviews", body)


def test_everybody_may_ask_about_himself(access: Access) -> None:
    told = about_self(access, "alice", resourceAttributes=PODS_HERE)
    assert (told.code, told.body["status"]["allowed"]) == (201, True)
    assert told.body["status"]["reason"] == 'RBAC: allowed by RoleBinding "r/default" of Role "r" to User "alice"'
    told = about_self(access, "alice", resourceAttributes={**PODS_HERE, "namespace": "other"})
    assert told.body["status"] == {"allowed": False}
    told = about_self(access, "alice", nonResourceAttributes={"verb": "get", "path": "/api"})
    assert told.body["status"]["allowed"] is True
    assert about_self(access, "alice", nonResourceAttributes={"verb": "get", "path": "/logs"}).body["status"] == {
        "allowed": False
    }


def test_only_who_may_asks_about_others(access: Access) -> None:
    refused = review(access, "alice", "subjectaccessreviews", "SubjectAccessReview", user="bob",
                     resourceAttributes=PODS_HERE)  # fmt: skip
    assert refused.code == 403
    assert about_others(access, user="alice", resourceAttributes=PODS_HERE).body["status"]["allowed"] is True
    assert about_others(access, groups=["system:masters"], resourceAttributes=PODS_HERE).body["status"] == {
        "allowed": True
    }


def test_a_local_review_is_about_its_own_namespace(access: Access) -> None:
    def ask(spec: dict[str, Any]) -> Answer:
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview", "spec": spec}
        return access.door.post(f"{API}/namespaces/default/localsubjectaccessreviews", body)

    said = ask({"user": "alice", "resourceAttributes": PODS_HERE}).body
    assert (said["status"]["allowed"], said["metadata"]["namespace"]) == (True, "default")
    other = ask({"user": "alice", "resourceAttributes": {**PODS_HERE, "namespace": "other"}})
    assert (other.code, "must match metadata.namespace" in other.body["message"]) == (422, True)
    path = ask({"user": "alice", "nonResourceAttributes": {"verb": "get", "path": "/api"}})
    assert (path.code, "disallowed on this kind of request" in path.body["message"]) == (422, True)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"user": "a"}, "spec.resourceAttributes"),
        ({"user": "a", "resourceAttributes": PODS_HERE, "nonResourceAttributes": {"path": "/"}},
         "spec.nonResourceAttributes"),
        ({"resourceAttributes": PODS_HERE}, "spec.user"),
    ],
)  # fmt: skip
def test_a_review_that_is_incomplete_is_refused(access: Access, spec: dict[str, Any], field: str) -> None:
    answer = about_others(access, **spec)
    assert (answer.code, [cause["field"] for cause in answer.body["details"]["causes"]]) == (422, [field])


def test_a_review_has_no_name(access: Access) -> None:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {"name": "x"},
            "spec": {"resourceAttributes": PODS_HERE}}  # fmt: skip
    answer = access.ask("alice", "POST", f"{API}/selfsubjectaccessreviews", body)
    assert (answer.code, "metadata" in answer.body["message"]) == (422, True)
    body["metadata"] = {"namespace": "default"}  # belongs to no namespace: cleared
    assert access.ask("alice", "POST", f"{API}/selfsubjectaccessreviews", body).code == 201


def test_what_is_refused_is_shown_as_the_servers_own_type(access: Access) -> None:
    url = {"path": "/x", "verb": "get"}
    answer = about_others(access, user="a", resourceAttributes=PODS_HERE, nonResourceAttributes=url)
    assert 'Invalid value: {"Path":"/x","Verb":"get"}: cannot be' in answer.body["message"]


def test_all_that_one_may_do_is_listed(access: Access) -> None:
    told = review(access, "alice", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespace="default").body
    assert {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]} in told["status"]["resourceRules"]
    assert any("/api" in one["nonResourceURLs"] for one in told["status"]["nonResourceRules"])
    assert told["status"]["incomplete"] is False
    access.write(bind("gone", ("User", "alice")))
    told = review(access, "alice", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespace="default").body
    assert told["status"]["incomplete"] is True
    assert told["status"]["evaluationError"].endswith('"gone" not found')
    assert review(access, "alice", "selfsubjectrulesreviews", "SelfSubjectRulesReview").code == 400


def test_where_all_is_allowed_the_answer_is_yes() -> None:
    door = Door()
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": "nobody", "resourceAttributes": {**PODS_HERE, "verb": "delete"}}}  # fmt: skip
    assert door.made(f"{API}/subjectaccessreviews", body)["status"] == {"allowed": True}
    rules = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    told = door.made(f"{API}/selfsubjectrulesreviews", rules)["status"]
    assert told["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
