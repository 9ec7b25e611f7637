"""What volume drivers bring, and where Services have addresses from: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import Door

STORAGE, NETWORK = "/apis/storage.k8s.io/v1", "/apis/networking.k8s.io/v1"
CAPACITIES = f"{STORAGE}/namespaces/default/csistoragecapacities"
SHAPE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
PARENT = {"resource": "services", "name": "x", "namespace": "default"}
ATTACHMENT = {"spec": {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "p"}}}
NODE = {"spec": {"drivers": [{"name": "d", "nodeID": "x", "topologyKeys": ["a"]}]}}

REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    (f"{STORAGE}/csidrivers", {"spec": {"fsGroupPolicy": "X", "volumeLifecycleModes": ["Y"], "tokenRequests": [
        {"audience": "a", "expirationSeconds": 5}, {"audience": "a"},
        {"audience": "b", "expirationSeconds": 1 << 33}]}},
     ['spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      ("spec.tokenRequests[2].expirationSeconds: Invalid value: 8589934592: "
       "may not specify a duration larger than 2^32 seconds"),
      'spec.volumeLifecycleModes: Unsupported value: "Y": supported values: "Persistent", "Ephemeral"']),
    (f"{STORAGE}/csinodes", {"spec": {"drivers": [
        {"name": "d_", "nodeID": "", "topologyKeys": ["a", "a"], "allocatable": {"count": -1}},
        {"name": "e" * 64, "nodeID": "x" * 193, "topologyKeys": None}, {"name": "d_", "nodeID": "1"}]}},
     [f'spec.drivers[0].name: Invalid value: "d_": {SHAPE}', "spec.drivers[0].nodeID: Required value",
      "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
      'spec.drivers[0]: Duplicate value: "a"', "spec.drivers[1].name: Too long: may not be more than 63 bytes",
      f'spec.drivers[1].nodeID: Invalid value: "{"x" * 193}": must be 192 characters or less',
      f'spec.drivers[2].name: Invalid value: "d_": {SHAPE}', 'spec.drivers[2].name: Duplicate value: "d_"']),
    (CAPACITIES, {"storageClassName": "D", "capacity": "-1Gi"},
     [f'storageClassName: Invalid value: "D": {SHAPE}',
      'capacity: Invalid value: "-1Gi": must be greater than or equal to 0']),
    (f"{STORAGE}/volumeattachments", {"spec": {"attacher": "", "nodeName": "n", "source": {}}},
     ["spec.attacher: Required value", f"spec.source: Required value: {ONE_SOURCE}", "spec.attacher: Required value",
      f'spec.attacher: Invalid value: "": {SHAPE}']),
    (f"{STORAGE}/volumeattachments", {"spec": {"attacher": "a", "nodeName": "n", "source": {
        "persistentVolumeName": "p", "inlineVolumeSpec": {}}}}, [f"spec.source: Forbidden: {ONE_SOURCE}"]),
    (f"{STORAGE}/volumeattachments", {"spec": {"attacher": "a", "nodeName": "N", "source": {
        "persistentVolumeName": ""}}},
     ["spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName",
      f'spec.nodeName: Invalid value: "N": {SHAPE}',
      f'spec.source.persistentVolumeName: Invalid value: "": {SHAPE}']),
    (f"{STORAGE}/volumeattributesclasses", {"driverName": ""},
     ["driverName: Required value", "parameters: Required value: must contain at least one key/value pair"]),
    (f"{STORAGE}/storageclasses", {"provisioner": "", "parameters": {"": "x"}},
     ["provisioner: Required value", 'parameters: Invalid value: "": field can not be empty.']),
    (f"{STORAGE}/storageclasses", {"provisioner": "X/", "parameters": {f"{n}": "" for n in range(513)}},
     ['provisioner: Invalid value: "x/": name part must be non-empty',
      ("provisioner: Invalid value: \"x/\": name part must consist of alphanumeric characters, '-', '_' or '.', and "
       "must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
       "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"),
      "parameters: Too long: may not be more than 512 bytes"]),
    (f"{STORAGE}/storageclasses", {"provisioner": "x", "parameters": {"a": "x" * 262144}},
     ["parameters: Too long: may not be more than 262144 bytes"]),
    (f"{NETWORK}/servicecidrs", {"spec": {}}, ["spec.cidrs: Required value: at least one CIDR required"]),
    (f"{NETWORK}/servicecidrs", {"spec": {"cidrs": ["1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8"]}},
     ['spec.cidrs: Invalid value: {"CIDRs":["1.0.0.0/8","2.0.0.0/8","3.0.0.0/8"]}: may only hold up to 2 values']),
    (f"{NETWORK}/servicecidrs", {"spec": {"cidrs": ["1.0.0.0/8", "x"]}},
     ['spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']),
    (f"{NETWORK}/servicecidrs", {"spec": {"cidrs": ["1.0.0.0/8", "2.0.0.0/8"]}},
     [('spec.cidrs: Invalid value: ["1.0.0.0/8","2.0.0.0/8"]: may specify no more than one IP for each IP family, '
       "i.e 192.168.0.0/24 and 2001:db8::/64")]),
    (f"{NETWORK}/ipaddresses", {"metadata": {"name": "foo"}, "spec": {}},
     ['metadata.name: Invalid value: "foo": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      "spec.parentRef: Required value"]),
    (f"{NETWORK}/ipaddresses", {"metadata": {"name": "2001:DB8::1"}, "spec": {"parentRef": {"group": "A"}}},
     ['metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
      f'spec.parentRef.group: Invalid value: "A": {SHAPE}', "spec.parentRef.resource: Required value",
      "spec.parentRef.name: Required value"]),
    (f"{NETWORK}/ipaddresses", {"metadata": {"name": "::ffff:1.2.3.4"},
                                "spec": {"parentRef": {**PARENT, "name": ".."}}},
     ['metadata.name: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
      "spec.parentRef.name: Invalid value: \"..\": may not be '..'"]),
]  # fmt: skip

KEPT: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    (f"{STORAGE}/csidrivers", {"spec": {}}, {"spec": {"attachRequired": False, "volumeLifecycleModes": ["Ephemeral"]}},
     ["spec.attachedRequired: Invalid value: false: field is immutable",
      'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable']),
    (f"{STORAGE}/csidrivers", {"spec": {}}, {"spec": {"fsGroupPolicy": "X"}},
     2 * ['spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"']),
    (f"{STORAGE}/csinodes", NODE, {"spec": {"drivers": [{"name": "d", "nodeID": "y", "allocatable": {"count": 1}}]}},
     [('spec.drivers: Invalid value: {"Name":"d","NodeID":"y","TopologyKeys":null,"Allocatable":{"Count":1}}: '
       "field is immutable")]),
    (CAPACITIES, {"storageClassName": "a"}, {"storageClassName": "b", "nodeTopology": {"matchLabels": {"a": "b"}}},
     ['nodeTopology: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
      'storageClassName: Invalid value: "b": field is immutable']),
    (f"{STORAGE}/volumeattachments", ATTACHMENT, {"spec": {"nodeName": "o"}},
     [('spec: Invalid value: {"Attacher":"a","Source":{"PersistentVolumeName":"p","InlineVolumeSpec":null},'
       '"NodeName":"o"}: field is immutable')]),
    (f"{STORAGE}/volumeattributesclasses", {"driverName": "a", "parameters": {"a": "b"}},
     {"driverName": "b", "parameters": {"a": "c"}},
     ["driverName: Forbidden: updates to driverName are forbidden.",
      "parameters: Forbidden: updates to parameters are forbidden."]),
    (f"{NETWORK}/servicecidrs", {"spec": {"cidrs": ["1.0.0.0/8"]}}, {"spec": {"cidrs": ["2.0.0.0/8"]}},
     ['spec.cidrs[0]: Invalid value: "2.0.0.0/8": field is immutable']),
    (f"{NETWORK}/servicecidrs", {"spec": {"cidrs": ["1.0.0.0/8", "2001:db8::/64"]}}, {"spec": {"cidrs": ["1.0.0.0/8"]}},
     ['spec.cidrs: Invalid value: ["1.0.0.0/8"]: field is immutable']),
    (f"{NETWORK}/ipaddresses", {"metadata": {"name": "10.96.7.7"}, "spec": {"parentRef": PARENT}},
     {"spec": {"parentRef": {"name": "y"}}},
     [('spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"default","Name":"y"}: '
       "field is immutable")]),
]  # fmt: skip


def causes(answer: Any) -> list[str]:
    assert answer.code == 422, answer
    return [f"{cause['field']}: {cause['message']}" for cause in answer.body["details"]["causes"]]


@pytest.mark.parametrize(("path", "obj", "expected"), REFUSED)
def test_what_is_wrong_is_said(door: Door, path: str, obj: dict[str, Any], expected: list[str]) -> None:
    assert causes(door.post(path, {"metadata": {"name": "a"}, **obj})) == expected


@pytest.mark.parametrize(("path", "obj", "change", "expected"), KEPT)
def test_what_does_not_change(
    door: Door, path: str, obj: dict[str, Any], change: dict[str, Any], expected: list[str]
) -> None:
    made = door.made(path, {"metadata": {"name": "a"}, **obj})
    target = f"{path}/{made['metadata']['name']}"
    assert causes(door.patch(target, change)) == expected
    assert door.patch(target, {"metadata": {"labels": {"a": "b"}}}).code == 200


def test_the_other_family_may_join(door: Door) -> None:
    path = f"{NETWORK}/servicecidrs"
    door.made(path, {"metadata": {"name": "a"}, "spec": {"cidrs": ["1.0.0.0/8"]}})
    assert door.patch(f"{path}/a", {"spec": {"cidrs": ["1.0.0.0/8", "2001:db8::/64"]}}).code == 200


def test_a_driver_attaches_persistent_volumes_and_asks_for_nothing_more(door: Door) -> None:
    spec = door.made(f"{STORAGE}/csidrivers", {"metadata": {"name": "a"}, "spec": {}})["spec"]
    assert spec == {
        "attachRequired": True,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "podInfoOnMount": False,
        "requiresRepublish": False,
        "seLinuxMount": False,
        "storageCapacity": False,
        "volumeLifecycleModes": ["Persistent"],
    }
