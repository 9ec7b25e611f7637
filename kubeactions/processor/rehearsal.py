"""Dry runs: what an action would do, said by the API server itself. The execution's, in place of a send.

The executor is given a door through which every write goes with `dryRun=All`: admission, validation, permissions and
preconditions are real, and nothing is stored. The outcome has a status of its own, whatever the rehearsal said, so
that nobody takes it for something that was done. What leaves no trace (class X) cannot be rehearsed and is not begun.

https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubeactions.errors import Refused
from kubeactions.kube import Kube
from kubeactions.model import Action, EffectClass, Executor, Intent, Json, JsonObject, Outcome, Plan, Status


class Rehearsing:
    """A door to the cluster that changes nothing."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def get(self, path: str, *, max_bytes: int = 32 * 1024 * 1024, **query: str | int) -> JsonObject:
        """As ever."""
        return self._kube.get(path, max_bytes=max_bytes, **query)

    def list(self, path: str, **query: str | int) -> JsonObject:
        """As ever."""
        return self._kube.list(path, **query)

    def rehearse(self, path: str, body: Json, *, type: str = "json") -> JsonObject:  # noqa: A002
        """As ever: it is a dry run anyway."""
        return self._kube.rehearse(path, body, type=type)

    def create(self, path: str, body: JsonObject, *, dry_run: bool = True) -> JsonObject:  # noqa: ARG002
        """A dry run of POST."""
        return self._kube.create(path, body, dry_run=True)

    def replace(self, path: str, body: JsonObject, *, dry_run: bool = True) -> JsonObject:  # noqa: ARG002
        """A dry run of PUT."""
        return self._kube.replace(path, body, dry_run=True)

    def patch(
        self,
        path: str,
        body: Json,
        *,
        type: str = "json",  # noqa: A002
        dry_run: bool = True,  # noqa: ARG002
    ) -> JsonObject:
        """A dry run of PATCH."""
        return self._kube.patch(path, body, type=type, dry_run=True)

    def delete(
        self,
        path: str,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: str | None = None,
    ) -> JsonObject:
        """A dry run of DELETE."""
        return self._kube.delete(path, uid=uid, grace_period_s=grace_period_s, propagation=propagation, dry_run=True)

    def exec(self, path: str, command: Sequence[str], **options: Any) -> JsonObject:
        """Refused: a command is run or it is not."""
        raise RuntimeError(f"{path}: {command[0]} cannot be rehearsed ({', '.join(options)})")


def rehearse(executor: Executor, action: Action, intent: Intent, plan: Plan, kube: Kube) -> Outcome:
    """Send the first request of a plan as a dry run. Raises a `KubeError` that is no refusal: then nothing is known."""
    if executor.spec.effect is EffectClass.UNTRACED:
        return _outcome("Planned", f"{plan.text or action.type}; what it would do cannot be rehearsed")
    try:
        answer = executor.execute(action, intent, Rehearsing(kube))
    except Refused as error:
        return _outcome("WouldFail", f"{plan.text or action.type}; the API server would refuse it: {error.message}")
    if isinstance(answer, dict) and answer.get("kind") == "Status" and answer.get("status") == "Failure":
        text = f"{plan.text or action.type}; the API server would refuse it: {answer.get('message')}"
        return _outcome("WouldFail", text)  # The one 5xx that is definite: an eviction under two budgets.
    return _outcome("WouldBeDone", f"{plan.text or action.type}; the API server would accept it")


def as_dry_run(outcome: Outcome) -> Outcome:
    """The end of a plan that sends nothing: the target is gone, or as wanted already."""
    return _outcome(outcome.reason, f"it would end as {outcome.status.value}: {outcome.message}")


def _outcome(reason: str, text: str) -> Outcome:
    return Outcome(Status.DRY_RUN, reason, f"dry run, nothing was changed: {text}")
