"""Deletes finished Jobs when `ttlSecondsAfterFinished` is over.

kube-controller-manager's `ttl-after-finished-controller` (KEP-592). The Job goes in the foreground, under the
preconditions that it is the one that was looked at and has not been given another time since.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.job_outcome import finished
from backends.fake.controllers.kinds import JOBS
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.rfc3339 import seconds_until

_MEMBER: Final = b'"ttlSecondsAfterFinished"'


class FinishedJobs(Controller):
    """Looks at one Job at a time."""

    name = "ttl-after-finished-controller"
    kind = JOBS
    watches = (JOBS,)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Jobs that say how long they stay; the bytes tell without a parse that most do not."""
        if event.new is None or event.new.terminating or _MEMBER not in event.new.tail:
            return ()
        return ((event.key.namespace, event.key.name),)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Wait for the end of its time, then delete it."""
        job = self.client.get(JOBS, namespace, name)
        if job is None or pods.is_terminating(job):
            return None
        ttl_s, ended = job["spec"].get("ttlSecondsAfterFinished"), finished(job)
        if ttl_s is None or ended is None:
            return None
        left_s: float = ttl_s + seconds_until(ended["lastTransitionTime"], now.wall)
        if left_s > 0:
            return left_s
        revision = job["metadata"]["resourceVersion"]
        self.client.delete(JOBS, job, propagation="Foreground", resource_version=revision)
        return None
