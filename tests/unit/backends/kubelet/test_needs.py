"""What a pod waits for: ConfigMaps, Secrets and their keys, by volume and by environment."""

from __future__ import annotations

from typing import Any

import pytest

from backends.kubelet.needs import lack

Obj = dict[str, Any]
HELD = {("ConfigMap", "settings"): frozenset({"mode"})}


def pod(volume: Obj | None = None, **container: Any) -> Obj:
    volumes = [{"name": "v", **volume}] if volume else []
    return {
        "metadata": {"name": "p", "namespace": "shop", "uid": "u"},
        "spec": {"volumes": volumes, "containers": [{"name": "c", "image": "i", **container}]},
    }


def env(source: Obj) -> list[Obj]:
    return [{"name": "X", "valueFrom": source}]


@pytest.mark.parametrize(
    ("given", "reason", "message"),
    [
        (pod({"configMap": {"name": "x"}}), "FailedMount", 'configmap "x" not found'),
        (pod({"secret": {"secretName": "x"}}), "FailedMount", 'secret "x" not found'),
        (pod({"projected": {"sources": [{"secret": {"name": "x"}}]}}), "FailedMount", 'secret "x" not found'),
        (
            pod({"configMap": {"name": "settings", "items": [{"key": "k"}]}}),
            "FailedMount",
            "configmap references non-existent config key: k",
        ),
        (pod(envFrom=[{"secretRef": {"name": "x"}}]), "Failed", 'Error: secret "x" not found'),
        (
            pod(env=env({"configMapKeyRef": {"name": "settings", "key": "k"}})),
            "Failed",
            "Error: couldn't find key k in ConfigMap shop/settings",
        ),
    ],
)
def test_what_is_missing_is_told_in_the_kubelets_words(given: Obj, reason: str, message: str) -> None:
    found = lack(given, lambda kind, name: HELD.get((kind, name)))
    assert found is not None
    (news,) = found.news()
    prefix = 'MountVolume.SetUp failed for volume "v" : ' if reason == "FailedMount" else ""
    assert (news.reason, news.message) == (reason, prefix + message)


@pytest.mark.parametrize(
    "given",
    [
        pod(),
        pod({"configMap": {"name": "settings", "items": [{"key": "mode"}]}}),
        pod({"secret": {"secretName": "x", "optional": True}}),
        pod(env=env({"configMapKeyRef": {"name": "settings", "key": "mode"}})),
        pod(env=env({"secretKeyRef": {"name": "x", "key": "k", "optional": True}})),
    ],
)
def test_what_is_there_or_optional_keeps_nothing_from_starting(given: Obj) -> None:
    assert lack(given, lambda kind, name: HELD.get((kind, name))) is None
