"""Nodes, scheduler and kubelets for an API server that has none, played from outside through the official client.

Opened by backends with a bare API server (`envtest`), and by hand against any. It does what the in-memory cluster's
scheduler and kubelets do, by the same rules (`placement`, `Kubelet`): pods get the node that they fit and that has the
fewest, start, become Ready, exit, and go when they are deleted. One thread follows the pods, one looks at them.

It refuses to touch a node that is there already: such a cluster has kubelets of its own.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from backends.base import BackendError
from backends.clock import Clock, SystemClock
from backends.following import Follower
from backends.kubelet import pods
from backends.kubelet.kubelet import Kubelet
from backends.kubelet.nodes import node_object
from backends.kubelet.placement import SCHEDULER, refusal, unschedulable, why_not
from backends.kubelet.pods import Object
from backends.kubelet.stages import Timing, TimingError
from backends.rest import NoAnswer, Rest, path_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

QUICK: Final = Timing(ready_after_s=0.2, stop_after_s=0.5)
"""Pods of a test: nobody wants to wait, but starting and stopping can be seen."""
MERGE: Final = "application/merge-patch+json"
NOT_READY: Final = "node.kubernetes.io/not-ready"
AGAIN_S: Final = 1.0
"""How long a pod waits that no node would take, or whose write was not granted."""


class Machines:
    """Open it with `with`; leaving ends the threads and leaves the nodes. `timing`: of pods that say nothing else."""

    def __init__(
        self, client: ApiClient, *, nodes: int = 1, timing: Timing = QUICK, clock: Clock | None = None
    ) -> None:
        self._rest = Rest(client)
        self._clock = clock or SystemClock()
        self._kubelet = Kubelet(timing)
        self._count = nodes
        self._addresses: dict[str, str] = {}
        self._pods: dict[str, Object] = {}
        self._due: dict[str, float] = {}
        self._news: queue.SimpleQueue[tuple[Object, bool] | None] = queue.SimpleQueue()
        self._follower = Follower(
            self._rest, "/api/v1/pods", lambda pod, gone: self._news.put((pod, gone)), self._clock
        )
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)

    def __enter__(self) -> Self:
        """Register the nodes and begin. Raises `BackendError`."""
        for index in range(1, self._count + 1):
            self._register(node_object(index, self._clock.wall()))
        self._follower.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._follower.__exit__()
        self._news.put(None)
        self._thread.join()

    def _hear(self, pod: Object, gone: bool) -> None:
        self._news.put((pod, gone))

    def _register(self, node: Object) -> None:
        name = node["metadata"]["name"]
        path = path_of("v1", "nodes", name=name)
        try:
            answer = self._rest.send("POST", path_of("v1", "nodes"), node)
            if answer.ok:  # the status of a Node that is created is kept by some servers and dropped by others
                answer = self._rest.send("PATCH", f"{path}/status", {"status": node["status"]}, MERGE)
            if answer.ok:
                # The admission plugin TaintNodesByCondition makes every new node not-ready, and the controller that
                # takes this away again does not run here.
                answer = self._rest.send("PATCH", path, {"spec": {"taints": _without_not_ready(answer.body)}}, MERGE)
        except NoAnswer as error:
            raise BackendError(f"cannot register {name}: {error}") from error
        if not answer.ok:
            raise BackendError(f"cannot register {name}: {answer.why}")
        self._addresses[name] = node["status"]["addresses"][0]["address"]

    # --- the thread that looks ---

    def _run(self) -> None:
        while True:
            try:
                news = self._news.get(timeout=self._patience_s())
            except queue.Empty:
                self._look_at_due()
                continue
            if news is None:
                return
            self._note(*news)
            self._look_at_due()

    def _patience_s(self) -> float | None:
        """Seconds until some pod is due; None when none will be."""
        return max(0.0, min(self._due.values()) - self._clock.monotonic()) if self._due else None

    def _note(self, pod: Object, gone: bool) -> None:
        uid = pod["metadata"]["uid"]
        if gone:
            self._kubelet.forget(uid)
            self._pods.pop(uid, None)
            self._due.pop(uid, None)
        else:
            self._pods[uid] = pod
            self._due[uid] = self._clock.monotonic()

    def _look_at_due(self) -> None:
        now = self._clock.monotonic()
        for uid in [uid for uid, due in self._due.items() if due <= now]:
            del self._due[uid]
            try:
                again_in_s = self._look(self._pods[uid])
            except NoAnswer:
                again_in_s = AGAIN_S
            if again_in_s is not None:
                self._due[uid] = now + again_in_s

    def _look(self, pod: Object) -> float | None:
        """One pod's next step. Returns in how many seconds to look again if it has not changed by then."""
        node = pods.node_of(pod)
        if not node:
            return self._place(pod)
        if node not in self._addresses:
            return None  # somebody else's machine, or none at all
        try:
            decision = self._kubelet.look(pod, self._addresses[node], self._clock.monotonic(), self._clock.wall())
        except TimingError as error:
            if not pods.is_finished(pod):
                failed = {"phase": "Failed", "reason": "InvalidTiming", "message": str(error)}
                self._write_status(pod, {**pod.get("status", {}), **failed})
            return None
        if decision.status is not None and not self._write_status(pod, decision.status):
            return AGAIN_S  # it has changed, and the change is on its way to us
        if decision.remove:
            self._remove(pod)
        return decision.again_in_s

    def _write_status(self, pod: Object, status: Object) -> bool:
        answer = self._rest.send("PUT", _path(pod, "status"), {**pod, "status": status})
        if answer.ok:
            self._pods[pod["metadata"]["uid"]] = answer.body
        return answer.ok or answer.status == HTTPStatus.NOT_FOUND

    def _remove(self, pod: Object) -> None:
        preconditions = {"uid": pod["metadata"]["uid"]}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": preconditions}
        self._rest.send("DELETE", _path(pod), options)

    # --- the scheduler's part ---

    def _place(self, pod: Object) -> float | None:
        spec = pod["spec"]
        if (
            pods.is_terminating(pod)
            or spec.get("schedulingGates")
            or spec.get("schedulerName") not in (None, SCHEDULER)
        ):
            return None
        nodes = {node["metadata"]["name"]: node for node in self._nodes()}
        taken = Counter(pods.node_of(one) for one in self._pods.values() if not pods.is_finished(one))
        refusals = {name: refusal(pod, node, taken[name]) for name, node in nodes.items()}
        fitting = [name for name, reason in refusals.items() if not reason]
        if fitting:
            return self._bind(pod, min(fitting, key=lambda name: (taken[name], name)))
        if (status := unschedulable(pod, why_not(refusals.values()), self._clock.wall())) is not None:
            self._write_status(pod, status)
        return AGAIN_S

    def _nodes(self) -> list[Object]:
        answer = self._rest.get(path_of("v1", "nodes"))
        found: list[Object] = (answer.body.get("items") or []) if answer.ok else []
        return found

    def _bind(self, pod: Object, node: str) -> float | None:
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        answer = self._rest.send("POST", _path(pod, "binding"), binding)
        if answer.ok:
            # Counted at once: the next pod must not wait for the watch to tell.
            self._pods[pod["metadata"]["uid"]] = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        return None if answer.ok else AGAIN_S


def _without_not_ready(node: Object) -> list[Object]:
    """The node's taints without that of a machine that has not reported yet."""
    return [taint for taint in node.get("spec", {}).get("taints") or () if taint["key"] != NOT_READY]


def _path(pod: Object, subresource: str = "") -> str:
    return path_of("v1", "pods", pod["metadata"]["namespace"], pod["metadata"]["name"], subresource)
