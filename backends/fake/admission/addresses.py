"""Not a plugin of a real server: its Service registry allocates addresses where the last one has been heard."""

from __future__ import annotations

from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.ids import Ids
from backends.fake.service_addresses import ServiceAddresses
from backends.fake.store import Store


class Addresses(Base):
    """Gives Services their cluster IPs and node ports."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._addresses = ServiceAddresses(store, ids)

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New and changed Services."""
        if resource.storage != ("", "services") or subresource:
            return None
        return {CREATE: self._allocate, UPDATE: self._update}.get(operation)

    def _allocate(self, write: Attributes) -> None:
        self._addresses.allocate(write.obj)

    def _update(self, write: Attributes) -> None:
        assert write.old is not None, "an update has an old object"
        self._addresses.update(write.obj, write.old)
