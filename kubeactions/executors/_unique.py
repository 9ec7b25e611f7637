"""Class U: the target can undergo it only once, and the UID is the precondition. Pure; shared by what deletes.

200, 201 or 202: done. Gone, or replaced: done by us, most likely, if a try was in doubt, else by somebody else. Still
there and not terminating: the same request is sent again, and can do nothing twice.
"""

from __future__ import annotations

from kubeactions.errors import Conflict, NotFound, Refused, TooManyRequests
from kubeactions.executors._endings import failed, refused, succeeded, uid_of
from kubeactions.executors._targets import is_terminating
from kubeactions.model import Action, Ending, Evidence, Intent, Outcome, Verdict


def unique_endings(done: str, reason: str) -> tuple[Ending, ...]:
    """How an action of class U may end; `done` and `reason` as for `unique_verdict`."""
    return (
        Ending(reason, "succeeded", f"it was {done}; (inferred) where it is gone after a try that was in doubt"),
        Ending("AlreadyTerminating", "succeeded", "it was being deleted already: nothing was sent"),
        Ending("GoneBeforeExecution", "failed", f"somebody else was first: it was gone before it was {done}"),
    )


def unique_verdict(action: Action, intent: Intent, evidence: Evidence, done: str, reason: str) -> Verdict:
    """The answer, or whether an object with that UID is still there and not terminating.

    `done` is what was done to it ("deleted"), `reason` the code of that success.
    """
    if evidence.answer is not None:
        return Verdict.settle(succeeded(reason, f"{action.target} {done}"))
    if evidence.seen is None:
        return _without_a_look(action, evidence, done, reason)
    target = evidence.seen.target
    if target is None or uid_of(target) != intent.uid:
        return Verdict.settle(vanished(action, done, reason, doubt=evidence.doubt))
    if is_terminating(target) and evidence.doubt:
        text = f"{action.target} is terminating: {done}, most likely by us"
        return Verdict.settle(succeeded(reason, text, inferred=True))
    if is_terminating(target):
        return Verdict.settle(succeeded("AlreadyTerminating", f"{action.target} is terminating already"))
    return Verdict.send("NotApplied", f"{action.target} is still there: sent again, for the same UID")


def _without_a_look(action: Action, evidence: Evidence, done: str, reason: str) -> Verdict:
    error = evidence.refused
    if isinstance(error, TooManyRequests):
        return Verdict.send("TooManyRequests", "the API server asks to wait", after_s=error.retry_after_s or 0.0)
    if isinstance(error, NotFound):
        return Verdict.settle(vanished(action, done, reason, doubt=evidence.doubt))
    if isinstance(error, Refused) and not isinstance(error, Conflict):
        return Verdict.settle(refused(action, error, doubt=evidence.doubt))
    return Verdict.look("InDoubt", "whether it is still there is to be seen")


def vanished(action: Action, done: str, reason: str, *, doubt: bool) -> Outcome:
    """It is gone. Without doubt every send was refused, so somebody else did it."""
    if doubt:
        return succeeded(reason, f"{action.target} is gone: {done}, most likely by us", inferred=True)
    return failed("GoneBeforeExecution", f"{action.target} was gone before it was {done}")
