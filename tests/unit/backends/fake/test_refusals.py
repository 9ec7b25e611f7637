"""What the server refuses, kind by kind, and where: one row a rule, sent as a client sends it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import PODS, STRATEGIC, Door

CORE = "/api/v1/namespaces/default"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
RUNTIME_CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
JOB = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}


def refused(answer: Any) -> list[str]:
    """The fields that an answer names, without those that are named again."""
    assert answer.code == 422, answer
    return list(dict.fromkeys(cause["field"] for cause in answer.body["details"]["causes"]))


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/api/v1/namespaces", {"spec": {"finalizers": ["bad", "a.b/c"]}}, ["spec.finalizers"]),
        ("/apis/apps/v1/namespaces/default/controllerrevisions", {"revision": -1}, ["data", "revision"]),
        (f"{RBAC}/rolebindings", {"roleRef": {"kind": "Role", "name": "a/b"}}, ["roleRef.name"]),
        (
            RUNTIME_CLASSES,
            {
                "handler": "h",
                "overhead": {"podFixed": {"cpu": "-1"}},
                "scheduling": {"nodeSelector": {"a b": "c"}, "tolerations": [{"operator": "Exists", "value": "x"}]},
            },
            ["overhead.limits[cpu]", "scheduling.nodeSelector", "scheduling.tolerations[0].operator"],
        ),
        (f"{CORE}/endpoints", {"subsets": [{}]}, ["subsets[0]"]),
        (f"{CORE}/endpoints", {"subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 1}, {"port": 0}]}]},
         ["subsets[0].addresses[0].ip", "subsets[0].ports[0].name", "subsets[0].ports[1].name",
          "subsets[0].ports[1].port"]),
        (f"{CORE}/endpoints", {"subsets": [{"notReadyAddresses": [{"ip": "x", "hostname": "_"}]}]},
         ["subsets[0].notReadyAddresses[0].ip", "subsets[0].notReadyAddresses[0].hostname"]),
        ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
         {"addressType": "IPv4", "endpoints": [{"addresses": ["::2"]}], "ports": [{"name": "_"}, {"protocol": "ICMP"}]},
         ["endpoints[0].addresses[0]", "ports[0].name", "ports[1].protocol"]),
        ("/api/v1/nodes", {"status": {"capacity": {"pods": "1500m"}, "allocatable": {"cpu": "-1"}}},
         ["status.capacity.pods", "status.allocatable.cpu"]),
        ("/apis/batch/v1/namespaces/default/cronjobs",
         {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {**JOB, "selector": {}, "manualSelector": True}}}},
         ["spec.jobTemplate.spec.selector", "spec.jobTemplate.spec.manualSelector"]),
        (f"{CORE}/pods", {"spec": {"containers": [{"name": "c", "image": "i", "resources": {
            "limits": {"hugepages-2Mi": "2Mi"}}}]}}, ["spec.containers[0].resources"]),
    ],
)  # fmt: skip
def test_where_a_new_object_is_refused(door: Door, path: str, body: dict[str, Any], fields: list[str]) -> None:
    if path.endswith("pods"):
        door.made(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    assert refused(door.post(path, {"metadata": {"name": "x"}, **body})) == fields


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no", "invalid character 'o' in literal null (expecting 'u')"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
)
def test_a_docker_config_is_json(door: Door, content: str, why: str) -> None:
    secret = {"metadata": {"name": "s"}, "type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": content}}
    assert door.post(f"{CORE}/secrets", secret).body["message"].endswith(f'"<secret contents redacted>": {why}')


def test_the_networks_of_a_node_are_given_once(door: Door) -> None:
    door.made("/api/v1/nodes", {"metadata": {"name": "n"}, "spec": {"podCIDR": "192.0.2.0/24"}})
    assert door.get("/api/v1/nodes/n").body["spec"]["podCIDRs"] == ["192.0.2.0/24"]
    assert refused(door.patch("/api/v1/nodes/n", {"spec": {"podCIDR": "192.0.3.0/24"}})) == ["spec.podCIDRs"]
    assert refused(door.patch("/api/v1/nodes/n", {"spec": {"externalID": "x"}})) == ["spec.externalID"]
    twice = {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}] * 2}}
    assert refused(door.patch("/api/v1/nodes/n/status", twice)) == ["status.addresses[1]"]


def test_the_addresses_of_a_pod_are_in_step(door: Door) -> None:
    door.made(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    door.made(f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    path = f"{CORE}/pods/p/status"
    assert door.patch(path, {"status": {"podIP": "192.0.2.1"}}).body["status"]["podIPs"] == [{"ip": "192.0.2.1"}]
    assert door.patch(path, {"status": {"podIPs": None, "podIP": None}}).body["status"].get("podIPs") is None
    assert door.patch(path, {"status": {"podIPs": [{"ip": "192.0.2.2"}]}}).body["status"]["podIP"] == "192.0.2.2"


def test_a_namespaces_preconditions_and_finalizers_are_worded_by_its_own_storage(door: Door) -> None:
    path = "/api/v1/namespaces/default"
    uid = door.get(path).body["metadata"]["uid"]
    answer = door.ask("DELETE", path, {"preconditions": {"uid": "other"}})
    assert (answer.code, answer.body["details"]["kind"]) == (409, "namespaces")
    assert answer.body["message"].endswith(
        f"Precondition failed: UID in precondition: other, UID in object meta: {uid}"
    )
    final = {"metadata": {"name": "default"}, "spec": {"finalizers": ["kubernetes", "bare"]}}
    assert refused(door.ask("PUT", f"{path}/finalize", final)) == ["spec.finalizers[1]"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "yaml: line 1: did not find expected node content"),
        (b"a: b: c", "yaml: mapping values are not allowed in this context"),
        (b"a:\n\tb: c", "yaml: line 2: found character that cannot start any token"),
    ],
)
def test_what_is_no_yaml_is_refused_in_the_words_of_the_library(door: Door, text: bytes, why: str) -> None:
    posted = door.ask("POST", f"{CORE}/configmaps", text, content_type="application/yaml")
    assert why in posted.body["message"]
    applied = door.ask(
        "PATCH", f"{CORE}/configmaps/a?fieldManager=m", text, content_type="application/apply-patch+yaml"
    )
    assert applied.body["message"] == f"error decoding YAML: error converting YAML to JSON: {why}"


# ---- a Pod's own doors


def container(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "image": "i", **members}


RESIZED = {
    "containers": [container("c", resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}})],
    "initContainers": [container("s", restartPolicy="Always"), container("n")],
}
CPU_AND_MEMORY = "spec: Forbidden: only cpu and memory resources are mutable"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}, ""),
        (
            {"containers": [{"name": "c", "resources": {"requests": {"cpu": "3"}}}]},
            'spec.containers[0].resources.requests: Invalid value: "3": must be less than or equal to cpu limit of 2',
        ),
        (
            {"containers": [{"name": "c", "resources": {"limits": None}}]},
            "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
        ),
        (
            {"containers": [{"name": "c", "resources": {"requests": {"memory": None}}}]},
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ),
        ({"containers": [{"name": "c", "resources": {"requests": {"ephemeral-storage": "1Gi"}}}]}, CPU_AND_MEMORY),
        (
            {"containers": [{"name": "x", "image": "i"}]},
            "spec.containers: Forbidden: containers may not be added or removed on resize",
        ),
        (
            {"initContainers": [{"name": "n", "resources": {"requests": {"cpu": "1"}}}]},
            "spec: Forbidden: resources for non-sidecar init containers are immutable",
        ),
        ({"initContainers": [{"name": "s", "resources": {"requests": {"cpu": "1"}}}]}, ""),
    ],
)
def test_a_resize_changes_cpu_and_memory_alone(door: Door, spec: dict[str, Any], said: str) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": RESIZED})
    answer = door.patch(f"{PODS}/p/resize", {"metadata": {"labels": {"a": "b"}}, "spec": spec}, STRATEGIC)
    assert answer.body.get("message", "") == (f'Pod "p" is invalid: {said}' if said else "")
    assert "labels" not in answer.body["metadata"], "nothing of the metadata comes through this door"


def test_a_resize_keeps_the_class_of_service(door: Door) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [container("c")]}})
    spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}
    said = 'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing'
    assert door.patch(f"{PODS}/p/resize", {"spec": spec}, STRATEGIC).body["message"] == f'Pod "p" is invalid: {said}'


@pytest.mark.parametrize(("subresource", "kind"), [("binding", "Binding"), ("eviction", "Eviction")])
def test_what_is_posted_to_a_pod_is_in_its_namespace(door: Door, subresource: str, kind: str) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [container("c")]}})
    body = {"kind": kind, "metadata": {"name": "p", "namespace": "other"}, "target": {"name": "n"}}
    refused = door.post(f"{PODS}/p/{subresource}", body)
    assert (refused.code, refused.body["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("member", "called"),
    [("uid", "UID in precondition: 1,"), ("resourceVersion", "ResourceVersion in precondition: 1,")],
)
def test_a_binding_may_say_which_pod_it_means(door: Door, member: str, called: str) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [container("c")]}})
    body = {"kind": "Binding", "metadata": {"name": "p", member: "1"}, "target": {"name": "n"}}
    refused = door.post(f"{PODS}/p/binding", body)
    assert refused.code == 409
    assert called in refused.body["message"]


def test_the_parameters_of_an_ingress_class_are_the_clusters(door: Door) -> None:
    spec = {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n"}}
    made = door.made("/apis/networking.k8s.io/v1/ingressclasses", {"metadata": {"name": "c"}, "spec": spec})
    assert made["spec"]["parameters"]["scope"] == "Cluster"


# ---- what is there twice


def test_yaml_with_a_key_twice_is_refused_or_warned_of(door: Door) -> None:
    text = b"metadata:\n  name: y\ndata:\n  a: b\n  a: c\nfoo: bar\n"
    path, said = f"{CORE}/configmaps?fieldValidation=", 'line 5: key "a" already set in map'
    answers = [door.ask("POST", path + how, text, content_type="application/yaml") for how in ("Strict", "Warn")]
    assert (
        answers[0]
        .body["message"]
        .endswith(f'strict decoding error: yaml: unmarshal errors:\n  {said}, unknown field "foo"')
    )
    assert answers[1].headers["Warning"].startswith(f'299 - "{said}", 299'.replace('key "a"', 'key \\"a\\"'))


def test_an_owner_that_is_named_twice_is_kept_once(door: Door) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
    body = {"metadata": {"name": "c", "ownerReferences": [owner, {**owner, "name": "p"}, owner]}}
    texts = (
        (door.post(f"{CORE}/configmaps", body), ""),
        (door.put(f"{CORE}/configmaps/c", body), ""),
        (door.patch(f"{CORE}/configmaps/c", body), " after mutating admission happens"),
    )
    for answer, when in texts:
        assert [each["name"] for each in answer.body["metadata"]["ownerReferences"]] == ["o", "p"]
        assert f"contains duplicate entries{when}; API server dedups" in answer.headers["Warning"]


def test_the_version_of_an_owner_can_be_read(door: Door) -> None:
    owner = {"apiVersion": "a/b/c", "kind": "X", "name": "n", "uid": "u"}
    answer = door.post(f"{CORE}/configmaps", {"metadata": {"name": "c", "ownerReferences": [owner]}})
    assert refused(answer) == ["metadata.ownerReferences.apiVersion"]


@pytest.mark.parametrize(
    ("path", "made", "patch", "fields"),
    [
        ("/api/v1/namespaces", {}, {"status": {"phase": "Terminating"}}, ["status.Phase"]),
        (
            f"{CORE}/replicationcontrollers",
            {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container("c")]}}}},
            {"status": {"replicas": -1}},
            ["status.replicas", "status.fullyLabeledReplicas", "status.readyReplicas", "status.availableReplicas"],
        ),
    ],
)
def test_what_is_refused_of_a_status(
    door: Door, path: str, made: dict[str, Any], patch: dict[str, Any], fields: list[str]
) -> None:
    door.made(path, {"metadata": {"name": "x"}, **made})
    assert refused(door.patch(f"{path}/x/status", patch)) == fields


def test_the_data_of_a_revision_stays(door: Door) -> None:
    path = "/apis/apps/v1/namespaces/default/controllerrevisions"
    door.made(path, {"metadata": {"name": "x"}, "data": {"a": "b"}, "revision": 1})
    assert refused(door.patch(f"{path}/x", {"data": {"a": "c"}, "revision": 2})) == ["data"]
    assert door.patch(f"{path}/x", {"revision": 2}).code == 200


def test_what_a_pod_is_as_a_whole(door: Door) -> None:
    spec = {"containers": [container("c")], "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}}
    assert door.made(PODS, {"metadata": {"name": "p"}, "spec": spec})["status"]["qosClass"] == "Burstable"
    ready = {"type": "Ready", "status": "True"}
    for status in (
        {"observedGeneration": 1, "conditions": [{**ready, "observedGeneration": 1}]},
        {"conditions": [ready]},
    ):
        told = door.put(f"{PODS}/p/status", {"metadata": {"name": "p"}, "spec": spec, "status": status}).body["status"]
        assert (told["observedGeneration"], told["conditions"][0]["observedGeneration"]) == (1, 1)
