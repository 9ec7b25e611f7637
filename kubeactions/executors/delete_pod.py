"""delete_pod: delete one pod, the very one that was planned for. Class U.

A pod can be deleted only once, and its UID is never used again: the UID is the precondition of the DELETE, so a
replacement under the same name (a StatefulSet's pod) is never touched, and a request that is repeated or arrives late
does nothing more. A second DELETE with the same grace period is a no-op on the server. What cannot always be told after
a crash is who deleted it: then it is `succeeded (inferred)`.

Refused: grace period 0 for a pod of a StatefulSet, unless the operator permits it: two pods of one name might run
(https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/).
"""

from __future__ import annotations

from urllib.parse import quote

from kubeactions.errors import Conflict, NotFound, Refused, TooManyRequests
from kubeactions.executors._endings import failed, gone, refused, replaced, succeeded, uid_of
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Parameter,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

MAX_GRACE_S = 86400
FORCE_PERMIT = "force_delete_statefulset_pods"
"""What an operator permits to let grace period 0 pass for a StatefulSet's pod."""


def _grace_period(value: Json) -> int | None:
    """Whole seconds in [0, MAX_GRACE_S], as a number or decimal text; None is the pod's own."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 6:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_GRACE_S:
        raise ValueError(f"whole seconds from 0 to {MAX_GRACE_S} are expected, not {value!r}")
    return value


class DeletePod:
    """The executor. It has no state."""

    spec = Spec(
        type="delete_pod",
        effect=EffectClass.UNIQUE,
        summary="Delete one pod. Disruption budgets are not asked (eviction asks them).",
        kinds={"Pod": ("v1", "pods")},
        parameters=(
            Parameter(
                "grace_period_seconds",
                _grace_period,
                "seconds the pod gets to end; 0 kills it at once; the default is the pod's own",
            ),
        ),
        rules=(Rule("", "pods", ("get", "delete")),),
        permits={FORCE_PERMIT: "let grace period 0 pass for a pod of a StatefulSet"},
        example={
            "action_type": "delete_pod",
            "resource": {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "my-pod-xyz"},
            "parameters": {"grace_period_seconds": "30"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """The pod."""
        try:
            return Seen(kube.get(_path(action)))
        except NotFound:
            return Seen(None)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """The UID; or why there is nothing to do."""
        if seen.target is None:
            return gone(action)
        previous = circumstances.previous
        wanted = action.target.uid or (previous.uid if previous else "")
        uid = uid_of(seen.target)
        if wanted and uid != wanted:
            return replaced(action, wanted, uid)
        if _is_terminating(seen.target):
            return succeeded("AlreadyTerminating", f"{action.target} is terminating already: nothing was sent")
        grace = action.parameters.get("grace_period_seconds")
        if grace == 0 and _is_of_statefulset(seen.target) and FORCE_PERMIT not in circumstances.permits:
            return failed(
                "ForceNotPermitted",
                f"{action.target} belongs to a StatefulSet: grace period 0 might let two pods of its name run",
            )
        return Plan(uid=uid, resolved={"grace_period_seconds": grace}, text=f"delete {action.target}, UID {uid}")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One DELETE with the UID as precondition."""
        return kube.delete(_path(action), uid=intent.uid, grace_period_s=intent.resolved["grace_period_seconds"])

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """The answer, or whether a pod with that UID is still there and not terminating."""
        if evidence.answer is not None:
            return Verdict.settle(succeeded("Deleted", f"{action.target} deleted"))
        if evidence.seen is None:
            return _without_a_look(action, evidence)
        target = evidence.seen.target
        if target is None or uid_of(target) != intent.uid:
            return Verdict.settle(_vanished(action, doubt=evidence.doubt))
        if _is_terminating(target) and evidence.doubt:
            text = f"{action.target} is terminating: deleted, most likely by us"
            return Verdict.settle(succeeded("Deleted", text, inferred=True))
        if _is_terminating(target):
            return Verdict.settle(succeeded("AlreadyTerminating", f"{action.target} is terminating already"))
        return Verdict.send("NotApplied", "the pod is still there: sent again, for the same UID")


def _without_a_look(action: Action, evidence: Evidence) -> Verdict:
    error = evidence.refused
    if isinstance(error, TooManyRequests):
        return Verdict.send("TooManyRequests", "the API server asks to wait", after_s=error.retry_after_s or 0.0)
    if isinstance(error, NotFound):
        return Verdict.settle(_vanished(action, doubt=evidence.doubt))
    if isinstance(error, Refused) and not isinstance(error, Conflict):
        return Verdict.settle(refused(action, error, doubt=evidence.doubt))
    return Verdict.look("InDoubt", "whether the pod is still there is to be seen")


def _vanished(action: Action, *, doubt: bool) -> Outcome:
    """It is gone. Without doubt every send was refused, so somebody else did it."""
    if doubt:
        return succeeded("Deleted", f"{action.target} is gone: deleted, most likely by us", inferred=True)
    return failed("GoneBeforeExecution", f"{action.target} was gone before we deleted it")


def _is_terminating(pod: JsonObject) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _is_of_statefulset(pod: JsonObject) -> bool:
    return any(owner.get("kind") == "StatefulSet" for owner in pod["metadata"].get("ownerReferences") or ())


def _path(action: Action) -> str:
    namespace, name = (quote(part, safe="") for part in (action.target.namespace, action.target.name))
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


EXECUTOR = DeletePod()
