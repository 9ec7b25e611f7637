"""Takes one rule of the protocol out of the real code: a pytest plugin, `-p tests.simulation.planting --shortcut X`.

Each shortcut is one that somebody might take, and the protocol's model shows where it leads (`protocol.py`). Here it is
taken for real, by replacing one function, so that `test_shortcuts.py` can see the scenarios under features/ notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from kubeactions import registry
from kubeactions.executors import _pinned_patch, _restart
from kubeactions.kube import Kube
from kubeactions.ledger import Ledger
from kubeactions.ledger.head import Head
from kubeactions.model import Action, Evidence, Intent, Outcome, Record, Verdict
from kubeactions.processor.execution import Execution


def no_claim(patch: pytest.MonkeyPatch) -> None:
    """Recover without a claim: an older leader takes the ledger for its own still, and its writes go through."""
    read, send = Ledger._read, Kube.patch

    def own(self: Ledger) -> Head | None:
        head = read(self)
        if head is None or head.meta is None or self.anchor is None:
            return head
        return replace(head, meta=replace(head.meta, epoch=self._meta.epoch, holder=self._identity))

    def unconditional(self: Kube, path: str, body: Any, **options: Any) -> Any:
        if isinstance(body, dict) and "resourceVersion" in (body.get("metadata") or {}):
            kept = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
            body = {**body, "metadata": kept}
        return send(self, path, body, **options)

    patch.setattr(Ledger, "_read", own)
    patch.setattr(Kube, "patch", unconditional)


def always_replan(patch: pytest.MonkeyPatch) -> None:
    """Plan anew whenever the pin is dead, also in doubt."""

    def anew(*_: object) -> Verdict:
        return Verdict.replan("PinDead", "the pin is dead")

    patch.setattr(_pinned_patch, "_stripped_or_overtaken", anew)


def record_after(patch: pytest.MonkeyPatch) -> None:
    """Execute first, record after: the intent stays in the leader's memory."""

    def remembered(self: Execution, ledger: Ledger, planned: list[Record]) -> list[Record]:
        from kubeactions.processor.trail import Trail

        intents = [replace(one, intent=replace(one.intent, epoch=ledger.epoch)) for one in planned if one.intent]
        self._trails |= {record.marker: Trail() for record in intents}
        return intents

    patch.setattr(Execution, "_commit", remembered)


def no_recovery(patch: pytest.MonkeyPatch) -> None:
    """Leave alone what another leader has begun."""
    due = Execution._due

    def own(self: Execution, ledger: Ledger) -> list[Record]:
        return [one for one in due(self, ledger) if one.intent is None or not one.intent.recovered]

    patch.setattr(Execution, "_due", own)


def no_pin(patch: pytest.MonkeyPatch) -> None:
    """Send the patch without its generation pin, and again while in doubt."""
    send = Kube.patch

    def unpinned(self: Kube, path: str, body: Any, **options: Any) -> Any:
        if isinstance(body, list):
            body = [one for one in body if not (one["op"] == "test" and one["path"].startswith("/metadata/"))]
        return send(self, path, body, **options)

    def again(action: Action, intent: Intent, evidence: Evidence, traces: _pinned_patch.Traces) -> Verdict:
        if evidence.answer is not None:
            return Verdict.settle(Outcome("succeeded", "Applied", traces.done))  # type: ignore[arg-type]  # a StrEnum
        return Verdict.send("NotApplied", "sent again")

    patch.setattr(Kube, "patch", unpinned)
    patch.setattr(_restart, "pinned_verdict", again)


def by_name(patch: pytest.MonkeyPatch) -> None:
    """Look at the UID, then delete by name."""
    delete = Kube.delete

    def nameless(self: Kube, path: str, **options: Any) -> Any:
        return delete(self, path, **{**options, "uid": None})

    patch.setattr(Kube, "delete", nameless)


def repeats(patch: pytest.MonkeyPatch) -> None:
    """Run again what leaves no trace and was not seen to end."""

    def again(self: object, action: Action, intent: Intent, evidence: Evidence) -> Verdict:
        if isinstance(evidence.answer, Outcome):
            return Verdict.settle(evidence.answer)
        return Verdict.send("NotSeenToEnd", "run again")

    patch.setattr(registry.UntracedExecutor, "verdict", again)


SHORTCUTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no-claim": no_claim,
    "always-replan": always_replan,
    "record-after": record_after,
    "no-recovery": no_recovery,
    "no-pin": no_pin,
    "by-name": by_name,
    "repeats": repeats,
}
"""Every shortcut by its name on the command line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--shortcut`."""
    parser.addoption("--shortcut", choices=sorted(SHORTCUTS), help="the rule of the protocol to leave out")


def pytest_configure(config: pytest.Config) -> None:
    """Take the shortcut for the whole run."""
    chosen = config.getoption("--shortcut")
    if chosen:
        patch = pytest.MonkeyPatch()
        SHORTCUTS[chosen](patch)
        config.add_cleanup(patch.undo)
