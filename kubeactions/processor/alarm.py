"""Says that the ledger is closed, or that its history is full, where people look: the log and an Event on the ledger.

Called by the processor. The other two places, metrics and `/readyz`, read `Processor.closed`. One alarm a text and
process; the Event's name is made of the text, so that several replicas and repetitions make one Event.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from kubeactions.clock import Clock
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import NAME
from kubeactions.model import FIELD_MANAGER, JsonObject

log = logging.getLogger("kubeactions.processor")


@dataclass(frozen=True, slots=True)
class Matter:
    """What an alarm is about: the Event's reason, and what the log says when it begins and when it is over."""

    reason: str
    begins: str
    over: str


CLOSED = Matter("LedgerClosed", "the ledger is closed, nothing is executed", "the ledger is open again")
FULL = Matter("HistoryFull", "nothing new is accepted", "there is room for new work again")


class Alarm:
    """Raises each alarm once."""

    def __init__(self, kube: Kube, clock: Clock, namespace: str, identity: str, matter: Matter = CLOSED) -> None:
        self._matter = matter
        self._kube = kube
        self._clock = clock
        self._namespace = namespace
        self._identity = identity
        self._raised = ""

    def raise_for(self, text: str) -> None:
        """Log `text`, and leave an Event if the API server takes one."""
        if text == self._raised:
            return
        self._raised = text
        log.error("%s: %s", self._matter.begins, text, extra={"reason": self._matter.reason})
        try:
            self._kube.create(path_of("v1", "events", namespace=self._namespace), self._event(text))
        except Exception as error:  # noqa: BLE001  It may exist already; the log has said it, and the loop goes on.
            log.info("no Event about the ledger: %s", error)

    def clear(self) -> None:
        """It is over."""
        if self._raised:
            log.warning("%s", self._matter.over)
        self._raised = ""

    def _event(self, text: str) -> JsonObject:
        stamp = self._clock.wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"kubeactions-ledger-{name}", "namespace": self._namespace},
            "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": NAME, "namespace": self._namespace},
            "type": "Warning",
            "reason": self._matter.reason,
            "action": "open",
            "message": text[:1024],
            "source": {"component": "kubeactions"},
            "reportingComponent": FIELD_MANAGER,
            "reportingInstance": self._identity[:128],
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
