"""Class P: marker and change travel in one patch that the server applies only if its pin still holds. Pure.

The pin is the `metadata.generation` g that the plan saw. Whatever else was lost, the object itself tells what became of
the request, by these rules (kubeactions/protocol.md):

1. the marker is there: applied;
2. generation = g: not applied, and the same request can still be applied once at most: send it again, same pin;
3. generation = g+1 and no marker: somebody else's write used the pin up; every late copy of ours is dead: plan again;
4. generation >= g+2 and no marker: ours may have been applied and stripped. Look for other traces; none: `unknown`;
5. another UID, or gone: no trace can be left: `unknown` if a try ended in doubt, else `failed`.

A refusal is no doubt: when every send of this attempt got a definite 4xx, it was not applied, at any distance.

Rule 3 needs a marker that cannot be stripped without a new generation: one in the pod template, or anywhere in a
Deployment. Elsewhere (a StatefulSet's replicas, a CronJob's suspension) the wanted state decides: the one change of the
spec that there was is ours if it shows, and somebody else's if it does not. So every patch must change the spec.

The pin of nodes, and of what may change metadata alone, is a `resourceVersion` (`versioned_verdict`): it moves with
everything, so a dead pin says nothing of who used it up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubeactions.errors import Conflict, Invalid, NotFound, TooManyRequests
from kubeactions.executors._endings import failed, gone, refused, replaced, succeeded, uid_of, unknown
from kubeactions.model import Action, Ending, Evidence, Intent, JsonObject, Outcome, Seen, Verdict

APPLIED = Ending("Applied", "succeeded", "the patch was applied, once; (inferred) where only another trace tells")
IN_DOUBT = (
    Ending("TargetReplaced", "unknown", "it was replaced or deleted while a try was in doubt"),
    Ending("NoTrace", "unknown", "a try was in doubt, others changed the object since, and it bears no trace of us"),
)
ENDINGS = (
    APPLIED,
    Ending("Conflict", "failed", "somebody else changed it first: at each try, or once with `if_changed: fail`"),
    *IN_DOUBT,
)
"""How a patch of class P may end, by the rules above."""
CONTROLLER_WAIT_S = 2.0
"""Pause before looking again at an object that its controller has not caught up with."""
CONTROLLER_LOOKS = 10
"""How often to wait for that: 20 s, in which a controller that runs at all has made its ReplicaSet."""


@dataclass(frozen=True, slots=True)
class Traces:
    """How an action type tells that its patch was applied."""

    done: str
    """The message of a success."""
    has_marker: Callable[[JsonObject], bool]
    others: Callable[[Seen], str]
    """What proves it besides the marker, for people; "" when nothing does."""
    marker_moves_generation: bool = True
    """Whether stripping the marker makes a new generation."""
    controller_witnesses: bool = True
    """Whether the target's controller, once it has caught up, may bear witness."""
    fits: Callable[[JsonObject], bool] = lambda _: True
    """Whether the patch, made for what the plan saw, can still be applied to the object."""


def pinned_verdict(action: Action, intent: Intent, evidence: Evidence, traces: Traces) -> Verdict:
    """What is to be done with a class P intent whose pin is a generation."""
    if (settled := _without_the_pin(action, intent, evidence, traces)) is not None:
        return settled
    seen, target = _seen(evidence)
    moved_by = int(target["metadata"]["generation"]) - int(intent.pin or 0)
    if moved_by == 0:
        return _pin_holds(action, evidence, target, traces)
    text = f"{action.target} was changed by somebody else ({moved_by} generations): nothing of ours was applied"
    if not evidence.doubt:
        return _pin_is_dead(action, text)
    if moved_by == 1 and (traces.marker_moves_generation or not traces.others(seen)):
        return _pin_is_dead(action, text)
    return _stripped_or_overtaken(action, evidence, moved_by, traces)


def versioned_verdict(action: Action, intent: Intent, evidence: Evidence, traces: Traces) -> Verdict:
    """What is to be done with a class P intent whose pin is a resourceVersion.

    Moved without the marker while a try is in doubt is never planned again: who moved it cannot be told.
    """
    if (settled := _without_the_pin(action, intent, evidence, traces)) is not None:
        return settled
    seen, target = _seen(evidence)
    if target["metadata"]["resourceVersion"] == intent.pin:
        return _pin_holds(action, evidence, target, traces)
    if not evidence.doubt:
        return _pin_is_dead(action, f"{action.target} was changed by somebody else: nothing of ours was applied")
    if trace := traces.others(seen):
        return Verdict.settle(succeeded("Applied", f"{traces.done} (seen by {trace})", inferred=True))
    return Verdict.settle(_no_trace(action, "was changed since"))


def _without_the_pin(action: Action, intent: Intent, evidence: Evidence, traces: Traces) -> Verdict | None:
    """What an answer, the lack of a look, another UID or the marker decide."""
    if evidence.answer is not None:
        return Verdict.settle(succeeded("Applied", traces.done))
    if evidence.seen is None:
        return _without_a_look(action, evidence)
    target = evidence.seen.target
    if target is None or uid_of(target) != intent.uid:
        return Verdict.settle(_target_lost(action, intent, target, doubt=evidence.doubt))
    if traces.has_marker(target):
        return Verdict.settle(succeeded("Applied", f"{traces.done} (seen by its marker)"))
    return None


def _seen(evidence: Evidence) -> tuple[Seen, JsonObject]:
    if evidence.seen is None or evidence.seen.target is None:
        raise RuntimeError("these rules are about an object that was seen")
    return evidence.seen, evidence.seen.target


def _without_a_look(action: Action, evidence: Evidence) -> Verdict:
    error = evidence.refused
    if isinstance(error, TooManyRequests):
        return Verdict.send("TooManyRequests", "the API server asks to wait", after_s=error.retry_after_s or 0.0)
    if isinstance(error, NotFound) and not evidence.doubt:
        return Verdict.settle(gone(action))
    if error is None or isinstance(error, (Conflict, Invalid, NotFound)):
        return Verdict.look("InDoubt", "what became of it is to be seen")
    return Verdict.settle(refused(action, error, doubt=evidence.doubt))


def _pin_holds(action: Action, evidence: Evidence, target: JsonObject, traces: Traces) -> Verdict:
    if isinstance(evidence.refused, Invalid):
        if not traces.fits(target):  # Annotations came or went, which does not move every kind's generation.
            return Verdict.replan("PatchDoesNotFit", f"{action.target} is not what the patch was made for")
        return Verdict.settle(refused(action, evidence.refused, doubt=evidence.doubt))
    return Verdict.send("NotApplied", "the target is as it was planned for: sent again with the same pin")


def _pin_is_dead(action: Action, text: str) -> Verdict:
    if action.parameters.get("if_changed") == "fail":
        return Verdict.settle(failed("Conflict", text))
    return Verdict.replan("PinDead", text)


def _target_lost(action: Action, intent: Intent, target: JsonObject | None, *, doubt: bool) -> Outcome:
    if doubt:
        return unknown("TargetReplaced", f"{action.target} was replaced or deleted while a try was in doubt")
    return gone(action) if target is None else replaced(action, intent.uid, uid_of(target))


def _stripped_or_overtaken(action: Action, evidence: Evidence, moved_by: int, traces: Traces) -> Verdict:
    """Rule 4."""
    seen, target = _seen(evidence)
    if trace := traces.others(seen):
        return Verdict.settle(succeeded("Applied", f"{traces.done} (seen by {trace})", inferred=True))
    generation = int(target["metadata"]["generation"])
    observed = int((target.get("status") or {}).get("observedGeneration") or 0)
    if traces.controller_witnesses and observed < generation and evidence.looks < CONTROLLER_LOOKS:
        return Verdict.look("ControllerBehind", "its controller has not caught up: looking again", CONTROLLER_WAIT_S)
    return Verdict.settle(_no_trace(action, f"was changed {moved_by} times since"))


def _no_trace(action: Action, changed: str) -> Outcome:
    return unknown("NoTrace", f"{action.target} {changed}, and bears no trace of us: it may or may not have happened")
