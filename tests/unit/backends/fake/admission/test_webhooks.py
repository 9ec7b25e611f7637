"""Admission webhooks: who is asked what, what an answer does, and what happens while it is awaited."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Request
from backends.fake.policies.callouts import Answer, Callout, Suspended
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, PODS, Door, config_map, deployment, pod

ROOT = "/apis/admissionregistration.k8s.io/v1"
RULE = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
Reply = Callable[[dict[str, Any]], dict[str, Any]]


def is_free(lock: threading.RLock) -> bool:
    """Whether another thread could have the lock."""
    found: list[bool] = []

    def try_it() -> None:
        found.append(lock.acquire(timeout=0.5))
        if found[0]:
            lock.release()

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    return found[0]


class Asked(Door):
    """A cluster whose webhooks are answered by `replies`, by the last part of their URLs; `asked` has the questions."""

    def __init__(self, *, controllers: bool = False, **replies: Reply | Answer) -> None:
        self.clock = SimulatedClock()
        self.replies = replies
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[Callout] = []
        self.cluster = Cluster(
            self.clock, controllers=controllers, webhook_caller=self.call, webhook_services={"n/s": "https://h:1/"}
        )

    def call(self, call: Callout) -> Answer:
        assert is_free(self.cluster.lock), "the lock is held while a webhook is asked"
        name = call.url.partition("?")[0].rpartition("/")[2]
        request = orjson.loads(call.body)["request"]
        self.asked.append((name, request))
        self.calls.append(call)
        reply = self.replies[name]
        if isinstance(reply, Answer):
            return reply
        response = {"uid": request["uid"], **reply(request)}
        review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": response}
        return Answer(200, orjson.dumps(review))

    def hook(self, name: str, *, mutating: bool = False, **spec: Any) -> None:
        """A configuration with one webhook."""
        kind = "mutating" if mutating else "validating"
        webhook = {
            "name": f"{name}.example.com",
            "clientConfig": {"url": f"https://example.com/{name}"},
            "rules": [{**RULE, "resources": ["configmaps"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **spec,
        }
        self.made(f"{ROOT}/{kind}webhookconfigurations", {"metadata": {"name": name}, "webhooks": [webhook]})


def allow(_request: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": True}


def deny(_request: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": False, "status": {"code": 403, "reason": "Forbidden", "message": "not today"}}


def patching(*operations: dict[str, Any]) -> Reply:
    patch = base64.b64encode(orjson.dumps(list(operations))).decode()
    return lambda _request: {"allowed": True, "patchType": "JSONPatch", "patch": patch}


def test_a_webhook_is_asked_about_what_is_to_be_stored() -> None:
    door = Asked(v=allow)
    door.hook("v")
    door.made(f"{CM}?fieldManager=me", config_map())
    ((_, request),) = door.asked
    assert (request["operation"], request["name"], request["namespace"]) == ("CREATE", "a", "default")
    assert request["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert request["object"]["data"] == {"k": "v"}
    assert (request["oldObject"], request["dryRun"]) == (None, False)
    assert request["options"] == {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me"}
    assert request["userInfo"]["username"] == "kubernetes-admin"
    assert door.calls[0].url == "https://example.com/v?timeout=10s"
    door.patch(f"{CM}/a", {"data": {"k": "w"}})
    door.delete(f"{CM}/a")
    _, update, delete = (request for _, request in door.asked)
    assert (update["oldObject"]["data"], update["object"]["data"]) == ({"k": "v"}, {"k": "w"})
    assert (delete["operation"], delete["object"], delete["oldObject"]["data"]) == ("DELETE", None, {"k": "w"})
    assert delete["options"]["kind"] == "DeleteOptions"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        ({"code": 403, "reason": "Forbidden", "message": "no"}, 403, ": no"),
        ({"reason": "Odd"}, 400, ": Odd"),
        ({"code": 200}, 400, " without explanation"),
    ],
)
def test_a_denial_carries_the_status_of_the_webhook(status: dict[str, Any], code: int, message: str) -> None:
    door = Asked(v=lambda _: {"allowed": False, "status": status})
    door.hook("v")
    refused = door.post(CM, config_map())
    text = f'admission webhook "v.example.com" denied the request{message}'
    assert (refused.code, refused.body["message"]) == (code, text)
    assert door.get(f"{CM}/a").code == 404


def test_warnings_and_annotations_are_passed_on() -> None:
    more = {"allowed": True, "warnings": ["careful"], "auditAnnotations": {"k": "v"}}
    door = Asked(v=lambda _: more)
    door.hook("v")
    assert door.post(CM, config_map()).headers["Warning"] == '299 - "careful"'
    assert list(door.cluster.audit)[-1].annotations == {"v.example.com/k": "v"}


def test_mutating_webhooks_are_asked_in_turn_and_their_patches_are_stored() -> None:
    door = Asked(
        a=patching({"op": "add", "path": "/data/a", "value": "1"}),
        b=patching({"op": "copy", "from": "/data/a", "path": "/data/b"}),
        v=allow,
    )
    door.hook("b", mutating=True)
    door.hook("a", mutating=True)
    door.hook("v")
    assert door.made(CM, config_map())["data"] == {"k": "v", "a": "1", "b": "1"}
    assert [name for name, _ in door.asked] == ["a", "b", "v"]
    assert door.asked[-1][1]["object"]["data"] == {"k": "v", "a": "1", "b": "1"}
    notes = list(door.cluster.audit)[-1].annotations
    assert orjson.loads(notes["mutation.webhook.admission.k8s.io/round_0_index_0"])["mutated"] is True


def test_what_a_webhook_adds_is_completed_and_validated() -> None:
    sidecar = {"op": "add", "path": "/spec/containers/-", "value": {"name": "side", "image": "i"}}
    door = Asked(controllers=True, m=patching(sidecar))
    door.hook("m", mutating=True, rules=[{**RULE, "resources": ["pods"], "operations": ["CREATE"]}])
    containers = door.made(PODS, pod())["spec"]["containers"]
    assert containers[1]["terminationMessagePath"] == "/dev/termination-log"
    assert containers[1]["volumeMounts"] == containers[0]["volumeMounts"]
    door.replies["m"] = patching({"op": "replace", "path": "/spec/containers/0/name", "value": "No"})
    assert door.post(PODS, pod("q")).code == 422


def test_a_webhook_that_wants_to_is_asked_again_when_others_change_the_object() -> None:
    door = Asked(a=allow, b=patching({"op": "add", "path": "/data/b", "value": "1"}))
    door.hook("a", mutating=True, reinvocationPolicy="IfNeeded")
    door.hook("b", mutating=True)
    door.made(CM, config_map())
    assert [name for name, _ in door.asked] == ["a", "b", "a"]
    assert door.asked[-1][1]["object"]["data"] == {"k": "v", "b": "1"}


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ({}, True),
        ({"rules": [{**RULE, "operations": ["DELETE"]}]}, False),
        ({"rules": [{**RULE, "resources": ["configmaps/*"]}]}, True),
        ({"rules": [{**RULE, "resources": ["configmaps/status"]}]}, False),
        ({"namespaceSelector": {"matchLabels": {"x": "y"}}}, False),
        ({"objectSelector": {"matchLabels": {"x": "y"}}}, False),
        ({"matchConditions": [{"name": "c", "expression": "object.metadata.name != 'a'"}]}, False),
        ({"matchConditions": [{"name": "c", "expression": "request.operation == 'CREATE'"}]}, True),
    ],
)
def test_who_is_asked(spec: dict[str, Any], asked: bool) -> None:
    door = Asked(v=allow)
    door.hook("v", **spec)
    door.made(CM, config_map())
    assert bool(door.asked) is asked


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(problem='Post "u": refused'), 'failed to call webhook: Post "u": refused'),
        (Answer(503, b"busy"), 'failed to call webhook: an error on the server ("busy") has prevented the request'),
        (Answer(404), "failed to call webhook: the server could not find the requested resource"),
        (Answer(200, b"{}"), "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind="),
        (Answer(200, b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'), "webhook response was absent"),
        (Answer(200, b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"x"}}'),
         "expected response.uid="),
    ],
)  # fmt: skip
def test_a_webhook_that_fails_fails_the_write_or_not(answer: Answer, text: str) -> None:
    door = Asked(v=answer)
    door.hook("v")
    refused = door.post(CM, config_map())
    assert (refused.code, refused.body["reason"]) == (500, "InternalError")
    assert refused.body["message"].startswith('Internal error occurred: failed calling webhook "v.example.com": ')
    assert text in refused.body["message"]
    door.delete(f"{ROOT}/validatingwebhookconfigurations/v")
    door.hook("v", failurePolicy="Ignore")
    door.made(CM, config_map())
    assert "failed-open.validating.webhook.admission.k8s.io/round_0_index_0" in list(door.cluster.audit)[-1].annotations


def test_a_patch_has_a_type_and_comes_from_a_mutating_webhook() -> None:
    door = Asked(v=patching(), m=lambda _: {"allowed": True, "patch": "W10="})
    door.hook("v")
    assert "validating webhook may not return response.patch" in door.post(CM, config_map()).body["message"]
    door.delete(f"{ROOT}/validatingwebhookconfigurations/v")
    door.hook("m", mutating=True)
    assert "webhook returned response.patch but not response.patchType" in door.post(CM, config_map()).body["message"]


def test_validating_webhooks_are_asked_side_by_side() -> None:
    both = threading.Barrier(2)

    def meet(_request: dict[str, Any]) -> dict[str, Any]:
        both.wait(5)
        return {"allowed": True}

    door = Asked(v=meet, w=meet)
    door.hook("v")
    door.hook("w")
    door.made(CM, config_map())
    assert len(door.asked) == 2


def test_a_service_is_where_the_cluster_was_told_that_it_is() -> None:
    door = Asked(v=allow)
    door.hook("v", clientConfig={"service": {"namespace": "n", "name": "s", "path": "/v"}, "caBundle": "YWI="})
    door.made(CM, config_map())
    call = door.calls[0]
    assert (call.url, call.address) == ("https://s.n.svc:443/v?timeout=10s", "https://h:1/v?timeout=10s")
    assert (call.server_name, call.ca_bundle) == ("s.n.svc", b"ab")


def test_a_generated_name_does_not_keep_a_question_from_its_answer() -> None:
    door = Asked(controllers=True, v=allow)
    door.hook("v", rules=[{**RULE, "resources": ["pods"], "operations": ["CREATE"]}])
    body = pod()
    body["metadata"] = {"generateName": "p-"}
    door.made(PODS, body)
    door.made(PODS, body)
    assert len(door.asked) == 2


def test_nothing_is_stored_or_audited_before_the_answer() -> None:
    door = Asked(v=deny)
    door.hook("v")
    revision, recorded = door.cluster.store.revision, door.cluster.audit.recorded
    body = orjson.dumps(config_map())
    with pytest.raises(Suspended):
        door.cluster.attempt(Request("POST", CM, {"content-type": "application/json"}, body))
    assert (door.cluster.store.revision, door.cluster.audit.recorded) == (revision, recorded)


def test_all_of_a_collection_are_asked_about_before_the_first_goes() -> None:
    door = Asked(v=lambda request: {"allowed": request["name"] != "b"})
    for name in ("a", "b"):
        door.made(CM, config_map(name))
    door.hook("v", rules=[{**RULE, "operations": ["DELETE"]}])
    assert door.delete(CM).code == 400
    assert [one["metadata"]["name"] for one in door.get(CM).body["items"] if one["metadata"]["name"] in "ab"] == [
        "a",
        "b",
    ]


def test_controllers_wait_for_webhooks_and_go_on() -> None:
    label = {"op": "add", "path": "/metadata/labels/seen", "value": "yes"}
    door = Asked(controllers=True, m=patching(label), v=allow)
    rules = [{**RULE, "resources": ["pods"], "operations": ["CREATE"]}]
    door.hook("m", mutating=True, rules=rules)
    door.hook("v", rules=rules)
    door.made(DEPLOYMENTS, deployment("w", 3))
    door.cluster.settle()
    pods = door.get(PODS).body["items"]
    assert [one["metadata"]["labels"]["seen"] for one in pods] == ["yes"] * 3
    assert [one["status"]["phase"] for one in pods] == ["Running"] * 3


def test_a_webhook_may_ask_the_cluster() -> None:
    door = Asked()
    door.replies["v"] = lambda _: {"allowed": door.get("/api/v1/namespaces/default").code == 200}
    door.hook("v")
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(door.post(CM, config_map(f"c{n}")).code)) for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [201] * 5


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"name": "v"}, "name", "at least three segments"),
        ({"clientConfig": {}}, "clientConfig", "exactly one of url or service is required"),
        ({"clientConfig": {"url": "http://a"}}, "clientConfig.url", "'https' is the only allowed URL scheme"),
        ({"clientConfig": {"url": "https://a?b=c"}}, "clientConfig.url", "query parameters are not permitted"),
        ({"clientConfig": {"service": {"name": "", "namespace": "n"}}}, "clientConfig.service.name", "required"),
        ({"sideEffects": "Some"}, "sideEffects", 'supported values: "None", "NoneOnDryRun"'),
        ({"timeoutSeconds": 31}, "timeoutSeconds", "must be between 1 and 30 seconds"),
        ({"admissionReviewVersions": ["v9"]}, "admissionReviewVersions", "must include at least one of v1, v1beta1"),
        ({"admissionReviewVersions": []}, "admissionReviewVersions", "must specify one of v1, v1beta1"),
        ({"rules": [{**RULE, "apiGroups": ["*", "apps"]}]}, "rules[0].apiGroups", "must not specify other API groups"),
        ({"matchConditions": [{"name": "a", "expression": "nope"}]}, "matchConditions[0].expression", "undeclared"),
    ],
)  # fmt: skip
def test_a_configuration_that_means_nothing_is_refused(spec: dict[str, Any], field: str, words: str) -> None:
    webhook = {
        "name": "v.example.com", "clientConfig": {"url": "https://a"}, "rules": [RULE], "sideEffects": "None",
        "admissionReviewVersions": ["v1"], **spec,
    }  # fmt: skip
    body = {"metadata": {"name": "c"}, "webhooks": [webhook]}
    refused = Door().post(f"{ROOT}/validatingwebhookconfigurations", body)
    causes = {cause["field"]: cause["message"] for cause in refused.body["details"]["causes"]}
    assert words in causes[f"webhooks[0].{field}"]
