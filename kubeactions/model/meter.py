"""The seam to whoever counts: what the work tells of itself while it goes on. `kubeactions.metrics` is one."""

from __future__ import annotations


class Meter:
    """Counts nothing; whoever counts overrides it. Told from the elector's and the processor's thread.

    No method may block or raise; durations are in seconds.

    What is counted once over all replicas is told once: `received` and `settled` when the record is known to be
    durable, by the replica whose write made it so. A replica that dies in between takes its count with it; the ledger
    is the record, metrics are for watching.
    """

    def received(self, source: str) -> None:
        """A new record came from this source; "" when its source is not known any more."""

    def settled(self, type: str, outcome: str) -> None:  # noqa: A002  Named as its label is.
        """An action of this type ("" for what is none) ended with this status."""

    def took(self, type: str, phase: str, seconds: float) -> None:  # noqa: A002
        """One step of an action: phase is queue, plan, effect, verify or report."""

    def recovered(self, type: str, decision: str) -> None:  # noqa: A002
        """An intent of another leader was decided about: a status, or send, or replan."""

    def fenced(self, where: str) -> None:
        """Work was stopped because another may lead: ledger (a newer epoch), lease (lost), slack (too short)."""

    def conflicted(self, type: str) -> None:  # noqa: A002
        """A request was refused because its target had changed (409, 422)."""

    def unverified(self, reason: str) -> None:
        """A config was refused whole, or something in a source is none."""

    def slack(self, seconds: float) -> None:
        """How long the lease still lasted when an effect was sent."""

    def requested(self, verb: str, status: int, seconds: float) -> None:
        """One request to the API server; status 0: no answer."""
