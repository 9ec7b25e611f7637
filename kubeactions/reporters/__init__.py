"""Where results go: one destination a file; others register one under the entry point group `kubeactions.reporters`.

Who belongs here: code that hands settled actions to one kind of destination and returns only when that has them. Each
may be asked to deliver the same report again (a crash, a new leader) and sees to it that a repeat does no harm. It
decides nothing about actions. The agent calls `open_all` once; the processor delivers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from kubeactions.errors import SettingsError
from kubeactions.model import Cluster, Report, Reporter, Target
from kubeactions.plugins import load, nearest
from kubeactions.settings import Plug

GROUP = "kubeactions.reporters"
BUILT_IN = {
    "log": "kubeactions.reporters.log:open_log",
    "kubernetes": "kubeactions.reporters.kubernetes:open_kubernetes",
    "jsonl": "kubeactions.reporters.jsonl:open_jsonl",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a reporter may use of the agent."""

    kube: Cluster
    ledger: Target
    """The ledger's ConfigMap: what an Event is about when a config held no action."""
    cluster_name: str = ""


Factory: TypeAlias = Callable[[Mapping[str, Any], Surroundings], Reporter]
"""What an entry point names: options from the settings in, a reporter out; raises `SettingsError`."""


def open_all(plugs: Sequence[Plug], surroundings: Surroundings) -> tuple[Reporter, ...]:
    """Open every reporter of the settings, in their order; raises `UserError` for the first that cannot be had."""
    found: list[Reporter] = []
    for plug in plugs:
        factory: Factory = load(GROUP, plug.type, BUILT_IN)
        reporter = factory(plug.options, surroundings)
        if reporter.name in {other.name for other in found}:
            raise SettingsError(f"reporter {reporter.name!r} is configured twice")
        found.append(reporter)
    return tuple(found)


def refuse_options(reporter: str, options: Mapping[str, Any], known: Sequence[str] = ()) -> None:
    """Raise `SettingsError` for an option that `reporter` does not know."""
    for name in options:
        if name not in known:
            hint = nearest(str(name), known) if known else "; it has none"
            raise SettingsError(f"reporter {reporter}: unknown option {name!r}{hint}")


def summary(report: Report) -> str:
    """One line for people: what was ordered, how it ended, and which order it was."""
    outcome = report.outcome
    what = f"{report.action.type} {report.action.target}" if report.action is not None else "config"
    inferred = ", inferred" if outcome.inferred else ""
    text = " ".join(outcome.message.split())
    return f"{what}: {outcome.status} ({outcome.reason}{inferred}): {text} [{report.key}]"
