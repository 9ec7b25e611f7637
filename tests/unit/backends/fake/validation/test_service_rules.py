"""Services, as the whole server takes them: which are refused with which words, and what an update carries over.

Expectations from pkg/apis/core/validation (ValidateService) and pkg/registry/core/service.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import MERGE, Answer, Door

SERVICES = "/api/v1/namespaces/default/services"
P = [{"port": 80}]
BALANCED = "Forbidden: may only be used when `type` is 'LoadBalancer'"
NO_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"ports": [{"port": 80, "nodePort": 30000}]}, "spec.ports[0].nodePort",
     "Forbidden: may not be used when `type` is 'ClusterIP'"),
    ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}, "spec.ports[0].nodePort",
     "Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"),
    ({"type": "NodePort", "ports": [{"port": 1, "name": "a", "nodePort": 30001},
                                    {"port": 2, "name": "b", "nodePort": 30001}]}, "spec.ports[1].nodePort",
     "Duplicate value: 30001"),
    ({"clusterIP": "foo", "ports": P}, "spec.clusterIPs[0]", f'Invalid value: "foo": {NO_IP}'),
    ({"clusterIP": "1.2.3.4", "ports": P}, "spec.clusterIPs",
     ('Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: '
     "the provided network does not match the current range")),
    ({"clusterIP": "10.96.255.255", "ports": P}, "spec.clusterIPs",
     ('Invalid value: ["10.96.255.255"]: failed to allocate IP 10.96.255.255: '
     "the provided network does not match the current range")),
    ({"clusterIPs": ["10.96.0.9"], "ports": P}, "spec.clusterIPs",
     'Invalid value: ["10.96.0.9"]: must be empty when `clusterIP` is not specified'),
    ({"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.8"], "ports": P}, "spec.clusterIPs",
     'Invalid value: ["10.96.0.8"]: first value must match `clusterIP`'),
    ({"type": "ExternalName", "externalName": "a.b", "clusterIP": "10.96.0.5"}, "spec.clusterIPs",
     "Forbidden: may not be set for ExternalName services"),
    ({"clusterIP": "None", "type": "NodePort", "ports": P}, "spec.clusterIPs[0]",
     "Invalid value: \"None\": may not be set to 'None' for NodePort services"),
    ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}, "ports": P},
     "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
     "Invalid value: 0: must be greater than 0 and less than 86400"),
    ({"externalIPs": ["foo"], "ports": P}, "spec.externalIPs[0]", f'Invalid value: "foo": {NO_IP}'),
    ({"externalIPs": ["127.0.0.1"], "ports": P}, "spec.externalIPs[0]",
     'Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'),
    ({"externalTrafficPolicy": "Local", "ports": P}, "spec.externalTrafficPolicy",
     'Invalid value: "Local": may only be set for externally-accessible services'),
    ({"type": "LoadBalancer", "externalTrafficPolicy": "Bad", "ports": P}, "spec.externalTrafficPolicy",
     'Unsupported value: "Bad": supported values: "Cluster", "Local"'),
    ({"internalTrafficPolicy": "Bad", "ports": P}, "spec.internalTrafficPolicy",
     'Unsupported value: "Bad": supported values: "Cluster", "Local"'),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["foo"], "ports": P}, "spec.LoadBalancerSourceRanges[0]",
     'Invalid value: "foo": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
    ({"loadBalancerSourceRanges": ["10.0.0.0/8"], "ports": P}, "spec.LoadBalancerSourceRanges", BALANCED),
    ({"loadBalancerClass": "a", "ports": P}, "spec.loadBalancerClass", BALANCED),
    ({"allocateLoadBalancerNodePorts": True, "ports": P}, "spec.allocateLoadBalancerNodePorts", BALANCED),
    ({"healthCheckNodePort": 30000, "ports": P}, "spec.healthCheckNodePort",
     "Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
    ({"ipFamilies": ["IPv6"], "ports": P}, "spec.ipFamilies[0]",
     'Invalid value: "IPv6": not configured on this cluster'),
    ({"ipFamilies": ["IPv5"], "ports": P}, "spec.ipFamilies[0]",
     'Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'),
    ({"ipFamilyPolicy": "Foo", "ports": P}, "spec.ipFamilyPolicy",
     'Unsupported value: "Foo": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"'),
    ({"ipFamilyPolicy": "RequireDualStack", "ports": P}, "spec.ipFamilyPolicy",
     'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'),
    ({"trafficDistribution": "Foo", "ports": P}, "spec.trafficDistribution",
     'Unsupported value: "Foo": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"'),
]  # fmt: skip


def made(door: Door, name: str, spec: dict[str, Any]) -> Any:
    return door.made(SERVICES, {"metadata": {"name": name}, "spec": spec})["spec"]


def changed(door: Door, name: str, **spec: Any) -> Answer:
    return door.ask("PATCH", f"{SERVICES}/{name}", {"spec": spec}, content_type=MERGE)


def test_what_is_wrong_with_a_service_is_said_in_the_real_servers_words(door: Door) -> None:
    for spec, field, message in REFUSED:
        answer = door.post(f"{SERVICES}?dryRun=All", {"metadata": {"name": "s"}, "spec": spec})
        causes = [(cause["field"], cause["message"]) for cause in answer.body["details"]["causes"]]
        assert (answer.code, causes) == (422, [(field, message)]), spec


def test_a_headless_service_without_a_selector_has_both_families(door: Door) -> None:
    spec = made(door, "h", {"clusterIP": "None"})
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])
    selecting = made(door, "s", {"clusterIP": "None", "selector": {"a": "b"}})
    assert (selecting["ipFamilyPolicy"], selecting["ipFamilies"]) == ("SingleStack", ["IPv4"])


def test_an_update_need_not_repeat_what_was_allocated(door: Door) -> None:
    spec = made(door, "np", {"type": "NodePort", "ports": P})
    for body in ({"type": "NodePort", "ports": P}, {"type": "NodePort", "ports": [{"port": 81}], "clusterIP": ""}):
        put = door.put(f"{SERVICES}/np", {"metadata": {"name": "np"}, "spec": body})
        assert put.code == 200
        assert put.body["spec"]["clusterIPs"] == spec["clusterIPs"]
        assert put.body["spec"]["ports"][0]["nodePort"] == spec["ports"][0]["nodePort"]


def test_the_cluster_ip_may_not_change(door: Door) -> None:
    made(door, "s", {"ports": P})
    answer = changed(door, "s", clusterIP="10.96.0.78")
    (cause,) = answer.body["details"]["causes"]
    assert cause["field"] == "spec.clusterIPs[0]"
    assert cause["message"] == 'Invalid value: ["10.96.0.78"]: may not change once set'


def test_another_type_drops_what_it_has_no_use_for(door: Door) -> None:
    made(door, "s", {"type": "LoadBalancer", "ports": P, "externalTrafficPolicy": "Local", "loadBalancerClass": "a/b"})
    plain = changed(door, "s", type="ClusterIP").body["spec"]
    gone = {"allocateLoadBalancerNodePorts", "externalTrafficPolicy", "healthCheckNodePort", "loadBalancerClass"}
    assert gone.isdisjoint(plain)
    assert "nodePort" not in plain["ports"][0]
    named = changed(door, "s", type="ExternalName", externalName="x.y").body["spec"]
    assert {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}.isdisjoint(named)
    assert changed(door, "s", type="ClusterIP", externalName=None).body["spec"]["clusterIPs"]


def test_a_local_load_balancer_gets_a_health_check_that_stays(door: Door) -> None:
    spec = made(door, "s", {"type": "LoadBalancer", "ports": P, "externalTrafficPolicy": "Local"})
    refused = changed(door, "s", healthCheckNodePort=spec["healthCheckNodePort"] - 1)
    assert refused.body["details"]["causes"][0]["message"] == "Forbidden: field is immutable"


@pytest.mark.parametrize(
    ("kind", "entry", "message"),
    [
        ("ClusterIP", {"ip": "1.2.3.4"}, BALANCED),
        ("LoadBalancer", {"ip": "x"}, f'Invalid value: "x": {NO_IP}'),
        ("LoadBalancer", {"hostname": "1.2.3.4"}, 'Invalid value: "1.2.3.4": must be a DNS name, not an IP address'),
    ],
)
def test_a_status_names_addresses_of_a_load_balancer(door: Door, kind: str, entry: Any, message: str) -> None:
    made(door, "s", {"type": kind, "ports": P})
    body = {"status": {"loadBalancer": {"ingress": [entry]}}}
    answer = door.ask("PATCH", f"{SERVICES}/s/status", body, content_type=MERGE)
    assert answer.body["details"]["causes"][0]["message"] == message
