"""The OpenAPI v3 documents tell kubectl what it asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from backends.fake.protobuf import wire
from tests.unit.backends.fake.door import Answer, Door

RECORDED = Path(__file__).parents[3] / "conformance" / "discovery" / "openapi_v3.json"
GNOSTIC = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
OPERATION = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


@pytest.fixture(scope="module")
def server() -> Door:
    return Door()


@pytest.fixture
def read(server: Door) -> Any:
    return lambda target: orjson.loads(server.send("GET", target).body)


def test_the_index_names_the_documents_of_a_real_server(read: Any) -> None:
    assert read("/openapi/v3")["paths"].keys() == json.loads(RECORDED.read_text())["body"]["paths"].keys()


def test_every_document_of_the_index_can_be_had_and_kept_by_its_hash(server: Door, read: Any) -> None:
    for entry in read("/openapi/v3")["paths"].values():
        answer = server.send("GET", entry["serverRelativeURL"])
        assert orjson.loads(answer.body)["openapi"] == "3.0.0"
        assert answer.headers["Cache-Control"] == "public, immutable"
        assert answer.headers["Etag"].strip('"') in entry["serverRelativeURL"]


def test_patch_and_post_take_field_validation(read: Any) -> None:
    paths = read("/openapi/v3/apis/apps/v1")["paths"]
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]

    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    for operation in (patch, paths["/apis/apps/v1/namespaces/{namespace}/deployments"]["post"]):
        assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]


def test_types_carry_merge_keys_and_refer_only_to_types_that_are_there(read: Any) -> None:
    document = read("/openapi/v3/api/v1")
    schemas = document["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]

    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"] == [
        {"group": "", "version": "v1", "kind": "Pod"}
    ]
    references = {part.split('"')[0] for part in orjson.dumps(document).decode().split('"$ref":"')[1:]}
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= schemas.keys()


def test_fields_are_described_as_the_real_server_describes_them(read: Any) -> None:
    spec = read("/openapi/v3/api/v1")["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]
    assert spec["restartPolicy"]["enum"] == ["Always", "Never", "OnFailure"]
    assert spec["restartPolicy"]["description"].endswith(
        'Possible enum values:\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`'
    )
    pod = read("/openapi/v3/api/v1")["components"]["schemas"]["io.k8s.api.core.v1.Pod"]["properties"]
    assert pod["spec"]["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSpec"}]
    assert pod["spec"]["default"] == {}


def test_an_old_hash_leads_to_the_present_one_and_who_has_the_document_is_told_so(server: Door) -> None:
    moved = server.send("GET", "/openapi/v3/apis/apps/v1?hash=OLD")
    assert (moved.status, moved.headers["Location"].partition("=")[0]) == (301, "/openapi/v3/apis/apps/v1?hash")
    found = server.send("GET", moved.headers["Location"])
    assert found.status == 200
    for target in ("/openapi/v3/apis/apps/v1", "/openapi/v2"):
        tag = server.send("GET", target).headers["Etag"]
        again = server.send("GET", target, if_none_match=tag)
        assert (again.status, again.body, again.headers["Etag"]) == (304, b"", tag)
        assert "Content-Type" not in again.headers


def test_unknown_documents_and_forms_are_refused(server: Door) -> None:
    missing = server.send("GET", "/openapi/v3/apis/none/v1")
    assert (missing.status, missing.body) == (404, b"")
    for target in ("/openapi/v2", "/openapi/v3/apis/apps/v1"):
        assert server.send("GET", target, accept="text/html").status == 406


def test_version_2_describes_every_kind_and_refers_only_to_what_is_there(server: Door) -> None:
    answer: Answer = server.ask("GET", "/openapi/v2")
    assert answer.headers["Vary"] == "Accept-Encoding, Accept"
    definitions = answer.body["definitions"]
    assert answer.body["swagger"] == "2.0"
    references = {part.split('"')[0] for part in orjson.dumps(answer.body).decode().split('"$ref":"')[1:]}
    assert {reference.removeprefix("#/definitions/") for reference in references} <= definitions.keys()
    metadata = definitions["io.k8s.api.core.v1.Pod"]["properties"]["metadata"]
    assert metadata["$ref"] == "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    assert "default" not in metadata
    assert OPERATION in answer.body["paths"]


def test_client_go_gets_version_2_as_protobuf(server: Door) -> None:
    answer = server.send("GET", "/openapi/v2", accept=GNOSTIC)
    assert answer.headers["Content-Type"] == GNOSTIC.replace("v2@v1", "v2.v1")
    document = dict(wire.fields(answer.body))
    assert document[1] == b"2.0"
    definitions = document[9]
    assert isinstance(definitions, bytes)
    named = [dict(wire.fields(value)) for _, value in wire.fields(definitions) if isinstance(value, bytes)]
    schemas = {name: value for entry in named for name, value in [(entry[1], entry[2])]}
    pod = schemas[b"io.k8s.api.core.v1.Pod"]
    assert isinstance(pod, bytes)
    assert {number for number, _ in wire.fields(pod)} == {4, 22, 25, 31}


def test_the_aggregated_discovery_has_the_real_servers_hash(server: Door) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    recording = json.loads((RECORDED.parents[1] / "recordings" / "discovery" / "paths.json").read_bytes())
    recorded = recording["steps"][13]["headers"]["Etag"]
    found = server.send("GET", "/apis", accept=accept)
    assert found.headers["Etag"] == recorded
    again = server.send("GET", "/apis", accept=accept, if_none_match=recorded)
    assert (again.status, again.body) == (304, b"")
    assert "Content-Type" not in again.headers
