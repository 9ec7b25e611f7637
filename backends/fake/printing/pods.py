"""What stands in the row of a Pod: how many containers are ready, what ails it, how often it was restarted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import NONE, age, is_true

Obj = Mapping[str, Any]

_TERMINAL = ("Succeeded", "Failed")
_COMPLETED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


def cells(pod: Obj, now: datetime) -> list[Any]:
    """The cells of a Pod."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    tally = _Tally(pod)
    addresses = status.get("podIPs") or ()
    return [
        pod["metadata"]["name"],
        f"{tally.ready}/{tally.containers}",
        tally.reason,
        tally.restarted(now),
        age(pod["metadata"].get("creationTimestamp"), now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(pod, spec.get("readinessGates") or ()),
    ]


def conditions(pod: Obj) -> list[dict[str, str]]:
    """What a client that hides finished rows is told of the row; empty for a pod that may still do something."""
    phase = (pod.get("status") or {}).get("phase", "")
    if phase not in _COMPLETED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _COMPLETED[phase]}]


def _gates(pod: Obj, gates: Iterable[Obj]) -> str:
    states = [is_true(pod, gate["conditionType"]) for gate in gates]
    return f"{sum(states)}/{len(states)}" if states else NONE


class _Tally:
    """What the statuses of the containers come to."""

    def __init__(self, pod: Obj) -> None:
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        inits = spec.get("initContainers") or ()
        self._inits = len(inits)
        self._sidecars = {one["name"] for one in inits if one.get("restartPolicy") == "Always"}
        self.containers = len(spec.get("containers") or ()) + len(self._sidecars)
        self.ready = self._restarts = self._sidecar_restarts = 0
        self._last = self._sidecar_last = ""
        self.reason = status.get("reason") or status.get("phase") or ""
        gates = [one for one in status.get("conditions") or () if one.get("type") == "PodScheduled"]
        if any(one.get("reason") == "SchedulingGated" for one in gates):
            self.reason = "SchedulingGated"
        initializing = self._initializing(status.get("initContainerStatuses") or ())
        if not initializing or is_true(pod, "Initialized"):
            self._running(pod, status.get("containerStatuses") or ())
        if pod["metadata"].get("deletionTimestamp"):
            if status.get("reason") == "NodeLost":
                self.reason = "Unknown"
            elif status.get("phase") not in _TERMINAL:
                self.reason = "Terminating"

    def restarted(self, now: datetime) -> str:
        """How often containers were restarted, and when last."""
        ago = f" ({age(self._last, now)} ago)" if self._restarts and self._last else ""
        return f"{self._restarts}{ago}"

    def _initializing(self, statuses: Iterable[Obj]) -> bool:
        """Count the init containers up to the first that is not done; whether there is one."""
        for index, one in enumerate(statuses):
            sidecar = one["name"] in self._sidecars
            self._restarts += one.get("restartCount") or 0
            self._last = max(self._last, _ended(one))
            if sidecar:
                self._sidecar_restarts += one.get("restartCount") or 0
                self._sidecar_last = max(self._sidecar_last, _ended(one))
            reason = self._init_reason(index, one, sidecar=sidecar)
            if reason:
                self.reason = reason
                return True
        return False

    def _init_reason(self, index: int, one: Obj, *, sidecar: bool) -> str:
        """Why an init container holds the pod up; empty when it does not."""
        state = one.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated is not None and not terminated.get("exitCode"):
            return ""
        if sidecar and one.get("started"):
            self.ready += bool(one.get("ready"))
            return ""
        if terminated is not None:
            return f"Init:{_end(terminated)}"
        if waiting is not None and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{self._inits}"

    def _running(self, pod: Obj, statuses: Iterable[Obj]) -> None:
        """Count the containers; the first one that is not well gives the reason."""
        self._restarts, self._last = self._sidecar_restarts, self._sidecar_last
        running = False
        for one in reversed(list(statuses)):
            self._restarts += one.get("restartCount") or 0
            self._last = max(self._last, _ended(one))
            state = one.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting")
            if waiting is not None and waiting.get("reason"):
                self.reason = waiting["reason"]
            elif terminated is not None:
                self.reason = _end(terminated)
            elif one.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed" and running:
            self.reason = "Running" if is_true(pod, "Ready") else "NotReady"


def _ended(one: Obj) -> str:
    """When a container ended before its last restart; times of one form compare as texts."""
    return str(((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "")


def _end(terminated: Obj) -> str:
    """Why a container ended."""
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"
