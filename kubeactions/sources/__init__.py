"""Where configs come from: one source a file; others register one under the entry point group `kubeactions.sources`.

Who belongs here: code that reads configs, whole, from one kind of place, and can be told what became of each. It knows
ids, versions and bytes; it does not know actions. The agent calls `open_all` once; the processor pulls and acks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from kubeactions.model import Source
from kubeactions.plugins import load
from kubeactions.settings import Limits, Plug

GROUP = "kubeactions.sources"
BUILT_IN = {"directory": "kubeactions.sources.directory:open_directory"}

Factory: TypeAlias = Callable[[Mapping[str, Any], Limits], Source]
"""What an entry point names: options from the settings in, a source out; raises `SourceError` or `SettingsError`."""


def open_all(plugs: Sequence[Plug], limits: Limits) -> tuple[Source, ...]:
    """Open every source of the settings, in their order; raises `UserError` for the first that cannot be had."""
    found: list[Source] = []
    for plug in plugs:
        factory: Factory = load(GROUP, plug.type, BUILT_IN)
        found.append(factory(plug.options, limits))
    return tuple(found)
