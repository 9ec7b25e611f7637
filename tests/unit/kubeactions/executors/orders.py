"""Orders, intents and evidence for the executors' tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kubeactions.errors import Refused
from kubeactions.model import Action, ActionKey, Circumstances, Evidence, Intent, JsonObject, Seen, Target

AT = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
KEY = ActionKey("c1", 1)


def act(action_type: str, target: Target, **parameters: Any) -> Action:
    return Action(KEY, action_type, target, AT, parameters)


def intent(uid: str = "uid-1", pin: Any = None, *, recovered: bool = False, **resolved: Any) -> Intent:
    return Intent(1, 1, uid, pin, resolved, AT, recovered)


def circumstances(previous: Intent | None = None, **more: Any) -> Circumstances:
    return Circumstances(AT, KEY.marker, previous, **more)


def evidence(
    target: JsonObject | str | None = "not looked",
    *,
    answer: Any = None,
    refused: Refused | None = None,
    doubt: bool = False,
    looks: int = 0,
    related: tuple[JsonObject, ...] = (),
) -> Evidence:
    seen = None if isinstance(target, str) else Seen(target, related)
    return Evidence(answer, refused, doubt, seen, looks)
