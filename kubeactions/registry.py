"""Action type -> Executor. The only place where executors are found; agent and command line ask it once.

Built-in ones are the modules of the package `kubeactions.executors`, by their names: to add one is to add a file. Third
parties register one under the entry point group `kubeactions.executors`, named after the action type. What the entry
point names is an `Executor`, or as little as a function `execute(action, kube) -> Outcome`: that is then class X, at
most once, `unknown` when in doubt. A function may carry a `spec` attribute (a `Spec` of class X) to have kinds and
parameters checked; without one it takes any kind and no parameters. A built-in name cannot be taken.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, cast

from kubeactions.errors import UserError
from kubeactions.model import (
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Evidence,
    Executor,
    Intent,
    Json,
    Outcome,
    Plan,
    Reader,
    Seen,
    Spec,
    Status,
    Verdict,
)
from kubeactions.plugins import entries

GROUP = "kubeactions.executors"
"""Entry point group of third parties' executors."""
PACKAGE = "kubeactions.executors"
"""The package whose modules are the built-in ones."""


class UntracedExecutor:
    """Class X around a plain function: an intent before it, and never a second run."""

    def __init__(self, action_type: str, run: Callable[[Action, Cluster], Outcome], spec: Spec | None = None) -> None:
        self.spec = spec or Spec(
            type=action_type,
            effect=EffectClass.UNTRACED,
            summary=(run.__doc__ or f"{action_type}, by {getattr(run, '__module__', '?')}").strip().splitlines()[0],
            kinds={},
            namespaced=None,
        )
        self._run = run
        if self.spec.type != action_type or self.spec.effect is not EffectClass.UNTRACED:
            raise UserError(
                f"executor {action_type!r}: its spec must say type {action_type!r} and effect X, not "
                f"{self.spec.type!r} and {self.spec.effect}"
            )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:  # noqa: ARG002
        """There is nothing to see: that is what class X means."""
        return Seen(None)

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:  # noqa: ARG002
        """Run it, once."""
        return Plan(uid=action.target.uid, text=f"run {self.spec.type} on {action.target}")

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:  # noqa: ARG002
        """The function's own outcome is the answer."""
        outcome = self._run(action, kube)
        if not isinstance(outcome, Outcome):
            raise TypeError(f"executor {self.spec.type!r} returned {type(outcome).__name__} and not an Outcome")
        return outcome

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """What it said, or `unknown`: it is never run again."""
        if isinstance(evidence.answer, Outcome):
            return Verdict.settle(evidence.answer)
        text = f"{self.spec.type} on {action.target} was begun and not seen to end; it is never run twice"
        return Verdict.settle(Outcome(Status.UNKNOWN, "NotSeenToEnd", text))


def load() -> dict[str, Executor]:
    """Every executor by action type. Raises `UserError`, one line, for a third party's that cannot be had."""
    found = built_in()
    for entry in entries(GROUP):
        if entry.name in found:
            raise UserError(f"{GROUP}: {entry.value} claims the action type {entry.name!r}, which exists already")
        try:
            thing = entry.load()
        except Exception as error:
            raise UserError(f"{GROUP}: cannot load {entry.value}: {type(error).__name__}: {error}") from error
        found[entry.name] = adapt(entry.name, thing)
    return found


def specs(executors: Mapping[str, Executor]) -> dict[str, Spec]:
    """What each action type says of itself."""
    return {name: executor.spec for name, executor in executors.items()}


def adapt(action_type: str, thing: Any) -> Executor:
    """What an entry point named, as an `Executor`. Raises `UserError` when it is none."""
    if isinstance(thing, type):
        thing = thing()
    if all(callable(getattr(thing, name, None)) for name in ("look", "plan", "execute", "verdict")):
        if not isinstance(getattr(thing, "spec", None), Spec) or thing.spec.type != action_type:
            raise UserError(f"executor {action_type!r}: it needs a `spec` of that type")
        return cast(Executor, thing)
    run = thing if callable(thing) else getattr(thing, "execute", None)
    if not callable(run):
        raise UserError(f"executor {action_type!r}: a function execute(action, kube) -> Outcome is expected")
    return UntracedExecutor(action_type, run, getattr(thing, "spec", None))


def built_in() -> dict[str, Executor]:
    """Those of this package, without third parties'."""
    package = importlib.import_module(PACKAGE)
    found: dict[str, Executor] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_"):
            continue
        executor: Executor = importlib.import_module(f"{PACKAGE}.{module.name}").EXECUTOR
        if executor.spec.type != module.name:
            raise RuntimeError(f"{PACKAGE}.{module.name} executes {executor.spec.type}: one type, one file of its name")
        found[module.name] = executor
    return found
