"""The documents of one cluster: the built-in ones, which all clusters share, and those of its custom resources.

Called by the package's door. What has custom resources in it is made when it is asked for, and forgotten when other
resources are served than before.
"""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake.catalogue import Catalogue, Resource
from backends.fake.custom.openapi import definitions_three, definitions_two
from backends.fake.openapi import documents, gnostic
from backends.fake.openapi.definitions import Definitions
from backends.fake.openapi.operations import paths

Node = dict[str, Any]


class Documents:
    """What a cluster describes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._kept: dict[str, bytes] = {}
        catalogue.on_change.append(self._kept.clear)

    def names(self) -> frozenset[str]:
        """The paths that version 3 has documents of."""
        return documents.names() | self._custom_names()

    def etag(self, name: str) -> str:
        """The hash of a document of version 3."""
        return documents.etag(name) if name in documents.names() else documents.digest(self.three(name))

    def index(self) -> bytes:
        """Which documents of version 3 there are."""
        return documents.index({name: self.etag(name) for name in self.names()})

    def three(self, name: str) -> bytes:
        """A document of version 3."""
        if name in documents.names():
            return documents.three(name)
        made = self._kept.get(name)
        if made is None:
            _, group, version = name.split("/")
            here = [one for one in self._custom() if (one.group, one.version) == (group, version)]
            types: Node = {}
            for resource in here:
                types |= definitions_three(resource)
            made = self._kept[name] = documents.three_of(name, group, version, here, types)
        return made

    def two_as_json(self) -> bytes:
        """The document of version 2."""
        return self._two("json") if self._custom() else documents.two_as_json()

    def two_as_protobuf(self) -> bytes:
        """The same in gnostic's protobuf."""
        return self._two("protobuf") if self._custom() else documents.two_as_protobuf()

    def _two(self, form: str) -> bytes:
        made = self._kept.get(f"2 {form}")
        if made is None:
            document = self._with_custom(documents.two())
            body = orjson.dumps(document) if form == "json" else gnostic.encode(document)
            made = self._kept[f"2 {form}"] = body
        return made

    def _with_custom(self, builtin: Node) -> Node:
        operations, types = dict(builtin["paths"]), dict(builtin["definitions"])
        for resource in self._custom():
            base = f"/apis/{resource.group}/{resource.version}"
            operations |= paths(base, [resource], Definitions(2), version=2)
            types |= definitions_two(resource)
        return {**builtin, "paths": operations, "definitions": types}

    def _custom(self) -> list[Resource]:
        return [resource for resource in self._catalogue if resource.custom is not None]

    def _custom_names(self) -> frozenset[str]:
        return frozenset(f"apis/{one.group}/{one.version}" for one in self._custom())
