"""Durable records by compare-and-set: which actions were taken, how far each one is, how it ended.

The ledger is a ConfigMap, `datadog-kubeactions-state`, readable with kubectl: a `meta` key and one data key a record.
The rules it follows are in kubeactions/protocol.md. Parts, from the inside out:

    codec      records and meta as JSON text, and back; pure
    legacy     what earlier agents left in the same ConfigMap; pure
    head       the ConfigMap as read, and whether it can be trusted; pure
    history    what dedup asks of the past; in memory
    segments   sealed parts of the history, one immutable ConfigMap each
    book       `Ledger`: one replica's hold on all that: open, write, amend, seal, prune
    invariants all that must be so, for who checks it
    reading    the same for readers
    requests   what people ask of the leader, in a ConfigMap of its own

Whoever changes what is written changes `codec.SCHEMA`.
"""

from kubeactions.ledger.book import Bounds, Ledger
from kubeactions.ledger.codec import Meta, Waiting, note
from kubeactions.ledger.head import NAME, Anchor
from kubeactions.ledger.reading import Reading, read
from kubeactions.ledger.requests import BREAKER, REQUESTS_NAME, Approval, Asked, Cancellation, Pause, Requests

__all__ = [
    "BREAKER",
    "NAME",
    "REQUESTS_NAME",
    "Anchor",
    "Approval",
    "Asked",
    "Bounds",
    "Cancellation",
    "Ledger",
    "Meta",
    "Pause",
    "Reading",
    "Requests",
    "Waiting",
    "note",
    "read",
]
