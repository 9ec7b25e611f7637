"""What this server does not imitate, as data: who reads it is the documentation, the server, and a test.

`REFUSED` is answered with 501, 406 or 415 and a Status that says so. `NOT_ENFORCED` is stored like anything else, and
whoever writes it gets a Warning header, because it has no effect here.
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
_POD = "/api/v1/namespaces/default/pods/p"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
_PROTOBUF = "application/vnd.kubernetes.protobuf"

NOT_IMITATED: tuple[Refusal, ...] = (
    Refusal("server-side apply", "PATCH", f"{_POD}?fieldManager=m", 501, (("content-type", "application/apply-patch+yaml"),), b"{}"),
    Refusal("Table output where nothing else is acceptable", "GET", "/api/v1/pods", 406, (("accept", _TABLE),)),
    Refusal("PartialObjectMetadata where nothing else is acceptable", "GET", "/api/v1/pods", 406, (("accept", _PARTIAL),)),
    Refusal("protobuf request bodies", "POST", "/api/v1/namespaces", 415, (("content-type", _PROTOBUF),), b"k8s\0"),
    Refusal("protobuf answers where nothing else is acceptable", "GET", "/api/v1/pods", 406, (("accept", _PROTOBUF),)),
    Refusal("custom resources", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", 501, _JSON, b"{}"),
    Refusal("aggregated API servers", "POST", "/apis/apiregistration.k8s.io/v1/apiservices", 501, _JSON, b"{}"),
    Refusal("RBAC questions", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 501, _JSON, b"{}"),
    Refusal("RBAC questions about others", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", 501, _JSON, b"{}"),
    Refusal("RBAC rules", "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", 501, _JSON, b"{}"),
    Refusal(
        "RBAC questions in a namespace", "POST",
        "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews", 501, _JSON, b"{}",
    ),
    Refusal("token reviews", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", 501, _JSON, b"{}"),
    Refusal("service account tokens", "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", 501, _JSON, b"{}"),
    Refusal("component statuses", "GET", "/api/v1/componentstatuses", 501),
    Refusal("pod logs", "GET", f"{_POD}/log", 501),
    Refusal("exec", "POST", f"{_POD}/exec", 501),
    Refusal("attach", "POST", f"{_POD}/attach", 501),
    Refusal("port forwarding", "POST", f"{_POD}/portforward", 501),
    Refusal("the pod proxy", "GET", f"{_POD}/proxy", 501),
    Refusal("the service proxy", "GET", "/api/v1/namespaces/default/services/kubernetes/proxy", 501),
    Refusal("the node proxy", "GET", "/api/v1/nodes/n/proxy", 501),
    Refusal("OpenAPI version 2", "GET", "/openapi/v2", 501),
    Refusal("metrics", "GET", "/metrics", 501),
)  # fmt: skip

REFUSED_RESOURCES: dict[tuple[str, str], str] = {
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
    ): "custom resources: a CustomResourceDefinition would serve nothing",
    ("apiregistration.k8s.io", "apiservices"): "aggregated API servers: an APIService would serve nothing",
    ("authorization.k8s.io", "localsubjectaccessreviews"): "RBAC: every authenticated user may do everything",
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "RBAC: every authenticated user may do everything",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "RBAC: every authenticated user may do everything",
    ("authorization.k8s.io", "subjectaccessreviews"): "RBAC: every authenticated user may do everything",
    ("authentication.k8s.io", "tokenreviews"): "token reviews",
}
"""Creating one of these is refused: its whole point is an effect that there is not."""

REFUSED_SUBRESOURCES: dict[str, str] = {
    "attach": "attach: no container runs",
    "exec": "exec: no container runs",
    "log": "logs: no container runs",
    "portforward": "port forwarding: no container runs",
    "proxy": "the proxy: nothing listens behind it",
    "token": "service account tokens",
}

NOT_ENFORCED: dict[tuple[str, str], str] = {
    ("", "limitranges"): "limit ranges",
    ("", "resourcequotas"): "resource quotas",
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): "admission webhooks",
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): "admission policies",
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): "admission policies",
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): "admission webhooks",
    ("rbac.authorization.k8s.io", "clusterrolebindings"): "RBAC",
    ("rbac.authorization.k8s.io", "clusterroles"): "RBAC",
    ("rbac.authorization.k8s.io", "rolebindings"): "RBAC",
    ("rbac.authorization.k8s.io", "roles"): "RBAC",
}


def warning_of(storage: tuple[str, str]) -> str | None:
    """What whoever writes such an object is told; None for what has its effect."""
    what = NOT_ENFORCED.get(storage)
    return f"the in-memory API server stores this and does not enforce {what}" if what else None
