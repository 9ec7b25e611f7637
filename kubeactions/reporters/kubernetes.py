"""Kubernetes Events as a destination: `kubectl describe` and `kubectl get events` show what was done to an object.

One Event a settled action, on the action's target (on the ledger when a config held no action), named by the action's
marker, so a repeat is refused by the API server as AlreadyExists and counts as acknowledged: there is never a second.
A target may be long gone: an Event needs no object. Its namespace must be there; when it is gone or going, and for
cluster-scoped targets, the Event goes to `default`; when it is refused even there, it is about the ledger
(https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/apis/core/validation/events.go).

Core v1 Events, not events.k8s.io/v1: both are views of the same objects, and `kubectl describe` looks for these fields.
Events are kept for an hour by default; what lasts is the ledger. What a read brought back is not written here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from kubeactions.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound
from kubeactions.model import FIELD_MANAGER, MARKER_ANNOTATION, Cluster, JsonObject, Report, Status, Target
from kubeactions.reporters import Surroundings, refuse_options, summary

log = logging.getLogger("kubeactions.reporters")

COMPONENT = "kubeactions"
FALLBACK_NAMESPACE = "default"
KEY_ANNOTATION = "kubeactions.datadoghq.com/key"
MAX_MESSAGE = 1024
"""Characters of an Event's message, as events.k8s.io/v1 limits its note."""
_NORMAL = frozenset({Status.SUCCEEDED, Status.DUPLICATE, Status.CANCELLED, Status.DRY_RUN})


class KubernetesReporter:
    """A `Reporter` that creates Events through the one door."""

    name = "kubernetes"

    def __init__(self, kube: Cluster, ledger: Target) -> None:
        self._kube = kube
        self._ledger = ledger
        self._forbidden: set[str] = set()
        """Namespaces of which it was said that no Event may be made there."""

    def deliver(self, reports: Sequence[Report]) -> None:
        """Create each report's Event, in order; raises a `KubeError` when the API server takes it nowhere."""
        for report in reports:
            *places, last = self._places(report)
            if not any(self._fits(report, about, namespace) for about, namespace in places):
                self._create(event(report, about=last[0], namespace=last[1]))

    def _places(self, report: Report) -> list[tuple[Target, str]]:
        """What the Event may be about and where it may be, the best first."""
        found = [(self._ledger, self._ledger.namespace)]
        if report.action is not None:
            target = report.action.target
            namespaces = dict.fromkeys([target.namespace or FALLBACK_NAMESPACE, FALLBACK_NAMESPACE])
            found = [(target, namespace) for namespace in namespaces] + found
        return found

    def _fits(self, report: Report, about: Target, namespace: str) -> bool:
        """Create it there; False when it cannot be there, so that one Event never holds up all others for ever.

        Forbidden is that, too: the namespace is being deleted, or is none of those that the account has a Role in.
        """
        try:
            self._create(event(report, about, namespace))
        except (NotFound, Invalid, BadRequest):
            return False
        except Forbidden as error:
            if not _is_terminating(error) and namespace not in self._forbidden:
                self._forbidden.add(namespace)
                log.warning("Events of actions in %s are about the ledger instead: %s", namespace, error)
            return False
        return True

    def _create(self, body: JsonObject) -> None:
        try:
            self._kube.create(f"/api/v1/namespaces/{body['metadata']['namespace']}/events", body)
        except Conflict as error:
            if error.body.get("reason") != "AlreadyExists":
                raise


def _is_terminating(error: Forbidden) -> bool:
    """True for the refusal to create anything in a namespace that is being deleted."""
    causes = (error.body.get("details") or {}).get("causes") or []
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def event(report: Report, about: Target, namespace: str) -> JsonObject:
    """The Event of a report about a target, as it is sent to `namespace`. Pure."""
    stamp = report.settled_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    regarding = {"apiVersion": about.api_version, "kind": about.kind, "name": about.name}
    if about.namespace == namespace:
        regarding["namespace"] = namespace
    if uid := report.uid or about.uid:
        regarding["uid"] = uid
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{COMPONENT}-{report.key.marker}",
            "namespace": namespace,
            "annotations": {MARKER_ANNOTATION: report.key.marker, KEY_ANNOTATION: str(report.key)},
        },
        "involvedObject": regarding,
        "type": "Normal" if report.outcome.status in _NORMAL else "Warning",
        "reason": f"Action{report.outcome.status.capitalize()}",
        "action": report.action.type if report.action is not None else "validate",
        "message": summary(report)[:MAX_MESSAGE],
        "source": {"component": COMPONENT},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": report.replica[:128],
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


def open_kubernetes(options: Mapping[str, Any], surroundings: Surroundings) -> KubernetesReporter:
    """The factory behind `kubernetes`; it has no options."""
    refuse_options("kubernetes", options)
    return KubernetesReporter(surroundings.kube, surroundings.ledger)
