"""exec_command: run one command in one container of a pod, at most once. Class X.

What a command does leaves no trace that the API server could be asked for, and no precondition can be sent with it. So
the intent is written alone, just before, and a command whose end was not seen is `unknown` and never run again: not by
this leader, not by the next one. A definite refusal (4xx) of the upgrade is no doubt: nothing was run.

It is meant for one pod (its UID) and one run of one container (its ID). Both are looked at when it is planned and once
more just before the command is sent; a pod that was replaced, or a container that has restarted, ends it there. What
remains is a race: between that look and the arrival of the request, in the time of one round trip, a stateful set's pod
may come back under its name. It is looked for afterwards, and then said: `unknown`.

What may be run is `command_policy`: the order's limits, the operator's and the built-in ones, all three. Each stream is
kept up to `MAX_BYTES` and cut there, which is said; a command that does not end in time is `unknown`, since it may run
on. With `once: true` a guard in the container tells more (`_guard`): who was in doubt learns the code, or that it never
began. The guard's directory stays there.

It runs in a thread of its own (processor/attempt.py): other targets' actions go on meanwhile. What stops the process
leaves the intent to the next leader, which asks, or says `unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kubeactions.command_policy import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, MODES, READ_ONLY_MODE, objection
from kubeactions.errors import KubeError, NotFound, Refused, TooManyRequests, Unreachable
from kubeactions.executors._endings import TARGET_LOST, failed, gone, refused, replaced, succeeded, uid_of, unknown
from kubeactions.executors._guard import CODE, Told, ask, guard_path, guarded
from kubeactions.executors._parameters import choice, flag, whole
from kubeactions.executors._targets import TERMINATING, look_at, path_to, terminating
from kubeactions.executors._targets import objection as target_objection
from kubeactions.executors._words import argv, container_name, roots, words
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Ending,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Parameter,
    Plan,
    Reader,
    Rule,
    Runner,
    Seen,
    Spec,
    Status,
    Verdict,
)

MAX_BYTES = 1024 * 1024
"""What is kept of each stream."""
AGAIN_S = 2.0
"""Pause before the next try when the look just before it failed: nothing was sent then."""
LOOKS = 6
LOOK_AGAIN_S = 5.0
"""How often, and at what distance, the guard of a command is asked that has begun and not ended."""
_NEVER_STARTED = "unable to start container process"
"""runc's words for a command that could not be started; containerd and CRI-O pass them on."""


class ExecCommand:
    """The executor. It has no state."""

    spec = Spec(
        type="exec_command",
        effect=EffectClass.UNTRACED,
        summary="Run one command in a container of a pod, at most once, and report what it printed.",
        kinds={"Pod": ("v1", "pods")},
        parameters=(
            Parameter("command", argv, "the command and its words, as a list; no shell reads it", required=True),
            Parameter("container", container_name, "which container; needed where the pod has several"),
            Parameter(
                "mode", choice(*MODES), f'"{READ_ONLY_MODE}" (the default): only commands that change nothing',
                default=READ_ONLY_MODE,
            ),
            Parameter(
                "timeout_seconds", whole(1, MAX_TIMEOUT_S, "seconds"),
                f"how long it may take; the default is {DEFAULT_TIMEOUT_S}; the operator may allow less",
                default=DEFAULT_TIMEOUT_S,
            ),
            Parameter("allowed_commands", words, "limits of the order's own, beside the operator's: commands"),
            Parameter("allowed_paths", roots, "the same for paths: absolute ones, under which words may point"),
            Parameter(
                "once", flag,
                "true: guard it in the container, by a directory in /tmp, which tells its fate; needs sh and mkdir",
                default=False,
            ),
        ),
        rules=(Rule("", "pods", ("get",)), Rule("", "pods/exec", ("create", "get"))),
        endings=(
            Ending("Completed", "succeeded", "it was run, once, and ended with code 0; the report has its output"),
            Ending("ExitCode", "failed", "it was run, once, and ended with another code; the report has its output"),
            *TARGET_LOST,
            TERMINATING,
            Ending("ContainerRequired", "failed", "the pod has several containers, and none is named"),
            Ending("ContainerUnknown", "failed", "the pod has no container of that name"),
            Ending("ContainerNotRunning", "failed", "the container does not run, or has restarted since the plan"),
            Ending("CommandNotAllowed", "rejected", "the order, the operator or the built-in limits do not allow it"),
            Ending("NotSent", "failed", "the pod could not be looked at just before: nothing was run"),
            Ending("NotStarted", "failed", "the container runtime could not start it"),
            Ending("NeverBegun", "failed", "guarded: nobody knew whether it had begun; it had not, and never will"),
            Ending("NotSeenToEnd", "unknown", "it was begun and not seen to end: look; it is never run twice"),
            Ending("RanInReplacement", "unknown", "it ended, and the pod was replaced meanwhile: which one ran it?"),
        ),
        example={
            "action_type": "exec_command",
            "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
            "parameters": {"command": ["df", "-h"], "timeout_seconds": "10"},
        },
    )  # fmt: skip

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The pod; of a guarded command in doubt also what its guard says, if its container is still the one."""
        seen = look_at(action, self.spec, kube)
        if intent is None or not action.parameters["once"] or not isinstance(kube, Runner):
            return seen
        if seen.target is None or _changed(action, intent, seen.target) is not None:
            return seen
        told = ask(action, intent, path_to(action, self.spec, "exec"), kube)
        after = look_at(action, self.spec, kube)
        if told is None or after.target is None or _changed(action, intent, after.target) is not None:
            return seen
        return Seen(after.target, (told,))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """Pod, container and words, all pinned; or why it is not run."""
        if (problem := target_objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or gone(action)
        if (problem := terminating(action, seen.target, "nothing is run in it")) is not None:
            return problem
        container = _container(action, seen.target)
        if isinstance(container, Outcome):
            return container
        running = _running_id(seen.target, container)
        if not running:
            return failed("ContainerNotRunning", f"container {container} of {action.target} does not run")
        given, limits = action.parameters, circumstances.exec_limits
        why = objection(
            given["command"], given["mode"], limits,
            own_commands=given.get("allowed_commands"), own_paths=given.get("allowed_paths"),
        )  # fmt: skip
        if why is not None:
            return Outcome(Status.REJECTED, "CommandNotAllowed", f"{action.target}: {why}")
        return Plan(
            uid=uid_of(seen.target),
            resolved={
                "container": container,
                "container_id": running,
                "command": list(guarded(action, given["command"]) if given["once"] else given["command"]),
                "timeout_s": min(float(given["timeout_seconds"]), limits.timeout_s),
            },
            text=f"run {_shown(given['command'])} in container {container} of {action.target}",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One look, one command, one look. What was found instead of the pod that was meant is an answer, too."""
        resolved = intent.resolved
        before = self._pod(action, kube)
        if isinstance(before, KubeError) and (isinstance(before, TooManyRequests) or not isinstance(before, Refused)):
            return {"again": before.message}
        if (problem := _changed(action, intent, before)) is not None:
            return problem
        try:
            answer = kube.exec(
                path_to(action, self.spec, "exec"),
                resolved["command"],
                container=resolved["container"],
                deadline_s=resolved["timeout_s"],
                max_bytes=MAX_BYTES,
            )
        except Unreachable as error:  # No connection came about.
            return {"again": error.message}
        after = self._pod(action, kube)
        uid = uid_of(after) if isinstance(after, dict) else ""
        return {**answer, "uid_after": uid}

    def _pod(self, action: Action, kube: Reader) -> JsonObject | KubeError:
        try:
            return kube.get(path_to(action, self.spec))
        except KubeError as error:
            return error

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """What it said, a definite refusal, or `unknown`."""
        answer, error = evidence.answer, evidence.refused
        if isinstance(answer, Outcome):
            return Verdict.settle(answer)
        if isinstance(answer, dict):
            if "again" in answer:
                return Verdict.send("NotSent", f"nothing was sent yet: {answer['again']}", AGAIN_S, undone=True)
            if answer["exit_code"] in (None, CODE) and action.parameters["once"]:
                return _by_guard(action, evidence, answer)
            return Verdict.settle(_ended(action, intent, answer))
        if isinstance(error, TooManyRequests):
            pause = error.retry_after_s or AGAIN_S
            return Verdict.send("TooManyRequests", "the API server asks to wait", pause, undone=True)
        if isinstance(error, Refused):  # Of the upgrade, for `execute` catches those of its looks: nothing was run.
            return Verdict.settle(refused(action, error, doubt=False))
        if action.parameters["once"]:
            return _by_guard(action, evidence, {})
        return Verdict.settle(_unseen(action))


def _unseen(action: Action, why: str = "") -> Outcome:
    text = f"{_what(action)} was begun and not seen to end; it is never run twice"
    return unknown("NotSeenToEnd", f"{text} ({why})" if why else text)


def _by_guard(action: Action, evidence: Evidence, answer: Mapping[str, Json]) -> Verdict:
    """What the guard of a command tells whose end was not seen; `answer` has what it has printed."""
    seen, what = evidence.seen, _what(action)
    if seen is None:
        return Verdict.look("GuardAsked", f"the guard of {what} is asked")
    payload = {name: answer[name] for name in ("stdout", "stderr") if name in answer}
    told = seen.related[0] if seen.related else {}
    if told.get("told") == Told.NEVER_BEGUN:
        outcome = failed("NeverBegun", f"{what} had not begun, and never will: its guard is taken")
    elif told.get("told") == Told.ENDED and not told["code"]:
        outcome = succeeded("Completed", f"{what} ended with code 0, says its guard", inferred=True)
    elif told.get("told") == Told.ENDED:
        outcome = replace(failed("ExitCode", f"{what} ended with code {told['code']}, says its guard"), inferred=True)
    elif told.get("told") == Told.BEGUN and evidence.looks < LOOKS:
        return Verdict.look("Running", f"{what} has begun and not ended", after_s=LOOK_AGAIN_S)
    elif told:
        outcome = _unseen(action, f"its code will be in {guard_path(action)}/exit of that container")
    else:
        outcome = _unseen(action, "its guard cannot be asked any more")
    return Verdict.settle(replace(outcome, payload=payload))


def _ended(action: Action, intent: Intent, answer: Mapping[str, Json]) -> Outcome:
    """The outcome of a command whose connection is over."""
    code, cut = answer["exit_code"], answer["cut"]
    payload = {name: answer[name] for name in ("exit_code", "stdout", "stderr")} | {"truncated": cut}
    note = f" ({' and '.join(cut)} cut after {MAX_BYTES} bytes)" if cut else ""
    what = _what(action)
    if code is None and _NEVER_STARTED in answer["error"]:
        outcome = failed("NotStarted", f"{what} could not be started: {answer['error']}")
    elif code is None:
        outcome = unknown("NotSeenToEnd", f"{what}: {answer['error']}; it is never run twice{note}")
    elif answer["uid_after"] and answer["uid_after"] != intent.uid:
        outcome = unknown(
            "RanInReplacement",
            f"{what} ended with code {code}, and the pod was replaced meanwhile: in which one?{note}",
        )
    elif code:
        outcome = failed("ExitCode", f"{what} ended with code {code}{note}")
    else:
        outcome = succeeded("Completed", f"{what} ended with code 0{note}")
    return Outcome(outcome.status, outcome.reason, outcome.message, payload=payload)


def _changed(action: Action, intent: Intent, pod: JsonObject | KubeError) -> Outcome | None:
    """Why this is not what was planned for: then nothing is sent."""
    if isinstance(pod, KubeError):
        text = f"{action.target} cannot be looked at just before, nothing was run: {pod.message}"
        return gone(action) if isinstance(pod, NotFound) else failed("NotSent", text)
    if uid_of(pod) != intent.uid:
        return replaced(action, intent.uid, uid_of(pod))
    container = intent.resolved["container"]
    if _running_id(pod, container) != intent.resolved["container_id"]:
        text = f"container {container} of {action.target} has ended or restarted meanwhile"
        return failed("ContainerNotRunning", text)
    return None


def _container(action: Action, pod: JsonObject) -> str | Outcome:
    """The container that is meant; init and ephemeral ones cannot be."""
    names = [one["name"] for one in pod["spec"]["containers"]]
    asked = action.parameters.get("container")
    listed = ", ".join(names)
    if asked is None:
        if len(names) == 1:
            return str(names[0])
        return failed("ContainerRequired", f"{action.target} has several containers, name one: {listed}")
    if asked not in names:
        return failed("ContainerUnknown", f"{action.target} has no container {asked!r}; it has {listed}")
    return str(asked)


def _running_id(pod: JsonObject, container: str) -> str:
    """The ID of the container's present run; "" when it does not run."""
    found = (pod.get("status") or {}).get("containerStatuses") or []
    status: JsonObject = next((one for one in found if one["name"] == container), {})
    return str(status.get("containerID", "")) if (status.get("state") or {}).get("running") is not None else ""


def _shown(command: Sequence[str]) -> str:
    text = json.dumps(list(command), ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."


def _what(action: Action) -> str:
    return f"{_shown(action.parameters['command'])} in {action.target}"


EXECUTOR = ExecCommand()
