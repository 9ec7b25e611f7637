"""How an action ends when its target is not what was ordered. Pure; shared by the executors."""

from __future__ import annotations

from kubeactions.errors import Refused
from kubeactions.model import Action, Ending, JsonObject, Outcome, Status

TARGET_LOST = (
    Ending("TargetGone", "failed", "there is no object of that name"),
    Ending("TargetReplaced", "failed", "the object of that name has another UID than was ordered, or planned for"),
)
"""How an action of any type may end that is about an object which was there before."""


def failed(reason: str, message: str) -> Outcome:
    """It did not happen, and nobody will try again."""
    return Outcome(Status.FAILED, reason, message)


def succeeded(reason: str, message: str, *, inferred: bool = False) -> Outcome:
    """It is done; `inferred`: the effect is seen, its author is not."""
    return Outcome(Status.SUCCEEDED, reason, message, inferred=inferred)


def unknown(reason: str, message: str) -> Outcome:
    """It may or may not have happened."""
    return Outcome(Status.UNKNOWN, reason, message)


def gone(action: Action) -> Outcome:
    """There is no object of that name."""
    return failed("TargetGone", f"{action.target} is gone: there is no such object")


def replaced(action: Action, wanted: str, found: str) -> Outcome:
    """There is one of that name, and it is another object."""
    return failed("TargetReplaced", f"{action.target} has UID {found}, and UID {wanted} was meant: it was replaced")


def refused(action: Action, error: Refused, *, doubt: bool) -> Outcome:
    """The server refuses this request for good."""
    reason = str(error.body.get("reason") or type(error).__name__)
    text = str(error.body.get("message") or error.message)
    if doubt:
        return unknown(reason, f"{action.target}: refused now, and an earlier try may have been applied: {text}")
    return failed(reason, f"{action.target}: refused ({type(error).__name__}): {text}")


def uid_of(found: JsonObject) -> str:
    """`metadata.uid`."""
    return str(found["metadata"]["uid"])
