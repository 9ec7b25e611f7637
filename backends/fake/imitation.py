"""What this server does not imitate, as data: who reads it is the documentation, the server, and a test.

`REFUSED` is answered with 501, 406 or 415 and a Status that says so. `NOT_ENFORCED` is stored like anything else, and
whoever writes it gets a Warning header, because it has no effect here. Where no kubelet runs pods, nobody expects
one of most kinds: an API server alone stores objects, and answers as a real one does.
"""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """Something refused: in words, a request that shows it, and the status code of the answer."""

    what: str
    method: str
    target: str
    code: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


_JSON = (("content-type", "application/json"),)
_SPDY = (("connection", "Upgrade"), ("upgrade", "SPDY/3.1"))
_PODS = "/api/v1/namespaces/default/pods"
_POD = f"{_PODS}/p"


def _post(what: str, target: str) -> Refusal:
    return Refusal(what, "POST", target, 501, _JSON, b"{}")


_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_WEBHOOK = (
    b'{"metadata":{"name":"as.x.y"},"spec":{"group":"x.y","scope":"Cluster","names":{"plural":"as","kind":"A"},'
    b'"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://x.y"},'
    b'"conversionReviewVersions":["v1"]}},"versions":[{"name":"v1","served":true,"storage":true,'
    b'"schema":{"openAPIV3Schema":{"type":"object"}}}]}}'
)

NOT_IMITATED: tuple[Refusal, ...] = (
    Refusal(
        "protobuf of CustomResourceDefinitions and APIServices",
        "GET",
        "/apis/apiregistration.k8s.io/v1/apiservices",
        406,
        (("accept", "application/vnd.kubernetes.protobuf"),),
    ),
    Refusal("conversion of custom resources by a webhook", "POST", _DEFINITIONS, 501, _JSON, _WEBHOOK),
    _post("aggregated API servers", "/apis/apiregistration.k8s.io/v1/apiservices"),
    Refusal("SPDY", "POST", f"{_POD}/exec?command=true&stdout=true", 501, _SPDY),
    Refusal("watches over a WebSocket", "GET", f"{_PODS}?watch=true", 501, (("upgrade", "websocket"),)),
    _post("port forwarding", f"{_POD}/portforward"),
    Refusal("the pod proxy", "GET", f"{_POD}/proxy", 501),
    Refusal("the service proxy", "GET", "/api/v1/namespaces/default/services/kubernetes/proxy", 501),
    Refusal("the node proxy", "GET", "/api/v1/nodes/n/proxy", 501),
    Refusal("metrics", "GET", "/metrics", 501),
)

_NOT_ASKED = "enforce RBAC, since it was started to allow everything"
_NOT_BOUND = "bind claims to volumes: the pods run without"
_NOT_QUEUED = "enforce priority and fairness"

REFUSED_RESOURCES: dict[tuple[str, str], str] = {
    ("apiregistration.k8s.io", "apiservices"): "aggregated API servers: an APIService would serve nothing",
}
"""Creating one of these is refused: its whole point is an effect that there is not."""

REFUSED_SUBRESOURCES: dict[str, str] = {
    "proxy": "the proxy: nothing listens behind it",
}

NOT_ENFORCED: dict[tuple[str, str], str] = {
    ("", "persistentvolumeclaims"): _NOT_BOUND,
    ("", "persistentvolumes"): _NOT_BOUND,
    ("autoscaling", "horizontalpodautoscalers"): "scale by metrics: nothing measures the pods",
    ("certificates.k8s.io", "certificatesigningrequests"): "sign certificates",
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): _NOT_QUEUED,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): _NOT_QUEUED,
    ("networking.k8s.io", "networkpolicies"): "enforce network policies: nothing is sent between pods",
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _NOT_ASKED,
    ("rbac.authorization.k8s.io", "clusterroles"): _NOT_ASKED,
    ("rbac.authorization.k8s.io", "rolebindings"): _NOT_ASKED,
    ("rbac.authorization.k8s.io", "roles"): _NOT_ASKED,
}
"""What has no effect, by group and resource: what this server does not do about it."""


def warning_of(storage: tuple[str, str], *, pods_run: bool) -> str | None:
    """What whoever writes such an object is told; None for what has its effect, or whose effect needs running pods."""
    what = NOT_ENFORCED.get(storage)
    if what != _NOT_ASKED and not pods_run:
        return None
    return f"the in-memory API server stores this and does not {what}" if what else None
