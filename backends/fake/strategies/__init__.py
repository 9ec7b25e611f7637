"""What differs by kind: one strategy a resource, found by `strategies.of(resource)`.

Strategies prepare objects before they are stored; they answer questions of the registry (does it have a generation?
may a PUT create it? what does DELETE answer?). They never read or write the store.
They mirror pkg/registry/*/strategy.go; what validates lives in `validation/`, what fills defaults in `schema`.
"""

from __future__ import annotations

from backends.fake.catalogue import Resource
from backends.fake.strategies.base import Strategy
from backends.fake.strategies.registered import STRATEGIES

_DEFAULT = Strategy()


def of(group: str, plural: str) -> Strategy:
    """The strategy of a resource; the generic one where it has none of its own."""
    return STRATEGIES.get((group, plural), _DEFAULT)


def of_resource(resource: Resource) -> Strategy:
    """The strategy of a resource, custom ones included."""
    return of(*resource.storage) if resource.custom is None else resource.custom.strategy


__all__ = ["Strategy", "of", "of_resource"]
