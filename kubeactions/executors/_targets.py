"""Where an action's target is, and what is asked of every target before a plan. Used by the executors."""

from __future__ import annotations

from kubeactions.errors import NotFound
from kubeactions.executors._endings import failed, gone, replaced, uid_of
from kubeactions.kube import path_of
from kubeactions.model import Action, Circumstances, Ending, JsonObject, Outcome, Reader, Seen, Spec

TERMINATING = Ending("TargetTerminating", "failed", "it is being deleted: the change would come to nothing")
"""How an action ends whose target is on its way out; `terminating` finds it."""


def path_to(action: Action, spec: Spec, subresource: str = "") -> str:
    """The API path of the target."""
    api_version, plural = spec.kinds[action.target.kind]
    return path_of(
        api_version, plural, namespace=action.target.namespace, name=action.target.name, subresource=subresource
    )


def look_at(action: Action, spec: Spec, kube: Reader) -> Seen:
    """The target alone. Raises a `KubeError` other than NotFound."""
    try:
        return Seen(kube.get(path_to(action, spec)))
    except NotFound:
        return Seen(None)


def objection(action: Action, seen: Seen, circumstances: Circumstances) -> Outcome | None:
    """Why the target cannot be acted on: it is not there, or is another one than was meant."""
    if seen.target is None:
        return gone(action)
    previous = circumstances.previous
    wanted = action.target.uid or (previous.uid if previous else "")
    if wanted and uid_of(seen.target) != wanted:
        return replaced(action, wanted, uid_of(seen.target))
    return None


def terminating(action: Action, found: JsonObject, nothing: str) -> Outcome | None:
    """It is being deleted: `nothing` says what would not happen any more."""
    if not is_terminating(found):
        return None
    return failed("TargetTerminating", f"{action.target} is terminating: {nothing}")


def is_terminating(found: JsonObject) -> bool:
    """Whether its deletion has begun."""
    return bool(found["metadata"].get("deletionTimestamp"))
