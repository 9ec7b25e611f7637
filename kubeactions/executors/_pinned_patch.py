"""Class P: marker and change travel in one patch that the server applies only if its pin still holds. Pure.

The pin is the `metadata.generation` g that the plan saw. Whatever else was lost, the object itself tells what became of
the request, by these rules (kubeactions/protocol.md):

1. the marker is there: applied;
2. generation = g: not applied, and the same request can still be applied once at most: send it again, same pin;
3. generation = g+1 and no marker: somebody else's write used the pin up; every late copy of ours is dead: plan again;
4. generation >= g+2 and no marker: ours may have been applied and stripped. Look for other traces; none: `unknown`;
5. another UID, or gone: no trace can be left: `unknown` if a try ended in doubt, else `failed`.

A refusal is no doubt: when every send of this attempt got a definite 4xx, it was not applied, at any distance.
"""

from __future__ import annotations

from collections.abc import Callable

from kubeactions.errors import Conflict, Invalid, NotFound, TooManyRequests
from kubeactions.executors._endings import failed, gone, refused, replaced, succeeded, uid_of, unknown
from kubeactions.model import Action, Evidence, Intent, JsonObject, Outcome, Seen, Verdict

CONTROLLER_WAIT_S = 2.0
"""Pause before looking again at an object that its controller has not caught up with."""
CONTROLLER_LOOKS = 10
"""How often to wait for that: 20 s, in which a controller that runs at all has made its ReplicaSet."""


def pinned_verdict(
    action: Action,
    intent: Intent,
    evidence: Evidence,
    *,
    done: str,
    has_marker: Callable[[JsonObject], bool],
    traces: Callable[[Seen], str],
) -> Verdict:
    """What is to be done with a class P intent whose pin is a generation.

    `done` is the message of a success; `traces` names what proves, besides the marker, that it was applied, or "".
    """
    if evidence.answer is not None:
        return Verdict.settle(succeeded("Applied", done))
    if evidence.seen is None:
        return _without_a_look(action, evidence)
    target = evidence.seen.target
    if target is None or uid_of(target) != intent.uid:
        return Verdict.settle(_target_lost(action, intent, target, doubt=evidence.doubt))
    if has_marker(target):
        return Verdict.settle(succeeded("Applied", f"{done} (seen by its marker)"))
    moved_by = int(target["metadata"]["generation"]) - int(intent.pin or 0)
    if moved_by == 0:
        if isinstance(evidence.refused, Invalid):  # The pin held and holds: it is the change that is refused.
            return Verdict.settle(refused(action, evidence.refused, doubt=evidence.doubt))
        return Verdict.send("NotApplied", "the target is as it was planned for: sent again with the same pin")
    if not evidence.doubt or moved_by == 1:
        return _pin_is_dead(action, moved_by)
    return _stripped_or_overtaken(action, evidence, moved_by, done, traces)


def _without_a_look(action: Action, evidence: Evidence) -> Verdict:
    error = evidence.refused
    if isinstance(error, TooManyRequests):
        return Verdict.send("TooManyRequests", "the API server asks to wait", after_s=error.retry_after_s or 0.0)
    if isinstance(error, NotFound) and not evidence.doubt:
        return Verdict.settle(gone(action))
    if error is None or isinstance(error, (Conflict, Invalid, NotFound)):
        return Verdict.look("InDoubt", "what became of it is to be seen")
    return Verdict.settle(refused(action, error, doubt=evidence.doubt))


def _pin_is_dead(action: Action, moved_by: int) -> Verdict:
    text = f"{action.target} was changed by somebody else ({moved_by} generations): nothing of ours was applied"
    if action.parameters.get("if_changed") == "fail":
        return Verdict.settle(failed("Conflict", text))
    return Verdict.replan("PinDead", text)


def _target_lost(action: Action, intent: Intent, target: JsonObject | None, *, doubt: bool) -> Outcome:
    if doubt:
        return unknown("TargetReplaced", f"{action.target} was replaced or deleted while a try was in doubt")
    return gone(action) if target is None else replaced(action, intent.uid, uid_of(target))


def _stripped_or_overtaken(
    action: Action, evidence: Evidence, moved_by: int, done: str, traces: Callable[[Seen], str]
) -> Verdict:
    """Rule 4."""
    seen = evidence.seen
    if seen is None or seen.target is None:
        raise RuntimeError("rule 4 is about an object that was seen")
    if trace := traces(seen):
        return Verdict.settle(succeeded("Applied", f"{done} (seen by {trace})", inferred=True))
    generation = int(seen.target["metadata"]["generation"])
    observed = int((seen.target.get("status") or {}).get("observedGeneration") or 0)
    if observed < generation and evidence.looks < CONTROLLER_LOOKS:
        return Verdict.look("ControllerBehind", "its controller has not caught up: looking again", CONTROLLER_WAIT_S)
    text = (
        f"{action.target} was changed {moved_by} times since, and bears no trace of us: it may or may not have happened"
    )
    return Verdict.settle(unknown("NoTrace", text))
