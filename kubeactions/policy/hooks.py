"""Safety hooks: the operator's own functions, which may veto or delay and can never allow what was refused before.

`load_hooks` is asked once, by the agent; `ask` by `judge`, last. A hook that raises, or answers something else than it
may, counts as a veto: a check that breaks has not said yes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kubeactions.model import Action
from kubeactions.plugins import catalogue, import_string
from kubeactions.policy.ruling import Facts, Gate, Ruling
from kubeactions.settings import Settings

HOOK_GROUP = "kubeactions.safety_hooks"
"""Entry point group of safety hooks: all that are installed are asked, besides the one named in the settings."""
MAX_DELAY_S = 3600.0
"""A hook's delay is cut to this: it is asked again then, and expiry goes on counting."""


@dataclass(frozen=True, slots=True)
class Veto:
    """A safety hook's no; `text` goes into the record and the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Delay:
    """A safety hook's not yet: ask again in `seconds` (> 0, at most `MAX_DELAY_S`)."""

    seconds: float
    text: str


SafetyHook: TypeAlias = Callable[[Action, Facts], Veto | Delay | None]
"""The operator's check: None lets the action pass. An exception, or any other answer, is a veto."""


def load_hooks(settings: Settings) -> tuple[SafetyHook, ...]:
    """Import the hook named in the settings and every installed one; raises `UserError` when one cannot be had."""
    names = ([settings.safety_hook] if settings.safety_hook else []) + sorted(catalogue(HOOK_GROUP, {}).values())
    return tuple(import_string(name) for name in names)


def ask(hook: SafetyHook, action: Action, facts: Facts) -> Ruling | None:
    """The hook's objection, None when it has none. Never raises."""
    name = f"{getattr(hook, '__module__', '')}:{getattr(hook, '__qualname__', type(hook).__name__)}"
    try:
        return _heed(f"safety hook {name}", hook(action, facts))
    except Exception as error:  # noqa: BLE001  A check that breaks has not said yes.
        text = f"safety hook {name} failed, which counts as a veto: {type(error).__name__}: {error}"
        return Ruling(Gate.REJECT, "SafetyHookFailed", text)


def _heed(name: str, answer: object) -> Ruling | None:
    """The ruling that a hook's answer asks for; may raise when the answer is not what it claims to be."""
    if answer is None:
        return None
    if isinstance(answer, Veto):
        return Ruling(Gate.REJECT, "SafetyHookVeto", f"{name}: {answer.text}")
    if isinstance(answer, Delay) and answer.seconds > 0:
        wait = min(float(answer.seconds), MAX_DELAY_S)
        return Ruling(Gate.WAIT, "SafetyHookDelay", f"{name}: {answer.text}", retry_after_s=wait)
    text = f"{name} answered {answer!r}, which counts as a veto: Veto, Delay or None is expected"
    return Ruling(Gate.REJECT, "SafetyHookFailed", text)
