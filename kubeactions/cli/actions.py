"""What commands about actions share: the known types, what validator and policy say of a config, and who is asking."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubeactions import policy, registry, validator
from kubeactions.errors import Malformed
from kubeactions.model import Action, Config, Spec
from kubeactions.settings import Settings


def known_specs() -> dict[str, Spec]:
    """Every registered action type; raises `UserError` when one cannot be imported."""
    return registry.specs(registry.load())


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one action, or of a config as a whole."""

    key: str
    ok: bool
    text: str
    """The action in one line, or `<field>: <problem>`."""
    note: str = ""
    """That it would be refused or have to wait now, and why, as far as that can be told without the cluster."""
    action: Action | None = None

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        found: dict[str, Any] = {"key": self.key, "ok": self.ok, "text": self.text}
        if self.note:
            found["note"] = self.note
        return found | ({"action": self.action.content()} if self.action else {})


def examine(config: Config, specs: Mapping[str, Spec], settings: Settings, now: datetime) -> list[Finding]:
    """Ask the validator, and for what it lets through the policy, with what is known here."""
    try:
        found = validator.parse(config, specs, settings.limits)
    except Malformed as error:
        return [Finding(f"{config.id}:v{config.version}", False, str(error))]
    return [_finding(item, specs, settings, now) for item in found]


def _finding(
    item: Action | validator.Rejected, specs: Mapping[str, Spec], settings: Settings, now: datetime
) -> Finding:
    if isinstance(item, validator.Rejected):
        return Finding(str(item.key), False, item.message)
    # The hook is the agent's to ask: its veto may depend on where it runs.
    here = policy.Facts(now, settings.own.namespace)
    ruling = policy.judge(item, specs[item.type], here, settings, hooks=None if not settings.safety_hook else [_pass])
    would = {policy.Gate.WAIT: "would wait now", policy.Gate.REJECT: "would be refused now"}.get(ruling.gate)
    note = f"{would}: {ruling.reason}: {ruling.message}" if would else ""
    stamp = item.created_at.isoformat().replace("+00:00", "Z")
    return Finding(str(item.key), True, f"{item.type} {item.target}, stamped {stamp}", note, item)


def _pass(_action: Action, _facts: policy.Facts) -> None:
    return None


def who() -> str:
    """The person at the keyboard, on this machine."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # A container's user that has no name.
        return f"uid-{os.getuid()}@{socket.gethostname()}"
