"""A Scale that changes nothing still changes who owns the replicas, as the real server's ScaleHandler does."""

from __future__ import annotations

from tests.unit.backends.fake.door import DEPLOYMENTS, MERGE, TEMPLATE, Door

SPEC = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}


def scaled(door: Door, replicas: int) -> str:
    answer = door.ask(
        "PATCH", f"{DEPLOYMENTS}/web/scale?fieldManager=s", {"spec": {"replicas": replicas}}, content_type=MERGE
    )
    version: str = answer.body["metadata"]["resourceVersion"]
    return version


def test_the_first_scale_that_changes_nothing_writes_and_the_second_does_not(door: Door) -> None:
    made = door.made(f"{DEPLOYMENTS}?fieldManager=m", {"metadata": {"name": "web"}, "spec": SPEC})
    first = scaled(door, 0)
    assert first != made["metadata"]["resourceVersion"]
    assert scaled(door, 0) == first
    owners = door.get(f"{DEPLOYMENTS}/web").body["metadata"]["managedFields"]
    assert [(entry["manager"], "time" in entry) for entry in owners] == [("m", False), ("m", True)]
    assert owners[0]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners[1]["fieldsV1"]["f:spec"]


def test_a_scale_that_changes_the_number_takes_it_from_whoever_had_it(door: Door) -> None:
    door.made(f"{DEPLOYMENTS}?fieldManager=m", {"metadata": {"name": "web"}, "spec": SPEC})
    scaled(door, 0)
    scaled(door, 2)
    owners = door.get(f"{DEPLOYMENTS}/web").body["metadata"]["managedFields"]
    assert [(entry["manager"], entry.get("subresource")) for entry in owners] == [("m", None), ("s", "scale")]
