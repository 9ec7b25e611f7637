"""Flow schemas and priority levels: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import MERGE, Door

ROOT = "/apis/flowcontrol.apiserver.k8s.io/v1"
SCHEMAS, LEVELS = f"{ROOT}/flowschemas", f"{ROOT}/prioritylevelconfigurations"
LEVEL = {"name": "x"}
VERBS = '"create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"'
RESOURCES = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True}
BITS = "required entropy bits of deckSize 1000 and handSize 8 should not be greater than 60"
EXEMPT_ONLY = "Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"


def rules(*given: dict[str, Any]) -> dict[str, Any]:
    return {"priorityLevelConfiguration": LEVEL, "rules": list(given)}


def limited(**given: Any) -> dict[str, Any]:
    return {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}, **given}}


def queues(**given: Any) -> dict[str, Any]:
    return limited(limitResponse={"type": "Queue", "queuing": given})


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    (SCHEMAS, {"matchingPrecedence": -1, "distinguisherMethod": {"type": "X"}},
     ["matchingPrecedence: Invalid value: -1: must be a positive value",
      'distinguisherMethod.type: Unsupported value: "X": supported values: "ByNamespace", "ByUser"',
      "priorityLevelConfiguration.name: Required value: must reference a priority level"]),
    (SCHEMAS, {"matchingPrecedence": 10001, "priorityLevelConfiguration": LEVEL},
     ["matchingPrecedence: Invalid value: 10001: must not be greater than 10000"]),
    (SCHEMAS, {"matchingPrecedence": 1, "priorityLevelConfiguration": LEVEL},
     ["matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]),
    (SCHEMAS, rules({}),
     ["rules[0].subjects: Required value: subjects must contain at least one value",
      "rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty"]),
    (SCHEMAS, rules({"resourceRules": [RESOURCES], "subjects": [
        {"kind": "X"}, {"kind": "User"}, {"kind": "Group", "group": {"name": ""}, "user": {"name": "a"}},
        {"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": ""}}]}),
     ['rules[0].subjects[0].kind: Unsupported value: "X": supported values: "Group", "ServiceAccount", "User"',
      "rules[0].subjects[1].user: Required value: user is required when subject kind is 'User'",
      "rules[0].subjects[2].group.name: Required value",
      "rules[0].subjects[2].user: Forbidden: user is forbidden when subject kind is not 'User'",
      "rules[0].subjects[3].serviceAccount.namespace: Required value: must specify namespace for service account"]),
    (SCHEMAS, rules({"subjects": [{"kind": "User", "user": {"name": "a"}}], "resourceRules": [
        {"verbs": ["x"], "apiGroups": ["*", "a"]}, {**RESOURCES, "namespaces": ["*", "a"]}]}),
     [f'rules[0].resourceRules[0].verbs: Unsupported value: ["x"]: supported values: {VERBS}',
      ('rules[0].resourceRules[0].apiGroups: Invalid value: ["*","a"]: '
       "if '*' is present, must not specify other api groups"),
      "rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource",
      ("rules[0].resourceRules[0].namespaces: Required value: "
       "resource rules that are not cluster scoped must supply at least one namespace"),
      ('rules[0].resourceRules[1].namespaces: Invalid value: ["*","a"]: '
       "if '*' is present, must not specify other namespaces")]),
    (SCHEMAS, rules({"subjects": [{"kind": "User", "user": {"name": "a"}}], "nonResourceRules": [
        {"verbs": ["get"], "nonResourceURLs": ["/", "a", "/a b", "/a//b", "/a*", "/a/*"]}, {"verbs": []}]}),
     ['rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "a": must start with slash',
      'rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space',
      'rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash',
      'rules[0].nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/a*": wildcard can only do suffix matching',
      "rules[0].nonResourceRules[1].verbs: Required value: verbs must contain at least one value",
      ("rules[0].nonResourceRules[1].nonResourceURLs: Required value: "
       "nonResourceURLs must contain at least one value")]),
    (LEVELS, {"type": "X"}, ['type: Unsupported value: "X": supported values: "Exempt", "Limited"']),
    (LEVELS, {"type": "Exempt"}, [f"type: {EXEMPT_ONLY}"]),
    (LEVELS, {"type": "Limited", "exempt": {}},
     ["exempt: Forbidden: must be nil if the type is Limited",
      "limited: Required value: must not be empty when type is Limited"]),
    (LEVELS, limited(lendablePercent=101, nominalConcurrencyShares=-1, borrowingLimitPercent=-1, limitResponse={}),
     ["limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
      'limited.limitResponse.type: Unsupported value: "": supported values: "Queue", "Reject"',
      "limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
      "limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer"]),
    (LEVELS, limited(limitResponse={"type": "Reject", "queuing": {}}),
     [("limited.limitResponse.queuing: Forbidden: "
       "must be nil if limited.limitResponse.type is not Limited")]),
    (LEVELS, limited(limitResponse={"type": "Queue"}),
     ["limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited"]),
    (LEVELS, queues(queues=-1, handSize=-1, queueLengthLimit=-1),
     [f"limited.limitResponse.queuing.{name}: Invalid value: -1: must be positive"
      for name in ("queueLengthLimit", "queues", "handSize")]),
    (LEVELS, queues(queues=4),
     ["limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)"]),
    (LEVELS, queues(queues=1000), [f"limited.limitResponse.queuing.handSize: Invalid value: 8: {BITS}"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "spec", "expected"), REFUSED)
def test_what_is_wrong_is_said(door: Door, path: str, spec: dict[str, Any], expected: list[str]) -> None:
    answer = door.post(path, {"metadata": {"name": "a"}, "spec": spec})
    assert answer.code == 422, answer
    found = [f"{cause['field']}: {cause['message']}" for cause in answer.body["details"]["causes"]]
    assert found == [f"spec.{one}" for one in expected]


def test_what_is_left_out_is_filled_in(door: Door) -> None:
    made = door.made(SCHEMAS, {"metadata": {"name": "a"}, "spec": {"priorityLevelConfiguration": LEVEL}})
    assert made["spec"]["matchingPrecedence"] == 1000
    assert door.patch(f"{SCHEMAS}/a", {"spec": {"matchingPrecedence": -1}}, MERGE).code == 422
    level = door.made(LEVELS, {"metadata": {"name": "a"}, "spec": queues()})["spec"]["limited"]
    assert (level["nominalConcurrencyShares"], level["lendablePercent"]) == (30, 0)
    assert level["limitResponse"]["queuing"] == {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
    exempt = door.made(LEVELS, {"metadata": {"name": "exempt"}, "spec": {"type": "Exempt", "exempt": {}}})["spec"]
    assert exempt["exempt"] == {"nominalConcurrencyShares": 0, "lendablePercent": 0}
    assert door.patch(f"{LEVELS}/a", {"spec": {"limited": {"lendablePercent": 200}}}, MERGE).code == 422
