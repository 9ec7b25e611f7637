"""What every kind of write does alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backends.fake import registry
from tests.unit.backends.fake.door import DEPLOYMENTS, JSON_PATCH, MERGE, PODS, STRATEGIC, Door, deployment, pod

APPLY = "application/apply-patch+yaml"


def test_a_change_leaves_what_is_stored_as_it_is(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, seen = registry._changed, []

    def compared(resource: Any, entry: Any, change: Callable[[Any], Any]) -> Any:
        working, new, old = changed(resource, entry, change)
        seen.append(entry.key.plural)
        assert old == entry.load()
        return working, new, old

    monkeypatch.setattr(registry, "_changed", compared)
    door.made(PODS, pod(labels={"a": "1"}))
    door.made(DEPLOYMENTS, deployment())
    label = {"metadata": {"labels": {"b": "2"}}}
    add = [{"op": "add", "path": "/metadata/labels/c", "value": "3"}]
    binding = {"metadata": {"name": "p", "labels": {"d": "4"}}, "target": {"kind": "Node", "name": "n1"}}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    applied = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"e": "5"}}}
    answers = [
        door.patch(f"{PODS}/p", label, MERGE),
        door.patch(f"{PODS}/p", {"spec": {"activeDeadlineSeconds": 9}}, STRATEGIC),
        door.patch(f"{PODS}/p", add, JSON_PATCH),
        door.patch(f"{PODS}/p?fieldManager=m", applied, APPLY),
        door.post(f"{PODS}/p/binding", binding),
        door.patch(f"{PODS}/p/status", {"status": {"phase": "Running", "message": "m"}}, STRATEGIC),
        door.put(f"{DEPLOYMENTS}/web/scale", {"metadata": {"name": "web"}, "spec": {"replicas": 3}}),
        door.put(f"{DEPLOYMENTS}/web", deployment(replicas=4)),
        door.post(f"{PODS}/p/eviction", eviction),
    ]
    assert [answer.code for answer in answers] == [200, 200, 200, 200, 201, 200, 200, 200, 201], answers
    assert seen == ["pods"] * 6 + ["deployments"] * 2 + ["pods"]
