"""Each kind's row against what printers.go prints of it, and every column with a cell.

One object for each printer: what it is, and what stands in its row. Pods have a file of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.fake.printing.columns import columns_of
from backends.fake.printing.rows import PRINTERS, in_order, row_of

NOW = datetime(2026, 1, 1, 1, tzinfo=UTC)
BORN = "2026-01-01T00:00:00Z"
TEMPLATE = {"spec": {"containers": [{"name": "c", "image": "i:1"}]}}
SELECTOR = {"matchLabels": {"app": "web"}}
POD = ["c", "i:1", "app=web"]
AGE = "60m"

Obj = dict[str, Any]


def conditions(*kinds: str, **more: Any) -> Obj:
    return {"conditions": [{"type": kind, "status": "True"} for kind in kinds], **more}


ROWS: list[tuple[str, Obj, list[Any]]] = [
    ("default", {}, [BORN]),
    ("scale", {"kind": "Scale", "spec": {"replicas": 3}, "status": {"replicas": 2}}, [3, 2, AGE]),
    ("/configmaps", {"data": {"a": ""}, "binaryData": {"b": ""}}, [2, AGE]),
    ("/configmaps", {}, [0, AGE]),
    ("/endpoints", {}, ["<none>", AGE]),
    (
        "/endpoints",
        {"subsets": [{"addresses": [{"ip": "10.0.0.1"}, {"ip": "fd::1"}], "ports": [{"port": 80}, {"port": 81}]}]},
        ["10.0.0.1:80,[fd::1]:80,10.0.0.1:81 + 1 more...", AGE],
    ),
    ("/endpoints", {"subsets": [{"addresses": [{"ip": "fd::1"}]}]}, ["fd::1", AGE]),
    ("/namespaces", {"status": {"phase": "Terminating"}}, ["Terminating", AGE]),
    (
        "/nodes",
        {
            "metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "gpu"}},
            "spec": {"unschedulable": True},
            "status": conditions(
                "Ready",
                nodeInfo={"kubeletVersion": "v1.34.9", "osImage": "Linux"},
                addresses=[{"type": "InternalIP", "address": "10.0.0.9"}],
            ),
        },
        ["Ready,SchedulingDisabled", "gpu,worker", AGE, "v1.34.9", "10.0.0.9", "<none>", "Linux", *["<unknown>"] * 2],
    ),
    ("/nodes", {}, ["Unknown", "<none>", AGE, "", "<none>", "<none>", *["<unknown>"] * 3]),
    (
        "/persistentvolumeclaims",
        {
            "spec": {"volumeName": "v", "storageClassName": "fast", "volumeMode": "Block"},
            "status": {
                "phase": "Bound",
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            },
        },
        ["Bound", "v", "1Gi", "RWO,RWX", "fast", "<unset>", AGE, "Block"],
    ),
    (
        "/persistentvolumeclaims",
        {"metadata": {"deletionTimestamp": BORN}, "status": {"phase": "Pending", "accessModes": ["ReadWriteOnce"]}},
        ["Terminating", "", "", "", "", "<unset>", AGE, "<unset>"],
    ),
    (
        "/persistentvolumes",
        {
            "metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "old"}},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOncePod"],
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": "ns", "name": "c"},
            },
            "status": {"phase": "Bound"},
        },
        ["1Gi", "RWOP", "Retain", "Bound", "ns/c", "old", "<unset>", "", AGE, "<unset>"],
    ),
    ("/persistentvolumes", {}, ["0", "", "", "", "", "", "<unset>", "", AGE, "<unset>"]),
    ("/podtemplates", {"template": {**TEMPLATE, "metadata": {"labels": {"app": "web"}}}}, POD),
    (
        "/replicationcontrollers",
        {"spec": {"replicas": 2, "selector": {"app": "web"}, "template": TEMPLATE}, "status": {"readyReplicas": 1}},
        [2, 0, 1, AGE, *POD],
    ),
    (
        "/resourcequotas",
        {"status": {"hard": {"pods": "2", "limits.cpu": "4", "cpu": "1"}, "used": {"pods": "1"}}},
        ["cpu: 0/1, pods: 1/2", "limits.cpu: 0/4", AGE],
    ),
    ("/secrets", {"type": "Opaque", "data": {"a": ""}}, ["Opaque", 1, AGE]),
    ("/serviceaccounts", {"secrets": [{"name": "s"}]}, [1, AGE]),
    (
        "/services",
        {
            "spec": {
                "type": "NodePort",
                "clusterIPs": ["10.96.0.7"],
                "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "selector": {"app": "web"},
            }
        },
        ["NodePort", "10.96.0.7", "<none>", "80:30080/TCP,53/UDP", AGE, "app=web"],
    ),
    ("/services", {"spec": {"type": "LoadBalancer"}}, ["LoadBalancer", "<none>", "<pending>", "<none>", AGE, "<none>"]),
    (
        "/services",
        {
            "spec": {"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]},
            "status": {"loadBalancer": {"ingress": [{"hostname": "b"}, {"ip": "1.1.1.1"}, {"hostname": "b"}]}},
        },
        ["LoadBalancer", "<none>", "1.1.1.1,b,9.9.9.9", "<none>", AGE, "<none>"],
    ),
    (
        "/services",
        {"spec": {"type": "ExternalName", "externalName": "example.com"}},
        ["ExternalName", "<none>", "example.com", "<none>", AGE, "<none>"],
    ),
    ("admissionregistration.k8s.io/mutatingwebhookconfigurations", {"webhooks": [{}, {}]}, [2, AGE]),
    ("admissionregistration.k8s.io/validatingwebhookconfigurations", {}, [0, AGE]),
    (
        "admissionregistration.k8s.io/validatingadmissionpolicies",
        {"spec": {"validations": [{}], "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}},
        [1, "v1/ConfigMap", AGE],
    ),
    (
        "admissionregistration.k8s.io/validatingadmissionpolicybindings",
        {"spec": {"policyName": "p", "paramRef": {"name": "x"}}},
        ["p", "*/x", AGE],
    ),
    (
        "admissionregistration.k8s.io/validatingadmissionpolicybindings",
        {"spec": {"policyName": "p", "paramRef": {"selector": SELECTOR}}},
        ["p", "app=web", AGE],
    ),
    ("apiregistration.k8s.io/apiservices", {"status": conditions("Available")}, ["Local", "True", AGE]),
    (
        "apiregistration.k8s.io/apiservices",
        {
            "spec": {"service": {"namespace": "n", "name": "s"}},
            "status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]},
        },
        ["n/s", "False (MissingEndpoints)", AGE],
    ),
    (
        "apps/controllerrevisions",
        {
            "metadata": {
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "X", "name": "x"},
                    {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True},
                ]
            },
            "revision": 3,
        },
        ["statefulset.apps/db", 3, AGE],
    ),
    ("apps/controllerrevisions", {"revision": 1}, ["<none>", 1, AGE]),
    (
        "apps/daemonsets",
        {
            "spec": {"selector": SELECTOR, "template": {"spec": {**TEMPLATE["spec"], "nodeSelector": {"disk": "ssd"}}}},
            "status": {
                "desiredNumberScheduled": 5,
                "currentNumberScheduled": 4,
                "numberReady": 3,
                "numberAvailable": 2,
            },
        },
        [5, 4, 3, 0, 2, "disk=ssd", AGE, *POD],
    ),
    (
        "apps/deployments",
        {
            "spec": {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE},
            "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1},
        },
        ["2/3", 3, 1, AGE, *POD],
    ),
    (
        "apps/replicasets",
        {"spec": {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}, "status": {"replicas": 2}},
        [3, 2, 0, AGE, *POD],
    ),
    ("apps/statefulsets", {"spec": {"replicas": 1, "template": TEMPLATE}}, ["0/1", AGE, "c", "i:1"]),
    (
        "autoscaling/horizontalpodautoscalers",
        {
            "apiVersion": "autoscaling/v1",
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "maxReplicas": 5,
                "targetCPUUtilizationPercentage": 80,
            },
            "status": {"currentReplicas": 2, "currentCPUUtilizationPercentage": 40},
        },
        ["Deployment/web", "cpu: 40%/80%", "<unset>", 5, 2, AGE],
    ),
    (
        "autoscaling/horizontalpodautoscalers",
        {
            "apiVersion": "autoscaling/v2",
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "minReplicas": 1,
                "maxReplicas": 5,
                "metrics": [
                    {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "1Gi"}}},
                    {"type": "External", "external": {"target": {"averageValue": "9"}}},
                    {"type": "Pods", "pods": {"target": {"averageValue": "5"}}},
                ],
            },
        },
        ["Deployment/web", "memory: <unknown>/1Gi, <unknown>/9 (avg) + 1 more...", "1", 5, 0, AGE],
    ),
    (
        "autoscaling/horizontalpodautoscalers",
        {
            "apiVersion": "autoscaling/v2",
            "spec": {"metrics": [{"type": "Object", "object": {"target": {"value": "3"}}}, {"type": "New"}]},
        },
        ["/", "<unknown>/3, <unknown type>", "<unset>", 0, 0, AGE],
    ),
    (
        "batch/cronjobs",
        {
            "spec": {"schedule": "@daily", "suspend": False, "jobTemplate": {"spec": {"template": TEMPLATE}}},
            "status": {"active": [{}], "lastScheduleTime": "2026-01-01T00:59:00Z"},
        },
        ["@daily", "<none>", "False", 1, "60s", AGE, "c", "i:1", "<none>"],
    ),
    (
        "batch/jobs",
        {
            "spec": {"completions": 3, "selector": SELECTOR, "template": TEMPLATE},
            "status": {"succeeded": 1, "startTime": "2026-01-01T00:58:20Z"},
        },
        ["Running", "1/3", "100s", AGE, *POD],
    ),
    (
        "batch/jobs",
        {
            "metadata": {"deletionTimestamp": BORN},
            "spec": {"parallelism": 2, "template": TEMPLATE},
            "status": conditions("Complete", startTime=BORN, completionTime="2026-01-01T00:00:30Z"),
        },
        ["Complete", "0/1 of 2", "30s", AGE, "c", "i:1", "<none>"],
    ),
    ("batch/jobs", {"metadata": {"deletionTimestamp": BORN}}, ["Terminating", "0/1", "", AGE, "", "", "<none>"]),
    ("batch/jobs", {"status": conditions("Suspended")}, ["Suspended", "0/1", "", AGE, "", "", "<none>"]),
    (
        "/componentstatuses",
        {"conditions": [{"type": "Healthy", "status": "False", "message": "m", "error": "e"}]},
        ["Unhealthy", "m", "e"],
    ),
    ("/componentstatuses", {}, ["Unknown", "", ""]),
    (
        "certificates.k8s.io/certificatesigningrequests",
        {
            "spec": {"signerName": "s", "username": "u", "expirationSeconds": 7200},
            "status": conditions("Approved", "Failed", certificate="x"),
        },
        [AGE, "s", "u", "120m", "Approved,Failed,Issued"],
    ),
    ("coordination.k8s.io/leases", {"spec": {"holderIdentity": "me"}}, ["me", AGE]),
    ("coordination.k8s.io/leases", {}, ["", AGE]),
    (
        "discovery.k8s.io/endpointslices",
        {
            "addressType": "IPv4",
            "ports": [{"port": 80}, {"name": "http"}, {}],
            "endpoints": [{"addresses": ["1", "2"]}, {"addresses": ["3"]}, {"addresses": ["4"]}],
        },
        ["IPv4", "80,http,*", "1,2,3 + 1 more...", AGE],
    ),
    ("discovery.k8s.io/endpointslices", {"addressType": "FQDN"}, ["FQDN", "<unset>", "<unset>", AGE]),
    (
        "flowcontrol.apiserver.k8s.io/flowschemas",
        {
            "spec": {"priorityLevelConfiguration": {"name": "l"}, "matchingPrecedence": 9},
            "status": conditions("Dangling"),
        },
        ["l", 9, "<none>", AGE, "True"],
    ),
    (
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
        {"spec": {"type": "Exempt"}},
        ["Exempt", *["<none>"] * 4, AGE],
    ),
    (
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
        {
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 30,
                    "limitResponse": {"queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50}},
                },
            }
        },
        ["Limited", 30, 64, 8, 50, AGE],
    ),
    (
        "networking.k8s.io/ingressclasses",
        {"spec": {"controller": "x/y", "parameters": {"apiGroup": "g", "kind": "K", "name": "n"}}},
        ["x/y", "K.g/n", AGE],
    ),
    (
        "networking.k8s.io/ingresses",
        {
            "spec": {
                "rules": [{"host": "a"}, {"host": "b"}, {}, {"host": "c"}, {}],
                "tls": [{}],
                "ingressClassName": "x",
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}},
        },
        ["x", "a,b,c + 2 more...", "1.1.1.1", "80, 443", AGE],
    ),
    ("networking.k8s.io/ingresses", {}, ["<none>", "*", "", "80", AGE]),
    (
        "networking.k8s.io/ipaddresses",
        {"spec": {"parentRef": {"resource": "services", "namespace": "d", "name": "s"}}},
        ["services/d/s", AGE],
    ),
    ("networking.k8s.io/networkpolicies", {"spec": {"podSelector": SELECTOR}}, ["app=web", AGE]),
    ("networking.k8s.io/networkpolicies", {"spec": {"podSelector": {}}}, ["<none>", AGE]),
    ("networking.k8s.io/servicecidrs", {"spec": {"cidrs": ["10.0.0.0/8", "fd::/64"]}}, ["10.0.0.0/8,fd::/64", AGE]),
    ("node.k8s.io/runtimeclasses", {"handler": "runc"}, ["runc", AGE]),
    (
        "policy/poddisruptionbudgets",
        {"spec": {"maxUnavailable": "50%"}, "status": {"disruptionsAllowed": 2}},
        ["N/A", "50%", 2, AGE],
    ),
    (
        "rbac.authorization.k8s.io/rolebindings",
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "User", "name": "u"},
                {"kind": "Group", "name": "g"},
                {"kind": "User", "name": "v"},
                {"kind": "ServiceAccount", "namespace": "n", "name": "s"},
            ],
        },
        ["Role/r", AGE, "u, v", "g", "n/s"],
    ),
    (
        "rbac.authorization.k8s.io/clusterrolebindings",
        {"roleRef": {"kind": "ClusterRole", "name": "r"}},
        ["ClusterRole/r", AGE, "", "", ""],
    ),
    ("resource.k8s.io/deviceclasses", {}, [AGE]),
    ("resource.k8s.io/resourceclaims", {}, ["pending", AGE]),
    (
        "resource.k8s.io/resourceclaims",
        {"metadata": {"deletionTimestamp": BORN}, "status": {"allocation": {}, "reservedFor": [{}]}},
        ["deleted,allocated,reserved", AGE],
    ),
    ("resource.k8s.io/resourceclaimtemplates", {}, [AGE]),
    (
        "resource.k8s.io/resourceslices",
        {"spec": {"nodeName": "n", "driver": "d", "pool": {"name": "p"}}},
        ["n", "d", "p", AGE],
    ),
    (
        "scheduling.k8s.io/priorityclasses",
        {"value": 1000, "preemptionPolicy": "Never"},
        [1000, False, AGE, "Never"],
    ),
    (
        "storage.k8s.io/csidrivers",
        {
            "spec": {
                "podInfoOnMount": True,
                "tokenRequests": [{"audience": "a"}],
                "volumeLifecycleModes": ["Persistent"],
            }
        },
        [True, True, False, "a", False, "Persistent", AGE],
    ),
    (
        "storage.k8s.io/csidrivers",
        {"spec": {"attachRequired": False}},
        [False, False, False, "<unset>", False, "<none>", AGE],
    ),
    ("storage.k8s.io/csinodes", {"spec": {"drivers": [{}]}}, [1, AGE]),
    (
        "storage.k8s.io/volumeattachments",
        {
            "spec": {"attacher": "a", "source": {"persistentVolumeName": "v"}, "nodeName": "n"},
            "status": {"attached": True},
        },
        ["a", "v", "n", True, AGE],
    ),
]


def made(obj: Obj) -> Obj:
    metadata = {"name": "x", "creationTimestamp": BORN, **obj.get("metadata", {})}
    return {"apiVersion": "v1", **obj, "metadata": metadata}


@pytest.mark.parametrize(("resource", "obj", "cells"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_says_of_an_object_what_kubectl_s_users_know(resource: str, obj: Obj, cells: list[Any]) -> None:
    assert row_of(resource, made(obj), NOW) == {"cells": ["x", *cells]}


NAMED_OTHERWISE = {
    "/pods": "has tests of its own",
    "/events": "has no name in front",
    "storage.k8s.io/storageclasses": "marks the default in the name",
    "storage.k8s.io/volumeattributesclasses": "marks the default in the name",
}


def test_every_printer_is_tried() -> None:
    assert {row[0] for row in ROWS} | set(NAMED_OTHERWISE) == set(PRINTERS)


@pytest.mark.parametrize("resource", sorted(PRINTERS))
def test_every_column_has_a_cell(resource: str) -> None:
    cells = row_of(resource, made({}), NOW)["cells"]
    # An IPAddress has a cell more than columns in the real server, too.
    surplus = 1 if resource == "networking.k8s.io/ipaddresses" else 0
    assert len(cells) == len(columns_of(resource)) + surplus


def test_the_default_class_is_marked() -> None:
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    cells = row_of("storage.k8s.io/storageclasses", made({"metadata": default, "provisioner": "p"}), NOW)["cells"]
    assert cells == ["x (default)", "p", "Delete", "Immediate", False, AGE]
    assert row_of("storage.k8s.io/volumeattributesclasses", made({"driverName": "d"}), NOW)["cells"] == ["x", "d", AGE]


def test_an_event_tells_first_and_last_and_how_often() -> None:
    old = made(
        {
            "type": "Warning",
            "reason": "Failed",
            "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec"},
            "source": {"component": "kubelet", "host": "n"},
            "message": " text\n",
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:59:00Z",
            "count": 7,
        }
    )
    assert row_of("/events", old, NOW)["cells"] == [
        "60s", "Warning", "Failed", "pod/p", "spec", "kubelet, n", "text", "60m", 7, "x",
    ]  # fmt: skip


def test_an_event_of_the_new_group_is_told_in_the_same_words() -> None:
    new = made(
        {
            "apiVersion": "events.k8s.io/v1",
            "type": "Normal",
            "reason": "Done",
            "regarding": {"kind": "Node"},
            "reportingController": "me",
            "note": "text",
            "eventTime": "2026-01-01T00:58:00.000000Z",
        }
    )
    assert row_of("/events", new, NOW)["cells"] == ["2m", "Normal", "Done", "node", "", "me", "text", "2m", 1, "x"]
    new["series"] = {"count": 4, "lastObservedTime": "2026-01-01T00:59:59.000000Z"}
    cells = row_of("/events", new, NOW)["cells"]
    assert (cells[0], cells[8]) == ("1s", 4)


def test_a_finished_pod_s_row_says_that_it_is_done() -> None:
    row = row_of("/pods", made({"status": {"phase": "Succeeded"}}), NOW)
    assert row["conditions"][0]["reason"] == "Succeeded"


def test_flow_schemas_come_in_the_order_in_which_they_are_matched() -> None:
    objs = [
        made({"metadata": {"name": n}, "spec": {"matchingPrecedence": p}}) for n, p in (("b", 2), ("c", 1), ("a", 2))
    ]
    names = [obj["metadata"]["name"] for obj in in_order("flowcontrol.apiserver.k8s.io/flowschemas", objs)]
    assert names == ["c", "a", "b"]
    assert in_order("/pods", objs) is objs
