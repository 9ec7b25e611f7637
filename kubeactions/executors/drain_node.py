"""drain_node: cordon a node and evict its pods, as `kubectl drain` does. A plan in the ledger, of class P and U steps.

    cordon   one patch with the node's resourceVersion as its pin (left out when the node is cordoned already)
    list     the pods that are on it then, by their UIDs: they are what is drained, and no pod that comes later
    evict    each of them is a class U part of the intent: its UID is the precondition of its eviction

Each step is made durable before the next begins, so any leader can go on. Who is left is seen in the cluster, in every
round: of them at most `BURST` are evicted at a time. A budget that is spent (429) waits, others go on meanwhile. At the
deadline it is `failed (Partial)` with the list of who is left; the node stays cordoned, as with kubectl. It is
`unknown` where an eviction of one that is left got no answer, or may have been sent by an earlier leader.

Which pods are left alone or stand in the way is kubectl's rule (k8s.io/kubectl, pkg/drain/filters.go): mirror pods are
left alone; pods of DaemonSets, with emptyDir volumes, or without a controller stand in the way unless the order says
what is to become of them, and so do those whose DaemonSet is gone; finished pods never do. Pods of every namespace are
drained, protected ones included: their disruption budgets protect them here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from kubeactions.errors import NotFound, Refused, TooManyRequests
from kubeactions.executors._endings import TARGET_LOST, failed, succeeded, uid_of, unknown
from kubeactions.executors._eviction import BUDGET_PAUSE_S, evict, eviction, has_two_budgets
from kubeactions.executors._marks import OBJECT, annotate, annotations_of, object_has, tests_of
from kubeactions.executors._parameters import FORCE, MAX_TIMEOUT_S, TIMEOUT, deadline, flag, is_over, whole
from kubeactions.executors._pinned_patch import IN_DOUBT, Traces, versioned_verdict
from kubeactions.executors._targets import TERMINATING, is_terminating, look_at, objection, path_to, terminating
from kubeactions.kube import path_of
from kubeactions.model import (
    MARKER_ANNOTATION,
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
    Seen,
    Spec,
    Status,
    Tried,
    Verdict,
)
from kubeactions.words import counted

BURST = 8
"""Evictions between two looks."""
LOOK_S = 2.0
DEFAULT_TIMEOUT_S = 900
MAX_GRACE_S = 86400
MAX_NAMED = 10
"""Pods that a message names."""
MIRROR = "kubernetes.io/config.mirror"
IGNORE_DAEMONSETS = "ignore_daemonsets"
DELETE_EMPTYDIR = "delete_emptydir_data"
GRACE = "grace_period_seconds"
CORDON, LIST, EVICT = "cordon", "list", "evict"


class DrainNode:
    """The executor. It has no state."""

    spec = Spec(
        type="drain_node",
        effect=EffectClass.UNIQUE,
        summary="Cordon a node and evict its pods, as far as their budgets allow, until a deadline.",
        kinds={"Node": ("v1", "nodes")},
        parameters=(
            Parameter(
                IGNORE_DAEMONSETS, flag, "leave pods of DaemonSets alone; without it they stand in the way", False
            ),
            Parameter(DELETE_EMPTYDIR, flag, "evict pods with emptyDir volumes, whose content is lost", False),
            Parameter(
                FORCE, flag, "evict pods without a controller, or whose DaemonSet is gone; they do not return", False
            ),
            Parameter(GRACE, whole(0, MAX_GRACE_S, "seconds"), "seconds each pod gets to end; the default is its own"),
            Parameter(
                TIMEOUT,
                whole(1, MAX_TIMEOUT_S, "seconds"),
                f"how long to try, within the order's expiry; the default is {DEFAULT_TIMEOUT_S}",
                default=DEFAULT_TIMEOUT_S,
            ),
        ),
        rules=(
            Rule("", "nodes", ("get", "patch"), cluster=True),
            Rule("", "pods", ("list",), cluster=True),
            Rule("apps", "daemonsets", ("get",), cluster=True),
            Rule("", "pods/eviction", ("create",), cluster=True),
        ),
        namespaced=False,
        endings=(
            Ending("Drained", "succeeded", "the pods that were on it are gone from it; it stays cordoned"),
            Ending("PodsInTheWay", "failed", "pods that the order does not allow to go; nothing is evicted"),
            Ending("Partial", "failed", "the deadline came, or the API server refuses the rest; who is left is listed"),
            Ending("PartialInDoubt", "unknown", "the same, and an eviction of who is left may still be on its way"),
            Ending("NodeGone", "failed", "it was deleted or replaced while it was drained"),
            *IN_DOUBT,
            *TARGET_LOST,
            TERMINATING,
        ),
        recovery=(
            "the next leader goes on at the step on record: cordon: the mark or the state tells if it was applied; "
            "list: the pods are listed; evict: each listed pod that is still there by its UID is evicted again, until "
            "the deadline that the first leader set"
        ),
        example={
            "action_type": "drain_node",
            "resource": {"api_version": "v1", "kind": "Node", "name": "node-1"},
            "parameters": {IGNORE_DAEMONSETS: True, TIMEOUT: 1800},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The node, and the pods on it where they matter."""
        seen = look_at(action, self.spec, kube)
        if seen.target is None or (intent is not None and intent.resolved["step"] == CORDON):
            return seen
        listed = kube.list(path_of("v1", "pods"), fieldSelector=f"spec.nodeName={action.target.name}")
        pods = tuple(listed["items"])
        chooses = intent is None or intent.resolved["step"] == LIST
        return Seen(seen.target, (*pods, *_daemon_sets(pods, kube)) if chooses else pods)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """UID, resourceVersion and deadline; or which pods stand in the way."""
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or failed("TargetGone", "")
        found = seen.target
        if (problem := terminating(action, found, "its pods go with it")) is not None:
            return problem
        _, in_the_way = sort_out(action, seen.related)
        if in_the_way:
            return failed("PodsInTheWay", f"{action.target} is not drained: {_named(in_the_way)}")
        cordoned = bool(found["spec"].get("unschedulable"))
        before = circumstances.previous.resolved.get("until") if circumstances.previous else None
        resolved = {
            "step": LIST if cordoned else CORDON,
            "until": before or deadline(circumstances.now, float(action.parameters.get(TIMEOUT, DEFAULT_TIMEOUT_S))),
            "annotations": bool(annotations_of(found)),
        }
        text = f"drain {action.target}" + (", which is cordoned already" if cordoned else "")
        return Plan(uid=uid_of(found), pin=str(found["metadata"]["resourceVersion"]), resolved=resolved, text=text)

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """The patch that cordons, or the eviction of one part; nothing when the plan begins with a list."""
        if (part := intent.resolved.get("part")) is not None:
            return _evict(action, intent, str(part), kube)
        if intent.resolved["step"] != CORDON:
            return {}
        marks = annotate(OBJECT, {MARKER_ANNOTATION: action.key.marker}, present=bool(intent.resolved["annotations"]))
        field = {"op": "add", "path": "/spec/unschedulable", "value": True}
        return kube.patch(path_to(action, self.spec), [*tests_of(intent), field, *marks])

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        """By the step that the intent is at."""
        step = intent.resolved["step"]
        if step == CORDON:
            return _cordoned(action, intent, evidence)
        if evidence.seen is None:
            return Verdict.look("PodsToSee", "which pods are on it is to be seen")
        target = evidence.seen.target
        if target is None or uid_of(target) != intent.uid:
            return Verdict.settle(failed("NodeGone", f"{action.target} was deleted or replaced while it was drained"))
        return _listed(action, intent, evidence.seen) if step == LIST else _evicting(action, intent, evidence)


def _daemon_sets(pods: Iterable[JsonObject], kube: Reader) -> tuple[JsonObject, ...]:
    """The DaemonSets that control these pods and are still there. Raises a `KubeError` other than NotFound."""
    found: list[JsonObject] = []
    controllers = ((pod, _controller(pod)) for pod in pods if not _is_finished(pod))
    places = {(pod["metadata"]["namespace"], one["name"]) for pod, one in controllers if one.get("kind") == "DaemonSet"}
    for namespace, name in sorted(places):
        try:
            daemon_set = kube.get(path_of("apps/v1", "daemonsets", namespace=namespace, name=name))
        except NotFound:
            continue
        found.append({**daemon_set, "kind": "DaemonSet"})
    return tuple(found)


def sort_out(action: Action, found: Iterable[JsonObject]) -> tuple[list[JsonObject], list[str]]:
    """The pods to evict, and the words for those that stand in the way; DaemonSets among them tell who has one."""
    chosen: list[JsonObject] = []
    in_the_way: list[str] = []
    everything = list(found)
    daemon_sets = {uid_of(one) for one in everything if one.get("kind") == "DaemonSet"}
    for pod in (one for one in everything if one.get("kind") != "DaemonSet"):
        reason = _left_alone_or(action, pod, daemon_sets)
        if reason is None:
            chosen.append(pod)
        elif reason:
            in_the_way.append(f"{_place(pod)} {reason}")
    return chosen, in_the_way


def _left_alone_or(action: Action, pod: JsonObject, daemon_sets: set[str]) -> str | None:
    """None: evict it; "": leave it alone; anything else: why it stands in the way."""
    controller, force = _controller(pod), bool(action.parameters.get(FORCE))
    if MIRROR in annotations_of(pod):
        return ""
    if _is_finished(pod):
        return None
    if controller.get("kind") == "DaemonSet" and controller.get("uid") not in daemon_sets:
        if not force:
            return f"is of a DaemonSet that is gone (see {FORCE})"
    elif controller.get("kind") == "DaemonSet":
        return "" if action.parameters.get(IGNORE_DAEMONSETS) else f"is of a DaemonSet (see {IGNORE_DAEMONSETS})"
    has_data = any("emptyDir" in one for one in pod["spec"].get("volumes") or ())
    if has_data and not action.parameters.get(DELETE_EMPTYDIR):
        return f"has an emptyDir volume (see {DELETE_EMPTYDIR})"
    if not controller and not force:
        return f"has no controller (see {FORCE})"
    return None


def _controller(pod: JsonObject) -> JsonObject:
    """The owner that controls it; {} when none does."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller")), {})


def _is_finished(pod: JsonObject) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _cordoned(action: Action, intent: Intent, evidence: Evidence) -> Verdict:
    marker, annotations = action.key.marker, bool(intent.resolved["annotations"])
    traces = Traces(
        done=f"{action.target} cordoned",
        has_marker=lambda target: object_has(target, marker),
        others=lambda seen: "its state" if (seen.target or {}).get("spec", {}).get("unschedulable") else "",
        fits=lambda target: bool(annotations_of(target)) == annotations,
    )
    verdict = versioned_verdict(action, intent, evidence, traces)
    if verdict.outcome is None or verdict.outcome.status is not Status.SUCCEEDED:
        return verdict
    return Verdict.advance({**intent.resolved, "step": LIST}, "Cordoned", verdict.outcome.message)


def _listed(action: Action, intent: Intent, seen: Seen) -> Verdict:
    chosen, in_the_way = sort_out(action, seen.related)
    if in_the_way:
        return Verdict.settle(failed("PodsInTheWay", f"{action.target} is cordoned, not drained: {_named(in_the_way)}"))
    pods = [[pod["metadata"]["namespace"], pod["metadata"]["name"], uid_of(pod)] for pod in chosen]
    text = f"to be evicted from {action.target}: {counted(len(pods), 'pod')}"
    return Verdict.advance(
        {**intent.resolved, "step": EVICT, "pods": pods, "listed_in": intent.epoch}, "PodsListed", text
    )


def _evicting(action: Action, intent: Intent, evidence: Evidence) -> Verdict:
    related = evidence.seen.related if evidence.seen else ()
    there = {uid_of(pod): pod for pod in related}
    planned = [uid for _, _, uid in intent.resolved["pods"]]
    left = [there[uid] for uid in planned if uid in there]
    if not left:
        gone = f"{counted(len(planned), 'pod')} gone from it"
        return Verdict.settle(succeeded("Drained", f"{action.target} drained: {gone}"))
    waiting = [pod for pod in left if not is_terminating(pod)]
    refused = [pod for pod in waiting if _is_refused(evidence.parts.get(uid_of(pod)))]
    stuck = len(refused) == len(left)
    if stuck or evidence.barred or is_over(str(intent.resolved["until"]), evidence.at):
        return Verdict.settle(_partial(action, intent, evidence, left))
    due = [uid_of(pod) for pod in waiting if pod not in refused and _is_due(evidence, uid_of(pod))]
    if due:
        return Verdict.send_parts(tuple(due[:BURST]), "Evicting", f"{len(left)} of {len(planned)} pods are left")
    return Verdict.look("Evicting", f"{len(left)} of {len(planned)} pods are left", LOOK_S)


def _is_refused(tried: Tried | None) -> bool:
    """It got a definite no that waiting does not change. (404 and 409 are: it is gone; the next look tells.)."""
    error = tried.refused if tried else None
    return error is not None and not isinstance(error, TooManyRequests) and error.status not in (404, 409)


def _is_due(evidence: Evidence, uid: str) -> bool:
    """Not tried yet, or so long ago that it may be tried again."""
    tried = evidence.parts.get(uid)
    if tried is None or evidence.at is None:
        return True
    asked = tried.refused.retry_after_s if isinstance(tried.refused, TooManyRequests) else None
    return evidence.at >= tried.at + timedelta(seconds=asked or BUDGET_PAUSE_S)


def _partial(action: Action, intent: Intent, evidence: Evidence, left: list[JsonObject]) -> Outcome:
    def why(pod: JsonObject) -> str:
        tried = evidence.parts.get(uid_of(pod))
        if is_terminating(pod):
            return f"{_place(pod)} is still terminating"
        if isinstance(tried.refused if tried else None, TooManyRequests):
            return f"{_place(pod)} is kept by its disruption budget"
        return f"{_place(pod)} ({tried.refused.message})" if tried and tried.refused else _place(pod)

    reason = f"; {evidence.barred}" if evidence.barred else ""
    planned, doubtful = len(intent.resolved["pods"]), [pod for pod in left if _may_still_go(intent, evidence, pod)]
    text = f"{action.target} is cordoned; {len(left)} of {planned} pods are left{reason}: {_named([*map(why, left)])}"
    if not doubtful:
        return failed("Partial", text)
    text += f"; an eviction may still be on its way to {_named([*map(_place, doubtful)])}"
    return unknown("PartialInDoubt", text)


def _may_still_go(intent: Intent, evidence: Evidence, pod: JsonObject) -> bool:
    """Whether some eviction of it that was sent has no answer. What an earlier leader has sent, nobody knows."""
    tried = evidence.parts.get(uid_of(pod))
    if is_terminating(pod) or (tried is not None and tried.answered):
        return False
    return intent.resolved.get("listed_in") != intent.epoch or (tried is not None and tried.doubt)


def _evict(action: Action, intent: Intent, uid: str, kube: Cluster) -> JsonObject:
    namespace, name = next((ns, pod) for ns, pod, one in intent.resolved["pods"] if one == uid)
    path = path_of("v1", "pods", namespace=namespace, name=name, subresource="eviction")
    try:
        answer = evict(kube, path, eviction(namespace, name, uid, action.parameters.get(GRACE)))
    except NotFound:
        return {}  # It is gone, as it should be.
    if has_two_budgets(answer):
        raise Refused(str(answer.get("message")), status=500)
    return answer


def _place(pod: JsonObject) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _named(words: list[str]) -> str:
    more = f", and {len(words) - MAX_NAMED} more" if len(words) > MAX_NAMED else ""
    return ", ".join(words[:MAX_NAMED]) + more


EXECUTOR = DrainNode()
