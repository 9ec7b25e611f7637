"""The dynamic client of the official library meets custom resources as it does on any cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kubernetes.client import ApiextensionsV1Api
from kubernetes.dynamic import DynamicClient

from backends.fake import FakeBackend
from tests.unit.backends.fake.custom.definitions import GROUP, definition, version, widget


def test_the_dynamic_client_finds_kinds_as_they_come(tmp_path: Path) -> None:
    with FakeBackend() as backend:
        client = backend.client()
        made: Any = definition(version("v1", subresources={"status": {}}))
        ApiextensionsV1Api(client).create_custom_resource_definition(made)
        dynamic = DynamicClient(client, cache_file=str(tmp_path / "cache"))
        widgets = dynamic.resources.get(api_version=f"{GROUP}/v1", kind="Widget")
        assert (widgets.name, widgets.namespaced) == ("widgets", True)
        widgets.create(body=widget(), namespace="default")
        done = widgets.status.patch(
            body={"status": {"phase": "Ready"}},
            name="w",
            namespace="default",
            content_type="application/merge-patch+json",
        )
        assert done.status.phase == "Ready"
        assert [one.metadata.name for one in widgets.get().items] == ["w"]
        widgets.delete(name="w", namespace="default")
        assert widgets.get(namespace="default").items == []
