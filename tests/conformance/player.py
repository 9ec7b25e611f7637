"""Plays one case against a server: sends its steps in order over a `Wire` and keeps what came back.

Called by the replay. What it returns is normalised by `normaliser.py` before anybody compares it. It refuses steps
that it does not know (`CaseError`): a case that is half understood proves nothing.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tests.conformance.case import ACCEPTS, MEDIA_TYPES, PATHS, Case, Step, load_library
from tests.conformance.pointers import MISSING, drop, get, put
from tests.conformance.wire import Answer, NoAnswerError, OpenWatch, Wire

POLL_S: Final = 0.1
"""How long `until` waits between two requests."""
UNTIL_LIMIT_S: Final = 20.0
COLLECT_LIMIT_S: Final = 5.0
CLOSE_LIMIT_S: Final = 15.0
COLLECT_POLL_S: Final = 0.02
COLLECT_SETTLE_S: Final = 0.25
"""How long `collect` waits for surplus events once it has what it wants."""
WATCH_SETTLE_S: Final = 0.1

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")
_CONDITION = re.compile(r"(\S+)\s+(==|!=|>=|exists|absent|len|contains)\s*(.*)")


class CaseError(Exception):
    """The case cannot be played: it asks for something unknown, or its namespace cannot be made."""


@dataclass(slots=True)
class Played:
    """What one step brought, before normalising. Which members are set depends on the step's kind."""

    index: int
    do: str
    step: Step
    status: int | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    sent_headers: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] | None = None
    closed: bool | None = None
    """Only for `collect` with `untilClosed`."""
    count: int | None = None
    """Only for `kubelet`: how many Pods it served."""
    unmet: bool = False
    """Did `until` run out of time?"""


class Player:
    """One run of one case, in a namespace of its own; used once.

    `hurry` names steps that are known to differ: they get no time to come right, which changes no verdict and saves
    the full limit of each `until` and `collect`. `patience` stretches all limits.
    """

    def __init__(self, wire: Wire, case: Case, *, hurry: Collection[int] = (), patience: float = 1.0) -> None:
        self.case = case
        self.captured: dict[str, str] = {}
        self.results: list[Played] = []
        # Only letters, no vowels: part of names, and never a word. The suffix keeps cases apart on a shared server.
        self.run = "".join(random.SystemRandom().choice("bcdfghjklmnpqrstvwxz") for _ in range(6))
        self.namespace = f"p-{self.run}"
        self._wire, self._hurry, self._patience = wire, hurry, patience
        self._vars: dict[str, Any] = {**PATHS, **case.vars, "ns": self.namespace, "run": self.run}
        self._watches: dict[str, OpenWatch] = {}
        self._index = 0

    def play(self) -> None:
        """Make the namespace, play every step, clean up. Raises `CaseError`."""
        try:
            self._set_up()
            for index, step in enumerate(self.case.steps, start=1):
                self._index = index
                try:
                    self._play(step)
                except NoAnswerError as error:
                    self._keep(step.get("do", "?"), step, status=f"no answer: {error}")
        finally:
            # A server that has stopped answering has already failed the steps.
            with contextlib.suppress(NoAnswerError):
                self._tear_down()

    # ---------------------------------------------------------------- before and after

    def _set_up(self) -> None:
        if not self.case.namespace:
            return
        answer = self._admin(
            "POST",
            "/api/v1/namespaces",
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": self.namespace, "labels": self.case.namespace_labels},
            },
        )
        if answer.status != 201:
            raise CaseError(f"cannot create the namespace: {answer.status} {answer.body[:300]!r}")
        for path in ("${core}/serviceaccounts/default", "${core}/configmaps/kube-root-ca.crt"):
            limit = self._wire.now() + 5 * self._patience
            while self._wire.now() < limit and self._admin("GET", path).status != 200:
                self._wire.sleep(0.05)

    def _tear_down(self) -> None:
        for watch in self._watches.values():
            watch.close()
        for path in self.case.cleanup:
            self._unbind(path)
            self._admin("DELETE", path + ("&" if "?" in path else "?") + "gracePeriodSeconds=0")
        if not self.case.namespace:
            return
        for collection in self.case.finalize:
            answer = self._admin("GET", collection)
            items = answer.document().get("items", []) if answer.status == 200 else []
            for item in items:
                if item["metadata"].get("finalizers"):
                    self._unbind(f"{collection}/{item['metadata']['name']}")
        self._admin("DELETE", "${core}/pods?gracePeriodSeconds=0")
        self._admin("DELETE", "${core}")

    def _unbind(self, path: str) -> None:
        self._admin("PATCH", path, {"metadata": {"finalizers": None}}, MEDIA_TYPES["merge"])

    def _admin(self, method: str, path: str, body: Any = None, media_type: str = MEDIA_TYPES["json"]) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        return self._wire.send(method, self._fill(path), headers={"Content-Type": media_type}, body=data)

    # ---------------------------------------------------------------- variables and bodies

    def _fill(self, value: Any) -> Any:
        """`value` with its `${references}` replaced; a reference that is the whole value keeps its type."""
        if isinstance(value, list):
            return [self._fill(member) for member in value]
        if isinstance(value, dict):
            return {self._fill(key): self._fill(member) for key, member in value.items()}
        if not isinstance(value, str) or "${" not in value:
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole and not isinstance(self._vars.get(whole[1], ""), str):
            return self._vars[whole[1]]
        text = value
        for _ in range(4):  # variables may name variables, a few levels deep
            filled = _REFERENCE.sub(self._referred, text)
            if filled == text:
                break
            text = filled
        return text

    def _referred(self, reference: re.Match[str]) -> str:
        return str(self._vars.get(reference[1], reference[0]))

    def _body(self, step: Step) -> Any:
        body = step.get("body")
        if "use" in step:
            base = copy.deepcopy(load_library()[step["use"]])
            body = {**base, **body} if isinstance(body, dict) else base
        if "from" in step:
            body = self._vars[step["from"]]
        body = self._fill(copy.deepcopy(body))
        for pointer in step.get("del") or ():
            drop(body, self._fill(pointer))
        for pointer, value in (step.get("set") or {}).items():
            put(body, self._fill(pointer), self._fill(value))
        return body

    def _bytes(self, step: Step) -> bytes | None:
        if "raw" in step:
            return str(self._fill(step["raw"])).encode()
        body = self._body(step)
        if body is None:
            return None
        return (yaml.safe_dump(body) if step.get("type") == "yaml" else json.dumps(body)).encode()

    # ---------------------------------------------------------------- steps

    def _play(self, step: Step) -> None:
        if "sleep" in step:
            self._wire.sleep(step["sleep"])
        elif "kubelet" in step:
            self._keep("kubelet", step, count=self._play_kubelet(self._fill(step["kubelet"])))
        elif "watch" in step:
            self._open_watch(step)
        elif "collect" in step:
            self._collect(step)
        elif "do" in step:
            self._request_until(step)
        else:
            raise CaseError(f"{self.case.id} step {self._index}: unknown step {sorted(step)}")

    def _keep(self, do: str, step: Step, **what: Any) -> None:
        self.results.append(Played(self._index, do, step, **what))

    def _limit(self, step: Step, default_s: float) -> float:
        """The monotonic time at which a step's patience ends."""
        patience = 0.0 if self._index in self._hurry else self._patience
        limit_s: float = step.get("timeout", default_s)
        return self._wire.now() + limit_s * patience

    def _request_until(self, step: Step) -> None:
        conditions = step.get("until") or []
        conditions = [conditions] if isinstance(conditions, str) else conditions
        limit = self._limit(step, UNTIL_LIMIT_S)
        while True:
            answer = self._request(step)
            body = answer.document()
            met = all(self._holds(condition, answer.status, body) for condition in conditions)
            if met or self._wire.now() > limit:
                break
            self._wire.sleep(POLL_S)
        self._capture(step, body)
        if "save" in step:
            self._vars[step["save"]] = copy.deepcopy(body)
        if step.get("silent"):
            return
        self._keep(
            step["do"],
            step,
            status=answer.status,
            headers=answer.headers,
            body=body,
            sent_headers=self._fill(step.get("headers") or {}),
            unmet=not met,
        )

    def _request(self, step: Step) -> Answer:
        method, target = self._fill(step["do"]).split(" ", 1)
        headers = _accept(step)
        data = self._bytes(step)
        if data is not None:
            media_type: str = step.get("type", "json")
            headers["Content-Type"] = MEDIA_TYPES.get(media_type, media_type)
        headers.update(self._fill(step.get("headers") or {}))
        return self._wire.send(method, target, step.get("as", "admin"), headers, data or b"")

    def _holds(self, condition: str, status: int, body: Any) -> bool:
        parsed = _CONDITION.fullmatch(condition)
        if not parsed:
            raise CaseError(f"{self.case.id} step {self._index}: unknown condition {condition!r}")
        pointer, operator, text = parsed.groups()
        value = status if pointer == "status" else get(body, pointer)
        if operator in ("exists", "absent"):
            return (value is MISSING) == (operator == "absent")
        wanted = yaml.safe_load(self._fill(text)) if text else None
        return value is not MISSING and _compare(operator, value, wanted)

    def _capture(self, step: Step, body: Any) -> None:
        for name, pointer in (step.get("capture") or {}).items():
            value = get(body, self._fill(pointer))
            self._vars[name] = value = f"<missing:{name}>" if value is MISSING else value
            if isinstance(value, str):
                self.captured[name] = value

    # ---------------------------------------------------------------- watches

    def _open_watch(self, step: Step) -> None:
        spec = step["watch"]
        target = self._fill(spec["path"])
        target += ("&" if "?" in target else "?") + "watch=1"
        if spec["id"] in self._watches:
            self._watches[spec["id"]].close()
        watch = self._wire.watch(target, spec.get("as", "admin"), _accept(spec))
        self._watches[spec["id"]] = watch
        self._wire.sleep(WATCH_SETTLE_S)
        self._keep(f"watch {spec['id']}", step, status=watch.status, headers=watch.headers, body=watch.error)

    def _collect(self, step: Step) -> None:
        spec = step["collect"]
        watch = self._watches[spec["id"]]
        merge = bool(spec.get("mergeBookmarks"))
        events: list[dict[str, Any]] = []
        limit = self._limit(spec, CLOSE_LIMIT_S if spec.get("untilClosed") else COLLECT_LIMIT_S)
        while True:
            events += [event for event in watch.pull() if merge or not _plain_bookmark(event)]
            enough = not spec.get("untilClosed") and len(events) >= spec["n"]
            if enough or watch.closed or self._wire.now() >= limit:
                break
            self._wire.sleep(COLLECT_POLL_S)
        if not spec.get("untilClosed"):
            self._wire.sleep(spec.get("settle", COLLECT_SETTLE_S))
            events += [event for event in watch.pull() if merge or not _plain_bookmark(event)]
        if merge:
            events = _merged_bookmarks(events)
        self._capture(step, {"events": events})
        closed = watch.closed if spec.get("untilClosed") else None
        self._keep(f"collect {spec['id']}", step, events=events, closed=closed)

    # ---------------------------------------------------------------- scheduler and kubelet, played

    def _play_kubelet(self, spec: dict[str, Any]) -> int:
        """Bind the Pods that match `selector` and patch their status; how many."""
        pods = self._wait_for_pods(spec.get("selector", ""), spec.get("expect", 1))
        for n, pod in enumerate(sorted(pods, key=lambda pod: pod["metadata"]["name"])):
            name = pod["metadata"]["name"]
            if not pod["spec"].get("nodeName") and spec.get("node"):
                target = {"apiVersion": "v1", "kind": "Node", "name": spec["node"]}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
                self._admin("POST", f"${{pods}}/{name}/binding", binding)
            status = self._pod_status(pod, spec.get("phase", "Running"), spec.get("ready", True), f"192.0.2.{10 + n}")
            self._admin("PATCH", f"${{pods}}/{name}/status", {"status": status}, MEDIA_TYPES["strategic"])
        return len(pods)

    def _wait_for_pods(self, selector: str, expected: int) -> list[dict[str, Any]]:
        limit = self._wire.now() + 15 * (0.0 if self._index in self._hurry else self._patience)
        while True:
            items = self._admin("GET", f"${{pods}}?labelSelector={selector}").document().get("items", [])
            living = [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]
            if len(living) >= expected or self._wire.now() >= limit:
                return living
            self._wire.sleep(POLL_S)

    def _pod_status(self, pod: dict[str, Any], phase: str, ready: bool, ip: str) -> dict[str, Any]:
        now = self._wire.wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        state: dict[str, Any] = {"running": {"startedAt": now}}
        if phase != "Running":
            code, reason = (0, "Completed") if phase == "Succeeded" else (1, "Error")
            state = {"terminated": {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}}
        return {
            "phase": phase,
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [
                {"type": condition, "status": str(ready), "lastTransitionTime": now}
                for condition in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
            ],
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "sha256:00",
                    "ready": ready,
                    "restartCount": 0,
                    "containerID": "containerd://00",
                    "started": phase == "Running",
                    "state": state,
                }
                for container in pod["spec"]["containers"]
            ],
        }


def _accept(spec: Step) -> dict[str, str]:
    """The Accept header that a step or watch asks for, by its short name or in full."""
    accept: str | None = spec.get("accept")
    return {"Accept": ACCEPTS.get(accept, accept)} if accept else {}


def _compare(operator: str, value: Any, wanted: Any) -> bool:
    if operator == "len":
        return isinstance(value, list | dict) and len(value) == wanted
    if operator == "contains":
        return str(wanted) in json.dumps(value)
    if operator == "==":
        return bool(value == wanted)
    if operator == "!=":
        return bool(value != wanted)
    return bool(value >= wanted)


def _plain_bookmark(event: dict[str, Any]) -> bool:
    """A bookmark that only says how far the watch is: servers send it when they like."""
    return event["type"] == "BOOKMARK" and not (event["object"].get("metadata") or {}).get("annotations")


def _merged_bookmarks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for event in events:
        if not (kept and event["type"] == "BOOKMARK" == kept[-1]["type"]):
            kept.append(event)
    return kept
