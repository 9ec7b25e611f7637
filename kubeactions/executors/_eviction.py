"""The eviction of one pod, and the one 500 that is a definite answer. Shared by evict_pod and drain_node."""

from __future__ import annotations

from http import HTTPStatus

from kubeactions.errors import Unavailable
from kubeactions.model import Cluster, Json, JsonObject

BUDGET_PAUSE_S = 5.0
"""Pause after a 429 that names none; kubectl's own."""
TWO_BUDGETS = "more than one PodDisruptionBudget"
"""What the server's 500 says of a pod that two budgets cover (pkg/registry/core/pod/storage/eviction.go)."""


def eviction(namespace: str, name: str, uid: str, grace_period_s: int | None) -> JsonObject:
    """The body of an eviction of this very pod."""
    options: JsonObject = {"preconditions": {"uid": uid}}
    if grace_period_s is not None:
        options["gracePeriodSeconds"] = grace_period_s
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options,
    }


def evict(kube: Cluster, path: str, body: JsonObject) -> JsonObject:
    """POST it. The one 500 that is definite comes back as its Status; any other error is raised."""
    try:
        return kube.create(path, body)
    except Unavailable as error:
        if error.status == HTTPStatus.INTERNAL_SERVER_ERROR and TWO_BUDGETS in str(error.body.get("message")):
            return dict(error.body)
        raise


def has_two_budgets(answer: Json) -> bool:
    """Whether what `evict` returned is that definite 500."""
    return isinstance(answer, dict) and answer.get("code") == HTTPStatus.INTERNAL_SERVER_ERROR
