"""Limit ranges: what containers get, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import PODS, Door, pod

LIMITS = "/api/v1/namespaces/default/limitranges"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def limited(door: Door, *limits: dict[str, Any]) -> Door:
    door.made(LIMITS, {"metadata": {"name": "l"}, "spec": {"limits": list(limits)}})
    return door


def asking(requests: dict[str, str] | None = None, limits: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    resources = {name: found for name, found in (("requests", requests), ("limits", limits)) if found}
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}], **more},
    }


def claim(size: str) -> dict[str, Any]:
    resources = {"requests": {"storage": size}}
    return {"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}}


def test_containers_get_what_they_do_not_say(door: Door) -> None:
    limited(door, {"type": "Container", "default": {"cpu": "100m", "memory": "1Gi"}, "defaultRequest": {"cpu": "50m"}})
    body = pod()
    body["spec"] = {
        **body["spec"],
        "initContainers": [{"name": "i", "image": "i", "resources": {"limits": {"cpu": "1"}}}],
    }
    made = door.made(PODS, body)
    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "100m", "memory": "1Gi"},
        "requests": {"cpu": "50m", "memory": "1Gi"},
    }
    assert made["spec"]["initContainers"][0]["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert made["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container c; "
        "cpu, memory limit for container c; memory request for init container i; memory limit for init container i"
    }


@pytest.mark.parametrize(
    ("limit", "body", "why"),
    [
        ({"type": "Pod", "min": {"cpu": "1"}}, asking(), "minimum cpu usage per Pod is 1.  No request is specified"),
        ({"type": "Pod", "min": {"cpu": "1"}}, asking({"cpu": "500m"}),
         "minimum cpu usage per Pod is 1, but request is 500m"),
        ({"type": "Pod", "max": {"cpu": "1"}}, asking(), "maximum cpu usage per Pod is 1.  No limit is specified"),
        ({"type": "Pod", "max": {"memory": "1Gi"}}, asking(None, {"memory": "2Gi"}),
         "maximum memory usage per Pod is 1Gi, but limit is 2Gi"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, asking({"cpu": "1"}, {"cpu": "3"}),
         "cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, asking(),
         "cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, asking({"cpu": "1"}),
         "cpu max limit to request ratio per Pod is 2, but no limit is specified or limit is 0"),
        ({"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "500m"}}, asking({"cpu": "100m"}, {"cpu": "2"}),
         ("[minimum cpu usage per Container is 500m, but request is 100m, "
          "maximum cpu usage per Container is 1, but limit is 2]")),
        ({"type": "Pod", "max": {"cpu": "1"}},
         asking(None, {"cpu": "1"}, initContainers=[
             {"name": "i", "image": "i", "restartPolicy": "Always", "resources": {"limits": {"cpu": "500m"}}}]),
         "maximum cpu usage per Pod is 1, but limit is 1500m"),
        ({"type": "Pod", "max": {"cpu": "1"}},
         asking(None, {"cpu": "100m"}, initContainers=[
             {"name": "i", "image": "i", "restartPolicy": "Always", "resources": {"limits": {"cpu": "500m"}}},
             {"name": "j", "image": "i", "resources": {"limits": {"cpu": "700m"}}}]),
         "maximum cpu usage per Pod is 1, but limit is 1200m"),
    ],
)  # fmt: skip
def test_a_pod_keeps_within_the_limits(door: Door, limit: dict[str, Any], body: dict[str, Any], why: str) -> None:
    refused = limited(door, limit).post(PODS, body)
    assert (refused.code, refused.body["message"]) == (403, f'pods "p" is forbidden: {why}')


def test_a_claim_keeps_within_the_limits(door: Door) -> None:
    limited(door, {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}})
    texts = [door.post(CLAIMS, claim(size)).body.get("message", "") for size in ("500Mi", "3Gi", "2Gi")]
    assert [text.partition("forbidden: ")[2] for text in texts] == [
        "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi",
        "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi",
        "",
    ]


def test_limits_are_those_of_the_namespace(door: Door) -> None:
    limited(door, {"type": "Pod", "max": {"cpu": "1"}})
    door.made("/api/v1/namespaces", {"metadata": {"name": "other"}})
    door.made("/api/v1/namespaces/other/pods", asking(None, {"cpu": "2"}))
