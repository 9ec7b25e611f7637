"""What is sent in the benchmark: a pod of about 3.3 kB, as a node reports it, and a transport of ready bytes."""

from __future__ import annotations

import json
from typing import Any


def pod(name: str, namespace: str = "default") -> dict[str, Any]:
    """A pod whose JSON is about 3.3 kB: two containers with probes, resources, environment and volumes."""

    def container(label: str) -> dict[str, Any]:
        return {
            "name": label,
            "image": f"registry.example.com/shop/{label}:1.27.4",
            "args": ["--listen=0.0.0.0:8080", "--log-level=info", f"--component={label}"],
            "env": [{"name": f"SETTING_{n}", "value": f"value-{n}-of-{label}"} for n in range(8)],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
            "livenessProbe": {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}, "failureThreshold": 3},
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/shop"},
                {"name": "cache", "mountPath": "/var/cache"},
            ],
            "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }

    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": "shop", "tier": "front", "pod-template-hash": "5d8f7c9b4"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "note": "n" * 120},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [container("web"), container("sidecar")],
            "volumes": [{"name": "config", "configMap": {"name": "shop"}}, {"name": "cache", "emptyDir": {}}],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{key}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for key in ("not-ready", "unreachable")
            ],
        },
    }


class CannedResponse:
    """The least that the official client reads of a response."""

    __slots__ = ("data", "headers", "reason", "status")

    def __init__(self, data: bytes) -> None:
        self.status, self.reason, self.data = 200, "OK", data
        self.headers = {"content-type": "application/json"}

    def release_conn(self) -> None:
        """Nothing to give back."""


class CannedTransport:
    """Stands where urllib3's pool manager stands and answers the same bytes to everything: the client's ceiling."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def request(self, _method: str, _url: str, **_options: object) -> CannedResponse:
        """Answer."""
        return CannedResponse(self.data)

    def clear(self) -> None:
        """Nothing to close."""


def size_kb(body: dict[str, Any]) -> float:
    """Kilobytes of the body's compact JSON."""
    return len(json.dumps(body, separators=(",", ":"))) / 1000
