"""The checks of health: /healthz, /livez, /readyz, each of their checks, `verbose` and `exclude`.

From k8s.io/apiserver pkg/server/healthz: nothing of a cluster in memory can be ill, so every check passes. The names
and their order are those of kube-apiserver v1.34 with the default flags. Called by `discovery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

import orjson

from backends.fake.messages import Response

_FIRST = ("ping", "log", "etcd")
_READY = ("etcd-readiness", "informer-sync")
_HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
)
_LAST_HOOKS = ("apiservice-openapi-controller", "apiservice-openapiv3-controller")


def _hooks(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"poststarthook/{name}" for name in names)


_ALIVE = (*_hooks(_HOOKS), "autoregister-completion", *_hooks(_LAST_HOOKS))
_CHECKS = {
    "/healthz": (*_FIRST, *_ALIVE),
    "/livez": (*_FIRST, *_ALIVE),
    "/readyz": (*_FIRST, *_READY, *_ALIVE, "shutdown"),
}
PATHS = frozenset({*_CHECKS, *(f"{root}/{check}" for root, checks in _CHECKS.items() for check in checks)})
"""Where something is answered."""
_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache, private"}


def answer(path: str, query: str) -> Response:
    """That all is well; `query` (as it came) may ask to leave checks out, and to be told of each."""
    asked = parse_qs(query, keep_blank_values=True)
    checks = _CHECKS.get(path)
    if checks is None or "verbose" not in asked:
        return Response(200, dict(_HEADERS), b"ok")
    excluded = set(asked.get("exclude", ()))
    lines = [f"[+]{check} {'excluded: ' if check in excluded else ''}ok\n" for check in checks]
    unknown = sorted(excluded.difference(checks))
    if unknown:
        shown = ",".join(orjson.dumps(name).decode() for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {shown}\n")
    return Response(200, dict(_HEADERS), f"{''.join(lines)}{path[1:]} check passed\n".encode())
