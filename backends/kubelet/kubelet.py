"""A small kubelet: it looks at a pod, and says what its status becomes, or that it goes, and when to be asked again.

Called by the in-memory cluster's kubelet controller and by `machines` under a bare API server. It decides, the
caller applies: it talks to nobody, reads no clock and runs no container. What it remembers is since when each pod is
in its stage, and the addresses it gave out, both lost without harm: a new one starts counting again.

It refuses nothing but a pod whose annotations it cannot read (`stages.TimingError`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backends.kubelet import status
from backends.kubelet.pods import Object
from backends.kubelet.stages import Delay, Effect, Situation, Stage, Timing, next_stage
from backends.kubelet.status import Place

BACK_OFF_S = 10.0
BACK_OFF_MOST_S = 300.0
"""The kubelet's container restart back-off: `MaxContainerBackOff`."""

DEFAULT_GRACE_S = 30
TERMINATED_CODE, KILLED_CODE = 128 + 15, 128 + 9
"""What a process exits with that obeys SIGTERM, and what one does that does not and gets SIGKILL."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with the pod now: first the status, then the removal; then ask again."""

    status: Object | None = None
    """The pod's whole new status, or None: it stays."""
    remove: bool = False
    """Delete the object with a grace period of 0, under the precondition of its uid."""
    again_in_s: float | None = None
    """Ask again in so many seconds (> 0) if the pod has not changed by then; None: only when it changes."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    stage: str
    grace_s: int | None
    since: float


class Kubelet:
    """The kubelets of all nodes at once. `timing` holds for pods whose annotations say nothing else."""

    def __init__(self, timing: Timing | None = None) -> None:
        self._timing = timing or Timing()
        self._waiting: dict[str, _Waiting] = {}
        self._addresses: dict[str, str] = {}
        self._last_address = 0

    def forget(self, uid: str) -> None:
        """The pod with this uid is gone."""
        self._waiting.pop(uid, None)
        self._addresses.pop(uid, None)

    def look(self, pod: Object, host_ip: str, monotonic: float, now: datetime) -> Decision:
        """What happens to `pod`, bound to the node with the address `host_ip`, at this time.

        `monotonic` (seconds) measures how long a stage has lasted; `now` (aware) is what is written. Stages without a
        delay are passed through in one go. Raises `stages.TimingError` for annotations that cannot be read.
        """
        timing = self._timing.of(pod)
        seen, changed = pod, False
        for _ in range(8):  # the table has no cycle without a delay but one of RUN and EXIT, which ends here
            stage = next_stage(Situation.of(seen))
            if stage is None:
                self._waiting.pop(pod["metadata"]["uid"], None)
                return Decision(seen["status"] if changed else None)
            wait_s = self._wait_s(stage, seen, timing, monotonic)
            if wait_s is None or wait_s > 0:
                return Decision(seen["status"] if changed else None, again_in_s=wait_s)
            if stage.effect is Effect.REMOVE:
                return Decision(seen["status"] if changed else None, remove=_removable(seen))
            place = Place(host_ip, self._address(seen, host_ip))
            code = timing.exit_code if stage.effect is Effect.EXIT else _stop_code(seen, timing)
            seen = {**seen, "status": status.after(stage.effect, seen, place, code, now)}
            changed = True
        return Decision(seen["status"], again_in_s=1.0)

    def _wait_s(self, stage: Stage, pod: Object, timing: Timing, monotonic: float) -> float | None:
        """Seconds until the stage's effect is due (0 or less: now), or None: never."""
        delay_s = _delay_s(stage.delay, pod, timing)
        grace_s = pod["metadata"].get("deletionGracePeriodSeconds")
        uid = pod["metadata"]["uid"]
        waiting = self._waiting.get(uid)
        if waiting is None or waiting.stage != stage.name or waiting.grace_s != grace_s:
            waiting = self._waiting[uid] = _Waiting(stage.name, grace_s, monotonic)
        return None if delay_s is None else waiting.since + delay_s - monotonic

    def _address(self, pod: Object, host_ip: str) -> str:
        """The pod's own address: the one it has, the host's for `hostNetwork`, or the next of 10.244.0.0/16."""
        if pod["spec"].get("hostNetwork"):
            return host_ip
        uid = pod["metadata"]["uid"]
        known = pod.get("status", {}).get("podIP") or self._addresses.get(uid)
        if known is None:
            self._last_address = self._last_address % 65534 + 1
            known = f"10.244.{self._last_address // 256}.{self._last_address % 256}"
            self._addresses[uid] = known
        return str(known)


def _removable(pod: Object) -> bool:
    """Is there still something to send? With a grace period of 0 the object only waits for its finalizers."""
    return bool(pod["metadata"].get("deletionGracePeriodSeconds"))


def _stop_code(pod: Object, timing: Timing) -> int:
    """With what containers end that are stopped: nobody counts a deleted pod as a success."""
    grace_s = pod["metadata"].get("deletionGracePeriodSeconds", DEFAULT_GRACE_S)
    obeys = timing.stop_after_s is not None and timing.stop_after_s < grace_s
    return TERMINATED_CODE if obeys else KILLED_CODE


def _delay_s(delay: Delay, pod: Object, timing: Timing) -> float | None:
    if delay is Delay.NONE:
        return 0.0
    if delay is Delay.START:
        return timing.start_after_s
    if delay is Delay.READY:
        return timing.ready_after_s
    if delay is Delay.EXIT:
        return timing.exit_after_s
    if delay is Delay.STOP:
        grace = pod["metadata"].get("deletionGracePeriodSeconds")
        grace_s = float(DEFAULT_GRACE_S if grace is None else grace)
        return grace_s if timing.stop_after_s is None else min(grace_s, timing.stop_after_s)
    return _back_off_s(pod)


def _back_off_s(pod: Object) -> float:
    entries = pod["status"].get("containerStatuses") or ()
    restarts = max((entry.get("restartCount", 0) for entry in entries), default=1)
    return float(min(BACK_OFF_MOST_S, BACK_OFF_S * 2.0 ** min(restarts - 1, 10)))
