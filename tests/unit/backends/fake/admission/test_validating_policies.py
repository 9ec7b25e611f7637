"""ValidatingAdmissionPolicies: what they match, what they say, and what is done about it."""

from __future__ import annotations

import sys
from typing import Any

import orjson
import pytest

from backends.fake import cel
from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, PODS, Door, config_map, deployment, pod

ROOT = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = f"{ROOT}/validatingadmissionpolicies", f"{ROOT}/validatingadmissionpolicybindings"
RULE = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}


def policy(*expressions: str, rule: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    constraints = {"resourceRules": [{**RULE, **(rule or {})}]}
    validations = [{"expression": expression} for expression in expressions]
    return {
        "metadata": {"name": "p"},
        "spec": {"matchConstraints": constraints, **({"validations": validations} if validations else {}), **spec},
    }


def bind(door: Door, body: dict[str, Any], *actions: str, **spec: Any) -> Door:
    """The policy and a binding of it."""
    door.made(POLICIES, body)
    wanted = {"policyName": "p", "validationActions": list(actions or ("Deny",)), **spec}
    door.made(BINDINGS, {"metadata": {"name": "b"}, "spec": wanted})
    return door


def message(door: Door, target: str = CM, body: Any = None) -> str:
    """What a write is refused with; empty when it is not."""
    answer = door.post(target, body if body is not None else config_map())
    return "" if answer.code == 201 else str(answer.body["message"]).partition("denied request: ")[2]


def test_a_write_that_fails_a_validation_is_refused(door: Door) -> None:
    bind(door, policy("object.spec.replicas <= 5", rule={"resources": ["deployments"]}))
    door.made(DEPLOYMENTS, deployment("small", 5))
    refused = door.post(DEPLOYMENTS, deployment("big", 6))
    why = "denied request: failed expression: object.spec.replicas <= 5"
    text = f"ValidatingAdmissionPolicy 'p' with binding 'b' {why}"
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert refused.body["message"] == f'deployments.apps "big" is forbidden: {text}'
    assert refused.body["details"] == {
        "name": "big", "group": "apps", "kind": "deployments", "causes": [{"message": text}],
    }  # fmt: skip
    assert door.patch(f"{DEPLOYMENTS}/small", {"spec": {"replicas": 7}}).code == 422


def test_a_policy_without_a_binding_says_nothing(door: Door) -> None:
    door.made(POLICIES, policy("false"))
    door.made(CM, config_map())


@pytest.mark.parametrize(
    ("validation", "text", "code"),
    [
        ({"expression": "false", "message": " no \t"}, "no", 422),
        ({"expression": "false", "messageExpression": "'not ' + object.metadata.name"}, "not a", 422),
        ({"expression": "false", "message": "m", "messageExpression": "string(object.nope)"}, "m", 422),
        ({"expression": "false", "message": "m", "messageExpression": "'a\\nb'"}, "m", 422),
        ({"expression": "false", "reason": "Forbidden"}, "failed expression: false", 403),
        ({"expression": "object.nope == 1"}, "expression 'object.nope == 1' resulted in error: no such key: nope", 422),
    ],
)
def test_a_refusal_says_why(door: Door, validation: dict[str, Any], text: str, code: int) -> None:
    bind(door, policy(validations=[validation]))
    refused = door.post(CM, config_map())
    assert (refused.code, refused.body["message"].partition("denied request: ")[2]) == (code, text)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("request.operation == 'CREATE' && request.resource.resource == 'configmaps'", True),
        ("request.name == 'a' && request.namespace == 'default' && !request.dryRun", True),
        ("'system:masters' in request.userInfo.groups", True),
        ("request.kind.kind == 'ConfigMap' && request.options.kind == 'CreateOptions'", True),
        ("oldObject == null && object.data.k == 'v'", True),
        ("namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'", True),
        ("has(object.metadata.uid)", True),
        ("object.metadata.name.matches('^[b-z]')", False),
    ],
)
def test_what_an_expression_sees(door: Door, expression: str, holds: bool) -> None:
    bind(door, policy(expression))
    assert (message(door) == "") is holds


def test_an_update_and_a_deletion_see_what_there_was(door: Door) -> None:
    rule = {"operations": ["UPDATE", "DELETE"], "resources": ["configmaps"]}
    bind(
        door,
        policy(
            "request.operation == 'DELETE' ? oldObject.data.k != 'v' : oldObject.data.k != object.data.k", rule=rule
        ),
    )
    door.made(CM, config_map())
    assert door.patch(f"{CM}/a", {"metadata": {"labels": {"a": "b"}}}).code == 422
    assert door.delete(f"{CM}/a").code == 422
    assert door.delete(f"{CM}?labelSelector=!x").code == 422
    assert door.patch(f"{CM}/a", {"data": {"k": "w"}}).code == 200
    assert door.delete(f"{CM}/a").code == 200


@pytest.mark.parametrize(
    ("match", "refused"),
    [
        ({"resourceRules": [{**RULE, "resources": ["configmaps"]}]}, True),
        ({"resourceRules": [{**RULE, "resources": ["pods"]}]}, False),
        ({"resourceRules": [{**RULE, "resources": ["configmaps/*", "*/*"][1:]}]}, True),
        ({"resourceRules": [{**RULE, "apiGroups": ["apps"]}]}, False),
        ({"resourceRules": [{**RULE, "scope": "Cluster"}]}, False),
        ({"resourceRules": [{**RULE, "resourceNames": ["b"]}]}, False),
        ({"resourceRules": [RULE], "excludeResourceRules": [{**RULE, "resources": ["configmaps"]}]}, False),
        ({"resourceRules": [RULE], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}}, False),
        (
            {"resourceRules": [RULE], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}},
            True,
        ),
        ({"resourceRules": [RULE], "objectSelector": {"matchLabels": {"a": "b"}}}, False),
    ],
)
def test_what_a_policy_is_about(door: Door, match: dict[str, Any], refused: bool) -> None:
    bind(door, policy("false", matchConstraints=match))
    assert bool(message(door)) is refused


def test_equivalent_versions_match_and_exact_ones_do_not(door: Door) -> None:
    scaler: dict[str, Any] = {
        "metadata": {"name": "s"},
        "spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "w"}},
    }
    v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    rule = {"apiGroups": ["autoscaling"], "apiVersions": ["v2"], "resources": ["horizontalpodautoscalers"]}
    body = policy("!has(object.spec.metrics) || request.requestKind.version == 'v2'", rule=rule)
    bind(door, body)
    v1_body = {**scaler, "spec": {**scaler["spec"], "targetCPUUtilizationPercentage": 50}}
    assert "failed expression" in message(door, v1, v1_body)
    exact = {"resourceRules": [{**RULE, **rule}], "matchPolicy": "Exact"}
    door.patch(f"{POLICIES}/p", {"spec": {"matchConstraints": exact}})
    assert message(door, v1, v1_body) == ""


def test_conditions_come_first(door: Door) -> None:
    conditions = [
        {"name": "named", "expression": "object.metadata.name == 'b'"},
        {"name": "x", "expression": "object.nope"},
    ]
    conditions[1]["expression"] = "object.nope == 1"
    bind(door, policy("false", matchConditions=conditions))
    assert message(door) == ""  # one that does not hold outweighs one that fails
    assert message(door, CM, config_map("b")) == "expression 'object.nope == 1' resulted in error: no such key: nope"


def test_variables_are_evaluated_when_they_are_asked_for(door: Door) -> None:
    variables = [
        {"name": "size", "expression": "size(object.data)"},
        {"name": "double", "expression": "variables.size * 2"},
        {"name": "broken", "expression": "object.nope"},
    ]
    bind(door, policy("variables.double == 4 || variables.broken == 1", variables=variables))
    assert message(door, CM, {"metadata": {"name": "two"}, "data": {"a": "1", "b": "2"}}) == ""
    assert message(door).endswith('error: composited variable "broken" fails to evaluate: no such key: nope')


def test_a_policy_may_fail_open(door: Door) -> None:
    bind(door, policy("object.nope == 1", failurePolicy="Ignore"))
    assert message(door) == ""


def test_a_failure_may_be_told_instead(door: Door) -> None:
    bind(door, policy("false"), "Warn", "Audit")
    told = door.post(CM, config_map())
    assert told.code == 201
    text = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false"
    assert told.headers["Warning"] == f'299 - "{text}"'
    event = list(door.cluster.audit)[-1]
    written = orjson.loads(event.annotations["validation.policy.admission.k8s.io/validation_failure"])
    assert written[0]["policy"] == "p"
    assert written[0]["validationActions"] == ["Warn", "Audit"]


def test_annotations_go_into_the_audit(door: Door) -> None:
    annotations = [
        {"key": "who", "valueExpression": "'made ' + object.metadata.name"},
        {"key": "none", "valueExpression": "null"},
    ]
    bind(door, policy(auditAnnotations=annotations))
    door.made(CM, config_map())
    assert list(door.cluster.audit)[-1].annotations == {"p/who": "made a"}


PARAMS = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}


def limited(door: Door, **reference: Any) -> Door:
    door.made(CM, {"metadata": {"name": "limit", "labels": {"limit": "yes"}}, "data": {"most": "2"}})
    body = policy("object.spec.replicas <= int(params.data.most)", rule={"resources": ["deployments"]}, **PARAMS)
    return bind(door, body, paramRef={"parameterNotFoundAction": "Deny", **reference})


@pytest.mark.parametrize("reference", [{"name": "limit"}, {"selector": {"matchLabels": {"limit": "yes"}}}])
def test_parameters_come_from_the_binding(door: Door, reference: dict[str, Any]) -> None:
    limited(door, **reference)
    assert message(door, DEPLOYMENTS, deployment("w", 2)) == ""
    assert message(door, DEPLOYMENTS, deployment("v", 3)).startswith("failed expression")


def test_parameters_that_are_missing(door: Door) -> None:
    limited(door, name="none")
    text = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    assert message(door, DEPLOYMENTS, deployment()) == text
    door.patch(f"{POLICIES}/p", {"spec": {"failurePolicy": "Ignore"}})
    assert message(door, DEPLOYMENTS, deployment("open")) == ""
    door.patch(f"{POLICIES}/p", {"spec": {"failurePolicy": "Fail"}})
    door.patch(f"{BINDINGS}/b", {"spec": {"paramRef": {"parameterNotFoundAction": "Allow"}}})
    assert message(door, DEPLOYMENTS, deployment()) == ""
    door.patch(f"{POLICIES}/p", {"spec": {"paramKind": {"kind": "Nothing"}}})
    assert message(door, DEPLOYMENTS, deployment("x")).startswith(
        "failed to configure binding: failed to find resource"
    )


def test_subresources_are_seen_as_what_they_are(door: Door) -> None:
    rule = {"resources": ["deployments/scale", "pods/eviction"], "operations": ["*"]}
    bind(door, policy("object.kind == 'Scale' ? object.spec.replicas < 3 : has(object.deleteOptions)", rule=rule))
    door.made(DEPLOYMENTS, deployment("w", 5))
    door.made(PODS, pod())
    assert door.patch(f"{DEPLOYMENTS}/w/scale", {"spec": {"replicas": 4}}).code == 422
    assert door.patch(f"{DEPLOYMENTS}/w/scale", {"spec": {"replicas": 2}}).code == 200
    assert door.post(f"{PODS}/p/eviction", {"metadata": {"name": "p"}}).code == 422
    assert door.patch(f"{DEPLOYMENTS}/w", {"spec": {"replicas": 9}}).code == 200


def test_a_command_in_a_container_may_be_refused(door: Door) -> None:
    rule = {"resources": ["pods/exec"], "operations": ["CONNECT"]}
    bind(door, policy("request.name != 'p' || object.command[0] != 'sh'", rule=rule))
    door.made(PODS, pod())
    headers = {"upgrade": "websocket", "sec_websocket_protocol": "v5.channel.k8s.io"}
    refused = door.ask("GET", f"{PODS}/p/exec?command=sh&stdout=1", **headers)
    assert (refused.code, refused.body["message"].partition("denied request: ")[0]) == (
        422, 'pods "p" is forbidden: ValidatingAdmissionPolicy \'p\' with binding \'b\' ',
    )  # fmt: skip
    assert (
        "does not have a host assigned"
        in door.ask("GET", f"{PODS}/p/exec?command=ls&stdout=1", **headers).body["message"]
    )


def test_a_policy_does_not_shut_itself_in(door: Door) -> None:
    rule = {"operations": ["*"]}
    bind(door, policy("false", rule=rule))
    assert door.delete(f"{BINDINGS}/b").code == 200
    door.made(CM, config_map())


def test_a_policy_goes_along_with_a_fork(door: Door) -> None:
    bind(door, policy("false"))
    assert message(door)
    door.cluster = door.cluster.fork()
    assert message(door)


def test_the_status_tells_what_has_been_seen() -> None:
    world = World()
    world.made(POLICIES, policy("true"))
    world.settle()
    status = world.object(f"{POLICIES}/p")["status"]
    assert status == {"observedGeneration": 1, "typeChecking": {}}


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"validations": []}, "spec.validations", "validations or auditAnnotations must contain at least one item"),
        ({"validations": [{"expression": "nope"}]}, "spec.validations[0].expression",
         "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope'"),
        ({"validations": [{"expression": "1"}]}, "spec.validations[0].expression", "must evaluate to bool"),
        ({"validations": [{"expression": "true", "messageExpression": "1"}]}, "spec.validations[0].messageExpression",
         "must evaluate to string"),
        ({"validations": [{"expression": "true", "reason": "Odd"}]}, "spec.validations[0].reason", "Unsupported value"),
        ({"validations": [{"expression": "params.x == 1"}]}, "spec.validations[0].expression", "undeclared reference"),
        ({"variables": [{"name": "if", "expression": "1"}]}, "spec.variables[0].name", "not a valid CEL identifier"),
        ({"matchConstraints": None}, "spec.matchConstraints", "Required value"),
        ({"matchConstraints": {"resourceRules": [{**RULE, "operations": ["*", "CREATE"]}]}},
         "spec.matchConstraints.resourceRules[0].operations", "if '*' is present, must not specify other operations"),
        ({"matchConstraints": {"resourceRules": [{**RULE, "resources": ["*/*", "pods"]}]}},
         "spec.matchConstraints.resourceRules[0].resources", "if '*/*' is present, must not specify other resources"),
        ({"matchConditions": [{"name": "a", "expression": "1"}]}, "spec.matchConditions[0].expression",
         "must evaluate to bool"),
        ({"auditAnnotations": [{"key": "k", "valueExpression": "1"}]}, "spec.auditAnnotations[0].valueExpression",
         "must evaluate to one of [string null_type]"),
        ({"paramKind": {"apiVersion": "a/b/c", "kind": "X"}}, "spec.paramKind.apiVersion", "unexpected GroupVersion"),
        ({"failurePolicy": "Maybe"}, "spec.failurePolicy", 'supported values: "Fail", "Ignore"'),
    ],
)  # fmt: skip
def test_a_policy_that_means_nothing_is_refused(door: Door, spec: dict[str, Any], field: str, words: str) -> None:
    refused = door.post(POLICIES, policy("true", **spec))
    causes = {cause["field"]: cause["message"] for cause in refused.body["details"]["causes"]}
    assert words in causes[field]


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"policyName": ""}, "spec.policyName", "Required value"),
        ({"validationActions": []}, "spec.validationActions", "at least one validation action is required"),
        ({"validationActions": ["Deny", "Warn"]}, "spec.validationActions", "must not contain both Deny and Warn"),
        ({"paramRef": {"parameterNotFoundAction": "Deny"}}, "spec.paramRef",
         "one of name or selector must be specified"),
        ({"paramRef": {"name": "a"}}, "spec.paramRef.parameterNotFoundAction", "Required value"),
        ({"paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Deny"}}, "spec.paramRef.name",
         "name and selector are mutually exclusive"),
    ],
)  # fmt: skip
def test_a_binding_that_means_nothing_is_refused(door: Door, spec: dict[str, Any], field: str, words: str) -> None:
    body = {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"], **spec}}
    causes = {cause["field"]: cause["message"] for cause in door.post(BINDINGS, body).body["details"]["causes"]}
    assert words in causes[field]


def test_without_the_library_a_policy_is_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    cel.environment.cache_clear()
    refused = door.post(POLICIES, policy("true"))
    assert (refused.code, refused.body["message"]) == (
        501,
        "CEL expressions need the library cel-expr-python: pip install 'kubeactions[cel]'",
    )
