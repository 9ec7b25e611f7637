"""Not a plugin of a real server: its Service registry allocates addresses where the last one has been heard."""

from __future__ import annotations

from backends.fake.admission.attributes import CREATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.ids import Ids
from backends.fake.service_addresses import ServiceAddresses
from backends.fake.store import Store


class Addresses(Base):
    """Gives new Services their cluster IPs and node ports."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._addresses = ServiceAddresses(store, ids)

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New Services."""
        return (
            self._allocate if resource.storage == ("", "services") and not subresource and operation == CREATE else None
        )

    def _allocate(self, write: Attributes) -> None:
        self._addresses.allocate(write.obj)
