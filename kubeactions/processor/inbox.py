"""What people have asked of the leader, as last read: one GET a round at most, and one more before a send that is late.

Called by the processor, for the withdrawals and the gates. A read that gets no answer raises and ends the round before
anything is sent: a pause or a cancellation that is there must not be passed by. One that is refused for good
(permissions, an object that is too large) is itself a reason to pause: who cannot see the switch must not drive.
"""

from __future__ import annotations

import logging

from kubeactions.clock import Clock
from kubeactions.errors import KubeError, TooManyRequests, Unavailable
from kubeactions.kube import Kube
from kubeactions.ledger import REQUESTS_NAME, Asked, Pause, Requests

log = logging.getLogger("kubeactions.inbox")


class Inbox:
    """One replica's reading of the requests."""

    def __init__(self, kube: Kube, clock: Clock, namespace: str) -> None:
        self.requests = Requests(kube, namespace)
        self.asked = Asked()
        """What was read last."""
        self._clock = clock
        self._read_at = float("-inf")
        self._said = ""

    def read(self) -> Asked:
        """Read it now. Raises a `KubeError` when there is no answer."""
        try:
            self.asked = self.requests.read()
            self._said = ""
        except (Unavailable, TooManyRequests):
            raise
        except KubeError as error:
            text = f"ConfigMap {REQUESTS_NAME} cannot be read, and it may hold a pause: {error}"
            self.asked = Asked(pauses=(Pause("unreadable", text),))
            if text != self._said:
                log.error("nothing is begun: %s", text)
            self._said = text
        self._read_at = self._clock.monotonic()
        return self.asked

    def recent(self, age_s: float) -> Asked:
        """What was read no longer than `age_s` ago. Raises a `KubeError` when there is no answer."""
        return self.asked if self._clock.monotonic() - self._read_at <= age_s else self.read()

    def forget(self) -> None:
        """It has been changed by us, or a term is over: the next question reads it again."""
        self._read_at = float("-inf")
