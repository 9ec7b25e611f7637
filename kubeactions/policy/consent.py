"""What people say: that the system is paused, and that they approve of an action. Pure; asked by `judge`.

An approval counts for the content that it names by its digest, so what is approved is what runs. Names are claims, as
`requested_by` is: who may write them is said by RBAC on the ConfigMap, who did by the cluster's audit log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from kubeactions.model import Action, EffectClass, Spec
from kubeactions.policy.ruling import Facts, Gate, Ruling
from kubeactions.safety import EVERY
from kubeactions.settings import Settings

ASK_AGAIN_S = 5.0
"""People are not waited for by the second, but what they do should be seen soon."""


def paused(facts: Facts) -> Ruling | None:
    """Somebody, or the breaker, has paused everything."""
    if not facts.pauses:
        return None
    return Ruling(Gate.WAIT, "Paused", "paused: " + "; ".join(facts.pauses), retry_after_s=ASK_AGAIN_S)


def approval(action: Action, spec: Spec, facts: Facts, settings: Settings) -> Ruling | None:
    """Too few have approved. A read needs approval only where its type is named."""
    needed = _needed(spec, settings)
    got = facts.approved_by
    if facts.begun or len(got) >= needed:
        return None
    text = f"{len(got)} of {needed} approvals" + (f" (by {', '.join(got)})" if got else "")
    text += f"; to approve: kubeactions approve {action.key}"
    return Ruling(Gate.WAIT, "NeedsApproval", text, retry_after_s=ASK_AGAIN_S)


def _needed(spec: Spec, settings: Settings) -> int:
    by_type = settings.safety.approvals
    default = 0 if spec.effect is EffectClass.READ else by_type.get(EVERY, 0)
    return by_type.get(spec.type, default)


def names_of(approvers: Iterable[str], requested_by: str) -> tuple[str, ...]:
    """The distinct people among them, sorted; nobody approves what they ordered themselves."""
    found = {_folded(name): name.strip() for name in approvers if name.strip()}
    found.pop(_folded(requested_by), None)
    return tuple(found[key] for key in sorted(found))


def _folded(name: str) -> str:
    """One person has one name, however it is typed."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
