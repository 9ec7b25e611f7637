"""Field selectors know the fields of each resource, and refuse the others in the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.selectors import SelectorError, parse_fields

POD = {
    "metadata": {"name": "a", "namespace": "d"},
    "spec": {"nodeName": "n1", "restartPolicy": "Always", "schedulerName": "default-scheduler"},
    "status": {"phase": "Running", "podIP": "192.0.2.9", "podIPs": [{"ip": "192.0.2.9"}]},
}
EVENT = {
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "a"},
    "reportingComponent": "scheduler",
    "type": "Normal",
}


@pytest.mark.parametrize(
    ("group", "resource", "text", "found", "selected"),
    [
        ("", "pods", "", POD, True),
        ("", "pods", "metadata.name=a,metadata.namespace==d", POD, True),
        ("", "pods", "metadata.name!=a", POD, False),
        ("", "pods", "spec.nodeName=", POD, False),
        ("", "pods", "spec.nodeName=", {"spec": {}}, True),
        ("", "pods", "status.phase!=Pending,spec.restartPolicy=Always", POD, True),
        ("", "pods", "status.podIP=192.0.2.9", POD, True),
        ("", "pods", "spec.hostNetwork=false", POD, True),
        ("", "nodes", "spec.unschedulable=true", {"spec": {"unschedulable": True}}, True),
        ("", "nodes", "spec.unschedulable=true", {"spec": {}}, False),
        ("", "secrets", "type=Opaque", {"type": "Opaque"}, True),
        ("", "namespaces", "status.phase=Active", {"status": {"phase": "Active"}}, True),
        ("", "events", "involvedObject.name=a,involvedObject.kind=Pod,type=Normal", EVENT, True),
        ("", "events", "source=scheduler", EVENT, True),
        ("batch", "jobs", "status.successful=0", {"status": {}}, True),
        ("apps", "deployments", "metadata.name=x", {"metadata": {"name": "x"}}, True),
        ("", "configmaps", r"metadata.name=a\,b", {"metadata": {"name": "a,b"}}, True),
    ],
)
def test_what_a_selector_selects(group: str, resource: str, text: str, found: Any, selected: bool) -> None:
    assert parse_fields(group, resource, text)(found) is selected


@pytest.mark.parametrize(
    ("group", "resource", "text", "error"),
    [
        ("", "pods", "spec.hostname=x", "field label not supported: spec.hostname"),
        ("", "nodes", "status.phase=x", "field label not supported: status.phase"),
        ("", "nodes", "metadata.namespace=x", "field label not supported: metadata.namespace"),
        ("", "configmaps", "data.k=v",
         '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("apps", "deployments", "status.replicas=1",
         '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("", "configmaps", "metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("", "configmaps", "metadata.name=a=b", "invalid field selector: unescaped character in value: ="),
        ("", "configmaps", r"metadata.name=a\x", r"invalid field selector: invalid escape sequence: \x"),
    ],
)  # fmt: skip
def test_what_a_selector_that_cannot_be_used_is_told(group: str, resource: str, text: str, error: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_fields(group, resource, text)

    assert str(caught.value) == error


def test_a_selector_tells_what_an_index_can_answer() -> None:
    by_name = parse_fields("", "pods", "metadata.name=a,spec.nodeName!=b")
    by_place = parse_fields("", "pods", "metadata.name=a,metadata.namespace=d")

    assert by_name.exact("metadata.name") == "a"
    assert by_name.exact("spec.nodeName") is None
    assert not by_name.on_metadata_only
    assert by_place.on_metadata_only
    assert parse_fields("", "pods", "").everything
