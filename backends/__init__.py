"""Where it runs. Everything here knows Kubernetes and nothing of actions.

`open(name)` gives a `Backend` by its name: `fake` is an API server in memory, `envtest` a real one without machines,
`kind` a whole cluster in a container, `live` one that exists. Others register one under the entry point group
`kubeactions.backends`; only the one that is asked for is imported.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from backends.base import Backend, BackendError, UnknownBackendError

__all__ = ["Backend", "BackendError", "UnknownBackendError", "names", "open"]

GROUP = "kubeactions.backends"
_BUILT_IN = {
    "envtest": "backends.envtest:EnvtestBackend",
    "fake": "backends.fake:FakeBackend",
    "kind": "backends.kind:KindBackend",
    "live": "backends.live:LiveBackend",
}
"""Also entry points of this distribution; here so that a tree that was never installed works too."""


def names() -> dict[str, str]:
    """Every backend's name with its import string; raises `BackendError` when two packages claim one name."""
    found = dict(_BUILT_IN)
    for entry in entry_points(group=GROUP):
        if found.setdefault(entry.name, entry.value) != entry.value:
            raise BackendError(f"both {found[entry.name]} and {entry.value} claim the backend name {entry.name!r}")
    return found


def open(name: str, **options: Any) -> Backend:  # noqa: A001  `backends.open` reads as what it does.
    """Make the backend called `name`; use it with `with`. `options` are those of its class.

    Raises `BackendError`, one line: no such backend (`UnknownBackendError`), it cannot be imported, or it has no such
    option.
    """
    factory = _load(name)
    known = inspect.signature(factory).parameters
    unknown = [option for option in options if option not in known]
    if unknown:
        raise BackendError(f"backend {name} has no option {unknown[0]!r}; it has: {', '.join(known) or 'none'}")
    backend = factory(**options)
    assert isinstance(backend, Backend), f"{name} is no Backend: see backends/base.py"
    return backend


def _load(name: str) -> Callable[..., Any]:
    known = names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
        raise UnknownBackendError(f"unknown backend {name!r}; {hint}")
    module_name, _, attribute = known[name].partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise BackendError(f"backend {name} cannot be imported: {error}") from error
    return found
