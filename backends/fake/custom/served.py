"""`CustomResources`: follows the definitions in the store and keeps the cluster's catalogue in step.

Made once by each cluster. It listens inside of commits and writes nothing: what is served follows from what is stored,
at once, so a cluster that was loaded serves what it served before. What `lifecycle` writes comes back here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backends.fake.catalogue import Catalogue
from backends.fake.store import Store, StoreEvent
from backends.fake.strategies.extensions import CRDS, condition, is_whole

if TYPE_CHECKING:
    from backends.fake.custom.definition import Definition


class Served(NamedTuple):
    """A definition that has endpoints, and what its conditions say."""

    definition: Definition
    established: bool
    terminating: bool


class CustomResources:
    """The definitions of one cluster that are served, by name."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self.served: dict[str, Served] = {}
        for entry in store.list(*CRDS):
            self._take(entry.load())
        store.subscribe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        if event.key[:2] != CRDS:
            return
        if event.new is None:
            self._drop(event.key.name)
        else:
            self._take(event.new.load())

    def _take(self, crd: dict[str, Any]) -> None:
        name = crd["metadata"]["name"]
        established = condition(crd, "Established") == "True"
        accepted = established or condition(crd, "NamesAccepted") == "True"
        if not accepted or not is_whole(crd):
            self._drop(name)
            return
        from backends.fake.custom.definition import Definition  # only needed by a cluster that has one

        held, basis = self.served.get(name), _basis(crd)
        if held is not None and held.definition.basis == basis:
            definition = held.definition
        else:
            self._end(held)
            definition = Definition(crd, basis)
        now = Served(definition, established, condition(crd, "Terminating") == "True")
        if now != held:
            self.served[name] = now
            self._show()

    def _drop(self, name: str) -> None:
        held = self.served.pop(name, None)
        if held is not None:
            self._end(held)
            self._show()

    def _end(self, held: Served | None) -> None:
        """Whoever watches what is no more served in this way is told by the end of the watch."""
        if held is not None and held.definition.storage is not None:
            self._store.end_watches(held.definition.storage.storage)

    def _show(self) -> None:
        from backends.fake.custom.documents import documents_of

        found = [self.served[name] for name in sorted(self.served)]
        self._catalogue.serve(
            [resource for one in found for resource in one.definition.resources.values()],
            documents_of({one.definition: one.terminating for one in found if one.established}),
        )


def _basis(crd: Mapping[str, Any]) -> tuple[Any, Any]:
    """What decides how a definition is served."""
    return crd["spec"], (crd.get("status") or {}).get("acceptedNames")
