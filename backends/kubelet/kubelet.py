"""A small kubelet: it looks at a pod, and says what its status becomes, or that it goes, and when to be asked again.

Called by the in-memory cluster's kubelet controller and by `machines` under a bare API server. It decides, the
caller applies: it talks to nobody, reads no clock and runs no container. What it remembers is since when each pod is
in its situation, and the addresses it gave out, both lost without harm: a new one starts counting again.

It refuses nothing but a pod whose annotations it cannot read (`stages.TimingError`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from backends.kubelet import news, pods, status
from backends.kubelet.lives import Lives
from backends.kubelet.needs import FIRST_RETRY_S, LAST_RETRY_S, Lack
from backends.kubelet.news import News
from backends.kubelet.pods import Object
from backends.kubelet.stages import (
    IMAGE_BACK_OFF,
    PULL_BACK_OFF_S,
    Containers,
    Delay,
    Effect,
    Situation,
    Stage,
    Timing,
    fitting,
)
from backends.kubelet.status import How, Place
from backends.sharing import SharedDict

BACK_OFF_S = 10.0
BACK_OFF_MOST_S = 300.0
"""The kubelet's container restart back-off: `MaxContainerBackOff`."""

DEFAULT_GRACE_S = 30
NOTHING: Mapping[str, str] = MappingProxyType({})
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
    news: Sequence[News] = ()
    """What is to be told in Events once the status is written."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    situation: Situation
    grace_s: int | None
    since: float


class Kubelet:
    """The kubelets of all nodes at once. `timing` holds for pods whose annotations say nothing else.

    `lives` gives some pods another one, by what they are (`lives.Lives.of`).
    """

    def __init__(self, timing: Timing | None = None, lives: Lives | None = None) -> None:
        self._timing = timing or Timing()
        self._lives = lives or Lives()
        self._waiting: SharedDict[str, _Waiting] = SharedDict()
        self._addresses: SharedDict[str, str] = SharedDict()
        self._tries: dict[str, tuple[int, float]] = {}
        """How often it was tried to start a pod (by uid) that lacks something, and when that is tried again."""
        self._last_address = 0

    def forget(self, uid: str) -> None:
        """The pod with this uid is gone."""
        self._waiting.pop(uid, None)
        self._tries.pop(uid, None)
        self._addresses.pop(uid, None)

    def look(self, pod: Object, host_ip: str, monotonic: float, now: datetime, lack: Lack | None = None) -> Decision:
        """What happens to `pod`, bound to the node with the address `host_ip`, at this time.

        `monotonic` (seconds) measures how long a situation has lasted; `now` (aware) is what is written; `lack` is what
        the pod waits for. Stages without a delay are passed through in one go. Raises `stages.TimingError` for
        annotations that cannot be read.
        """
        timing = self._lives.of(pod, self._timing).of(pod)
        if lack is None:
            self._tries.pop(pod["metadata"]["uid"], None)
            return self._look(pod, host_ip, monotonic, now, timing)
        decision = self._look(pod, host_ip, monotonic, now, lack.applied(timing), lack.containers)
        return self._tried(pod, decision, lack, monotonic)

    def _tried(self, pod: Object, decision: Decision, lack: Lack, monotonic: float) -> Decision:
        """The same, and a try to start what lacks something: told, and repeated ever later."""
        uid = pod["metadata"]["uid"]
        tries, next_at = self._tries.get(uid, (0, monotonic))
        told = list(decision.news)
        if monotonic >= next_at:
            told += lack.news()
            next_at = monotonic + min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(tries, 10))
            self._tries[uid] = tries + 1, next_at
        waits = [wait for wait in (decision.again_in_s, next_at - monotonic) if wait is not None]
        return replace(decision, news=told, again_in_s=min(waits))

    def _look(
        self,
        pod: Object,
        host_ip: str,
        monotonic: float,
        now: datetime,
        timing: Timing,
        why: Mapping[str, str] = NOTHING,
    ) -> Decision:
        seen, changed, told = pod, False, self._killing(pod)
        for _ in range(8):  # the table has no cycle without a delay but one of RUN and EXIT, which ends here
            stages = fitting(Situation.of(seen))
            if not stages:
                self._waiting.pop(pod["metadata"]["uid"], None)
                return Decision(seen["status"] if changed else None, news=told)
            stage, wait_s = self._next(stages, seen, timing, monotonic)
            if wait_s is None or wait_s > 0:
                return Decision(seen["status"] if changed else None, again_in_s=wait_s, news=told)
            if stage.effect is Effect.REMOVE:
                return Decision(seen["status"] if changed else None, remove=_removable(seen), news=told)
            place, how = Place(host_ip, self._address(seen, host_ip)), _how(stage, seen, timing, why)
            before, seen = seen, {**seen, "status": status.after(stage.effect, seen, place, how, now)}
            waited_s = monotonic - self._waiting[pod["metadata"]["uid"]].since
            stuck = "" if why else how.stuck  # what a pod lacks is told at each try
            told = (*told, *news.of_stage(stage.effect, before, seen, stuck, waited_s))
            changed = True
        return Decision(seen["status"], again_in_s=1.0, news=told)

    def _killing(self, pod: Object) -> tuple[News, ...]:
        """What is told when a pod that runs begins to go; nothing when that is known already."""
        if not pods.is_terminating(pod):
            return ()
        waiting = self._waiting.get(pod["metadata"]["uid"])
        if waiting is not None and waiting.situation.deleting:
            return ()
        return tuple(news.of_deletion(pod)) if Situation.of(pod).containers is Containers.RUNNING else ()

    def _next(
        self, stages: Sequence[Stage], pod: Object, timing: Timing, monotonic: float
    ) -> tuple[Stage, float | None]:
        """The stage that is due first, and in how many seconds (0 or less: now); None: never."""
        grace_s = pod["metadata"].get("deletionGracePeriodSeconds")
        uid, situation = pod["metadata"]["uid"], Situation.of(pod)
        waiting = self._waiting.get(uid)
        if waiting is None or waiting.situation != situation or waiting.grace_s != grace_s:
            waiting = self._waiting[uid] = _Waiting(situation, grace_s, monotonic)
        delays = [_delay_s(stage.delay, pod, timing) for stage in stages]
        first = min(range(len(stages)), key=lambda at: math.inf if (found := delays[at]) is None else found)
        delay_s = delays[first]
        return stages[first], None if delay_s is None else waiting.since + delay_s - monotonic

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


def _how(stage: Stage, pod: Object, timing: Timing, why: Mapping[str, str]) -> How:
    """What the effect needs to know of the pod's timing."""
    if stage.effect is Effect.EXIT:
        return How(exit_code=timing.exit_code)
    return How(
        exit_code=_stop_code(pod, timing), stuck=timing.stuck_reason, why=why if timing.stuck_reason else NOTHING
    )


def _delay_s(delay: Delay, pod: Object, timing: Timing) -> float | None:
    """How long a stage waits, in seconds; None: it does not come."""
    if delay is Delay.STOP:
        grace = pod["metadata"].get("deletionGracePeriodSeconds")
        grace_s = float(DEFAULT_GRACE_S if grace is None else grace)
        return grace_s if timing.stop_after_s is None else min(grace_s, timing.stop_after_s)
    if delay is Delay.EXIT and timing.exit_times is not None and _restarts(pod) >= timing.exit_times:
        return None
    if delay is Delay.BACK_OFF:
        return _back_off_s(pod)
    if delay is Delay.STUCK:
        return _stuck_s(pod, timing)
    return {
        Delay.NONE: 0.0,
        Delay.START: timing.start_after_s,
        Delay.READY: timing.ready_after_s,
        Delay.EXIT: timing.exit_after_s,
        Delay.UNREADY: timing.unready_after_s,
        Delay.PULL: PULL_BACK_OFF_S,
    }[delay]


def _stuck_s(pod: Object, timing: Timing) -> float | None:
    """Containers whose reason has been taken away can start; the back-off of an image is part of its time."""
    if not timing.stuck_reason:
        return 0.0
    if timing.stuck_for_s is None:
        return None
    waiting = [entry.get("state", {}).get("waiting") or {} for entry in pod["status"].get("containerStatuses") or ()]
    backed_off = any(one.get("reason") == IMAGE_BACK_OFF for one in waiting)
    return max(0.0, timing.stuck_for_s - PULL_BACK_OFF_S) if backed_off else timing.stuck_for_s


def _restarts(pod: Object) -> int:
    entries = pod["status"].get("containerStatuses") or ()
    return max((entry.get("restartCount", 0) for entry in entries), default=0)


def _back_off_s(pod: Object) -> float:
    return float(min(BACK_OFF_MOST_S, BACK_OFF_S * 2.0 ** min(max(0, _restarts(pod) - 1), 10)))
