"""What a client gets instead of an object: rows of a Table, or metadata alone.

From k8s.io/apiserver pkg/endpoints/handlers/response.go (transformResponseObject) and the watch's use of it. A Status
stays a Status. Called by the server with each answer, and by `streaming` with each event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from backends.fake import statuses
from backends.fake.catalogue import Resource
from backends.fake.negotiation import Form
from backends.fake.printing.columns import columns_of
from backends.fake.printing.rows import in_order, row_of

Obj = dict[str, Any]

_INCLUDES = ("", "Metadata", "Object", "None")
# The server's message shows the Go type, whose package is called as the first part of the group.
_PACKAGES = {"": "core", "events.k8s.io": "core"}


class Representation:
    """One answer, or one watch, in another form. `now` is asked for each row, since a watch lasts."""

    def __init__(self, form: Form, resource: Resource, query: Mapping[str, str], now: Callable[[], datetime]) -> None:
        """`query` may say how much of an object goes along with its row. Raises `ApiError` 400."""
        self._form = form
        self._resource = resource
        self._now = now
        self._include = query.get("includeObject", "")
        self._headed = False
        if form.kind == "Table" and self._include not in _INCLUDES:
            text = f"includeObject: Invalid value: \"{self._include}\": must be 'Metadata', 'Object', 'None', or empty"
            raise statuses.bad_request(f"Unable to convert to Table as requested: {text}")

    def of(self, body: bytes) -> bytes:
        """The body of an answer in this form. Raises `ApiError` 406 where an object is asked for as a list."""
        obj: Obj = orjson.loads(body)
        if obj.get("kind") == "Status" and obj.get("apiVersion") == "v1":
            return body
        return orjson.dumps(self._shown(obj))

    def event(self, obj: Obj) -> Obj:
        """The object of an event in this form. A watch of Tables tells the columns once, with its first event."""
        shown = self._shown(obj)
        if self._form.kind == "Table":
            if self._headed:
                shown["columnDefinitions"] = None
            self._headed = True
        return shown

    def _shown(self, obj: Obj) -> Obj:
        is_list = "items" in obj and obj["kind"] == self._resource.list_kind
        if is_list and obj["metadata"].get("continue") == "":
            del obj["metadata"]["continue"]  # Only lists of custom resources write an empty one.
        if self._form.kind == "Table":
            return self._table(obj, is_list=is_list)
        if self._form.kind == "PartialObjectMetadata":
            if is_list:
                raise self._unfit("PartialObjectMetadata", "a list", f"{self._resource.kind}List")
            return self._partial(obj)
        if not is_list:
            raise self._unfit("PartialObjectMetadataList", "not a list", obj["kind"])
        head = {"kind": "PartialObjectMetadataList", "apiVersion": self._form.api_version}
        return {**head, "metadata": obj["metadata"], "items": [self._partial(item) for item in obj["items"]]}

    def _table(self, obj: Obj, *, is_list: bool) -> Obj:
        scaled, custom = obj["kind"] == "Scale", self._resource.custom
        resource = "scale" if scaled else "/".join(self._resource.storage)
        objs = in_order(resource, obj["items"]) if is_list else [obj]
        now = self._now()
        metadata = obj["metadata"] if is_list else {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return {
            "kind": "Table",
            "apiVersion": self._form.api_version,
            "metadata": metadata,
            "columnDefinitions": columns_of(resource) if custom is None or scaled else custom.columns.definitions(),
            "rows": [self._row(resource, one, now) for one in objs],
        }

    def _row(self, resource: str, obj: Obj, now: datetime) -> Obj:
        whole = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, **obj}
        named = {**whole, "metadata": {"name": "", **obj["metadata"]}}  # A bookmark has no name.
        custom = self._resource.custom
        if custom is None or resource == "scale":
            row = row_of(resource, named, now)
        else:
            row = {"cells": custom.columns.cells(named, now)}
        row["object"] = None
        if self._include == "Object":
            row["object"] = whole
        elif self._include != "None":
            row["object"] = self._partial(obj)
        return row

    def _partial(self, obj: Obj) -> Obj:
        return {"kind": "PartialObjectMetadata", "apiVersion": self._form.api_version, "metadata": obj["metadata"]}

    def _unfit(self, asked: str, what: str, kind: str) -> statuses.ApiError:
        if kind == "Scale":
            go = "autoscaling.Scale"
        elif self._resource.custom is not None:
            go = "unstructured.UnstructuredList" if kind.endswith("List") else "unstructured.Unstructured"
        else:
            go = f"{_PACKAGES.get(self._resource.group, self._resource.group.partition('.')[0])}.{kind}"
        text = f"you requested {asked}, but the requested object is {what} (*{go})"
        return statuses.ApiError(406, "NotAcceptable", text)
