"""Admission, and the addresses of Services."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake import admission
from backends.fake.authorization import AlwaysAllow
from backends.fake.catalogue import Catalogue
from tests.unit.backends.fake.door import PODS, Door, pod

SERVICES = "/api/v1/namespaces/default/services"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


def service(name: str = "s", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def with_accounts(door: Door) -> Door:
    """The same cluster with the ServiceAccount plugin on."""
    cluster = door.cluster
    around = admission.Surroundings(
        cluster.store, cluster.catalogue, cluster.time, cluster.ids, cluster.callouts, admission.Services({}),
        AlwaysAllow(),
    )  # fmt: skip
    cluster.registry.admission = admission.plugins(around, service_accounts=True)
    return door


def test_nothing_is_created_in_a_namespace_that_is_not_there(door: Door) -> None:
    refused = door.post("/api/v1/namespaces/none/pods", pod())
    assert (refused.code, refused.body["details"]) == (404, {"name": "none", "kind": "namespaces"})


def test_a_pod_needs_a_service_account_that_exists(door: Door) -> None:
    refused = with_accounts(door).post(PODS, pod())
    assert refused.code == 403
    assert refused.body["message"].endswith('serviceaccount "default" not found')


def test_a_pod_gets_the_token_of_its_account(door: Door) -> None:
    with_accounts(door).made(ACCOUNTS, {"metadata": {"name": "default"}})
    spec = door.made(PODS, pod())["spec"]
    assert spec["serviceAccountName"] == "default"
    volume = spec["volumes"][0]["name"]
    assert volume.startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"][0]["name"] == volume


def test_an_account_may_keep_its_token_to_itself(door: Door) -> None:
    with_accounts(door).made(ACCOUNTS, {"metadata": {"name": "default"}, "automountServiceAccountToken": False})
    assert "volumes" not in door.made(PODS, pod())["spec"]


def test_a_pod_stays_five_minutes_on_a_node_that_is_away(door: Door) -> None:
    tolerations = door.made(PODS, pod())["spec"]["tolerations"]
    assert [one["key"].rpartition("/")[2] for one in tolerations] == ["not-ready", "unreachable"]
    own = pod("own")
    own["spec"] = {**own["spec"], "tolerations": [{"operator": "Exists"}]}
    assert door.made(PODS, own)["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_a_priority_comes_from_its_class_only(door: Door) -> None:
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    door.made(classes, {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"})
    high = pod()
    high["spec"] = {**high["spec"], "priorityClassName": "high"}
    spec = door.made(PODS, high)["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    high["spec"]["priorityClassName"] = "none"
    assert door.post(PODS, {**high, "metadata": {"name": "q"}}).code == 403
    high["spec"] = {**high["spec"], "priorityClassName": "high", "priority": 7}
    assert "must not be provided" in door.post(PODS, {**high, "metadata": {"name": "q"}}).body["message"]


def test_a_new_node_is_tainted_until_its_controller_has_looked(door: Door) -> None:
    ready = {"metadata": {"name": "up"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    taints = door.made("/api/v1/nodes", ready)["spec"]["taints"]
    assert taints == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def test_services_get_addresses_of_their_own(door: Door) -> None:
    found = {door.made(SERVICES, service(f"s{number}"))["spec"]["clusterIP"] for number in range(10)}
    assert len(found) == 10
    assert all(address.startswith("10.96.") for address in found)


def test_an_address_in_use_is_refused_and_none_is_none(door: Door) -> None:
    refused = door.post(SERVICES, service(clusterIP="10.96.0.1"))
    assert (refused.code, refused.body["details"]["causes"][0]["field"]) == (422, "spec.clusterIPs")
    assert door.made(SERVICES, service("headless", clusterIP="None"))["spec"]["clusterIP"] == "None"


def test_node_ports_differ(door: Door) -> None:
    made = [door.made(SERVICES, service(name, type="NodePort")) for name in ("a", "b")]
    ports = {one["spec"]["ports"][0]["nodePort"] for one in made}
    assert len(ports) == 2
    assert all(30000 <= port <= 32767 for port in ports)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_may_not_be_deleted(door: Door, name: str) -> None:
    assert door.delete(f"/api/v1/namespaces/{name}").body["reason"] == "Forbidden"


def test_every_namespaced_resource_asks_for_its_namespace(door: Door) -> None:
    for resource in Catalogue.load():
        if resource.namespaced and "get" in resource.verbs:
            path = f"/{'apis/' + resource.group if resource.group else 'api'}/{resource.version}/namespaces/none"
            assert door.post(f"{path}/{resource.plural}", {"metadata": {"name": "x"}}).code == 404, resource.plural


def test_an_external_name_needs_no_address(door: Door) -> None:
    made = door.made(
        SERVICES, {"metadata": {"name": "x"}, "spec": {"type": "ExternalName", "externalName": "a.example"}}
    )
    assert "clusterIP" not in made["spec"]


def test_a_node_port_that_is_asked_for_is_given(door: Door) -> None:
    spec = {"type": "NodePort", "ports": [{"name": "a", "port": 80, "nodePort": 30123}, {"name": "b", "port": 81}]}
    asked, drawn = (
        port["nodePort"] for port in door.made(SERVICES, {"metadata": {"name": "n"}, "spec": spec})["spec"]["ports"]
    )
    assert asked == 30123
    assert drawn != 30123


def test_what_is_no_service_spec_is_left_to_validation(door: Door) -> None:
    assert door.post(SERVICES, {"metadata": {"name": "n"}}).code == 422
