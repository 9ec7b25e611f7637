"""The OpenAPI v3 documents tell kubectl what it asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from backends.fake import openapi
from backends.fake.statuses import ApiError

RECORDED = Path(__file__).parents[3] / "conformance" / "discovery" / "openapi_v3.json"


def read(path: str) -> Any:
    return orjson.loads(openapi.answer(path).body)


def test_the_index_names_the_documents_of_a_real_server() -> None:
    assert read("/openapi/v3")["paths"].keys() == json.loads(RECORDED.read_text())["body"]["paths"].keys()


def test_every_document_of_the_index_can_be_had() -> None:
    for entry in read("/openapi/v3")["paths"].values():
        assert read(entry["serverRelativeURL"].partition("?")[0])["openapi"] == "3.0.0"


def test_patch_and_post_take_field_validation() -> None:
    paths = read("/openapi/v3/apis/apps/v1")["paths"]
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]

    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    for operation in (patch, paths["/apis/apps/v1/namespaces/{namespace}/deployments"]["post"]):
        assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]


def test_types_carry_merge_keys_and_refer_only_to_types_that_are_there() -> None:
    document = read("/openapi/v3/api/v1")
    schemas = document["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]

    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"] == [
        {"group": "", "version": "v1", "kind": "Pod"}
    ]
    references = {part.split('"')[0] for part in orjson.dumps(document).decode().split('"$ref":"')[1:]}
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= schemas.keys()


def test_version_2_and_unknown_documents_are_refused() -> None:
    with pytest.raises(ApiError) as refused:
        openapi.answer("/openapi/v2")
    assert refused.value.code == 501
    missing = openapi.answer("/openapi/v3/apis/none/v1")
    assert (missing.status, missing.body) == (404, b"")
