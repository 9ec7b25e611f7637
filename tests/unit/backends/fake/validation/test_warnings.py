"""Warning headers: what is taken and hardly meant, in the words of pkg/api/pod/warnings.go and its neighbours."""

from __future__ import annotations

from typing import Any

from tests.unit.backends.fake.door import DEPLOYMENTS, MERGE, PODS, Door

C: dict[str, Any] = {"name": "c", "image": "i"}
POD_ROWS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"containers": [{**C, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]},
     ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']),
    ({"containers": [{**C, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}]}, []),
    ({"containers": [{**C, "ports": [{"containerPort": 80}, {"containerPort": 80}]}]},
     ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"]),
    ({"containers": [{**C, "resources": {"requests": {"memory": "100m"}}}]},
     ['spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer']),
    ({"imagePullSecrets": [{"name": "a"}, {"name": "a"}, {"name": ""}]},
     ['spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""']),
    ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
     ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead']),
    ({"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]}, ["spec.volumes[0].gitRepo: deprecated in v1.11"]),
]  # fmt: skip


def warned(header: str | None) -> list[str]:
    texts = (header or "").removeprefix('299 - "').removesuffix('"').replace('\\"', '"')
    return texts.split('", 299 - "') if texts else []


def test_pods(door: Door) -> None:
    for spec, expected in POD_ROWS:
        body = {"metadata": {"name": "p"}, "spec": {"containers": [C], **spec}}
        answer = door.post(f"{PODS}?dryRun=All", body)
        assert (answer.code, warned(answer.headers.get("Warning"))) == (201, expected), spec


def test_names_that_are_no_labels(door: Door) -> None:
    text = "which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"
    pod = door.post(PODS, {"metadata": {"name": "a.b"}, "spec": {"containers": [C]}})
    assert warned(pod.headers["Warning"]) == [f"metadata.name: this is used in the Pod's hostname, {text}"]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [C]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = door.post(DEPLOYMENTS, {"metadata": {"name": "a.b"}, "spec": spec})
    assert warned(made.headers["Warning"]) == [f"metadata.name: this is used in Pod names and hostnames, {text}"]


def test_templates_are_looked_at_when_they_change(door: Door) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [C]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    door.made(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
    secrets = {"spec": {"template": {"spec": {"imagePullSecrets": [{"name": ""}]}}}}
    changed = door.ask("PATCH", f"{DEPLOYMENTS}/d", secrets, content_type=MERGE)
    expected = ['spec.template.spec.imagePullSecrets[0].name: invalid empty name ""']
    assert warned(changed.headers["Warning"]) == expected
    labelled = door.ask("PATCH", f"{DEPLOYMENTS}/d", {"metadata": {"labels": {"x": "y"}}}, content_type=MERGE)
    assert "Warning" not in labelled.headers


def test_services_and_ingresses(door: Door) -> None:
    headless = {"clusterIP": "None", "externalIPs": ["1.2.3.4"]}
    made = door.post("/api/v1/namespaces/default/services", {"metadata": {"name": "s"}, "spec": headless})
    assert warned(made.headers["Warning"]) == ['spec.externalIPs is ignored when spec.clusterIP is "None"']
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    ingress = {
        "metadata": {"name": "i", "annotations": {"kubernetes.io/ingress.class": "x"}},
        "spec": {"defaultBackend": backend},
    }
    path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
    assert warned(door.post(path, ingress).headers["Warning"]) == [
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    ]
