"""Who comes to own what by creating and updating, through the whole request chain."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.ownership import writer_of
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, MERGE, POD_SPEC, PODS, Door, config_map, deployment, pod

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}
VOLUME_ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
ATTACHMENT = {
    "metadata": {"name": "web"},
    "spec": {"attacher": "x.io", "nodeName": "n", "source": {"persistentVolumeName": "v"}},
}


def owners(obj: dict[str, Any]) -> dict[str, Any]:
    """Each manager's fields."""
    return {entry["manager"]: entry.get("fieldsV1") for entry in obj["metadata"].get("managedFields", [])}


def test_who_creates_owns_defaults_too(door: Door) -> None:
    made = door.made(f"{PODS}?fieldManager=maker", pod())
    fields = owners(made)["maker"]["f:spec"]
    assert {"f:dnsPolicy", "f:restartPolicy", "f:containers"} <= fields.keys()
    assert "f:status" not in owners(made)["maker"]


def test_without_a_field_manager_it_is_the_program_that_owns(door: Door) -> None:
    made = door.ask("POST", CM, config_map(), user_agent="kubectl/v1.34 (linux)").body
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("kubectl", "Update", "v1")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:k": {}}}
    assert list(made["metadata"])[-1] == "managedFields"


def test_who_changes_takes_over(door: Door) -> None:
    door.made(f"{CM}?fieldManager=maker", config_map())
    changed = door.patch(f"{CM}/a?fieldManager=changer", {"data": {"k": "2", "j": "3"}}).body
    assert owners(changed) == {"maker": {"f:data": {}}, "changer": {"f:data": {"f:j": {}, "f:k": {}}}}


def test_an_update_that_changes_nothing_moves_nothing(door: Door) -> None:
    made = door.made(f"{CM}?fieldManager=maker", config_map())
    assert door.patch(f"{CM}/a?fieldManager=other", {"data": {"k": "v"}}).body == made


def test_status_and_spec_are_owned_through_their_own_doors(door: Door) -> None:
    door.made(f"{DEPLOYMENTS}?fieldManager=maker", deployment())
    changed = door.patch(f"{DEPLOYMENTS}/web/status?fieldManager=controller", {"status": {"replicas": 1}}).body
    (entry,) = [one for one in changed["metadata"]["managedFields"] if one["manager"] == "controller"]
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})


@pytest.mark.parametrize(
    ("path", "made", "metadata", "owned"),
    [
        (DEPLOYMENTS, deployment(), {"labels": {"a": "b"}, "annotations": {"a": "b"}}, {"f:annotations"}),
        (PODS, pod("web"), {"labels": {"a": "b"}, "ownerReferences": [OWNER]}, {"f:labels"}),
        (VOLUME_ATTACHMENTS, ATTACHMENT, {"labels": {"a": "b"}}, set()),
        ("/api/v1/namespaces", {"metadata": {"name": "web"}}, {"labels": {"a": "b"}}, {"f:labels"}),
    ],
)
@pytest.mark.parametrize("media", [MERGE, "application/apply-patch+yaml"])
def test_what_the_status_door_resets_is_not_owned_through_it(
    door: Door, path: str, made: dict[str, Any], metadata: dict[str, Any], owned: set[str], media: str
) -> None:
    found = door.made(f"{path}?fieldManager=maker", made)
    patch = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": "web", **metadata}}
    status: dict[str, Any] = {"conditions": []} if path != VOLUME_ATTACHMENTS else {"attached": True}
    after = door.patch(f"{path}/web/status?fieldManager=st", {**patch, "status": status}, media)
    assert after.code == 200, after
    assert set(owners(after.body).get("st", {}).get("f:metadata", {})) == owned


def test_the_scale_door_owns_the_replicas_of_the_workload(door: Door) -> None:
    door.made(f"{DEPLOYMENTS}?fieldManager=maker", deployment())
    door.patch(f"{DEPLOYMENTS}/web/scale?fieldManager=hpa", {"spec": {"replicas": 5}})
    found = door.get(f"{DEPLOYMENTS}/web").body
    (entry,) = [one for one in found["metadata"]["managedFields"] if one["manager"] == "hpa"]
    assert (entry["subresource"], entry["fieldsV1"]) == ("scale", {"f:spec": {"f:replicas": {}}})
    assert "f:replicas" not in owners(found)["maker"]["f:spec"]


def test_nobody_loses_ownership_by_leaving_managed_fields_out(door: Door) -> None:
    door.made(f"{CM}?fieldManager=maker", config_map())
    replaced = door.put(f"{CM}/a?fieldManager=other", {**config_map(), "data": {"k": "v", "j": "1"}}).body
    assert owners(replaced) == {"maker": {"f:data": {".": {}, "f:k": {}}}, "other": {"f:data": {"f:j": {}}}}


def test_a_reset_ends_the_tracking(door: Door) -> None:
    door.made(f"{CM}?fieldManager=maker", config_map())
    reset = door.patch(f"{CM}/a", {"metadata": {"managedFields": [{}]}}).body
    assert "managedFields" not in reset["metadata"]
    assert "managedFields" not in door.patch(f"{CM}/a?fieldManager=other", {"data": {"k": "3"}}).body["metadata"]


def test_controllers_own_what_they_write() -> None:
    door = Door(controllers=True)
    door.made(f"{DEPLOYMENTS}?fieldManager=maker", deployment())
    door.cluster.settle()
    found = owners(door.get(f"{DEPLOYMENTS}/web").body)
    assert "f:status" in found["kube-controller-manager"]
    pods = door.get(PODS).body["items"]
    assert {"kube-controller-manager", "kubelet"} <= owners(pods[0]).keys()


@pytest.mark.parametrize(
    ("manager", "agent", "name"),
    [
        ("m", "kubectl/1", "m"),
        ("", "kubectl/1", "kubectl"),
        ("", "a\x01b/1", "ab"),
        ("", "x" * 200, "x" * 128),
        ("", "", ""),
    ],
)
def test_a_managers_name_is_bounded_and_printable(manager: str, agent: str, name: str) -> None:
    assert writer_of(manager, agent, "", "now").manager == name


def test_of_alike_objects_the_creators_own_what_is_different_too(door: Door) -> None:
    first = door.made(f"{PODS}?fieldManager=maker", pod("a", labels={"x": "1"}))
    again = door.made(f"{PODS}?fieldManager=maker", pod("b", labels={"x": "2"}))
    other = door.made(
        f"{PODS}?fieldManager=maker", {**pod("c", labels={"y": "1"}), "spec": {**POD_SPEC, "hostname": "h"}}
    )
    assert owners(first) == owners(again)
    mine, theirs = owners(first)["maker"], owners(other)["maker"]
    assert (mine["f:metadata"], theirs["f:metadata"]) == (
        {"f:labels": {".": {}, "f:x": {}}},
        {"f:labels": {".": {}, "f:y": {}}},
    )
    assert theirs["f:spec"].keys() - mine["f:spec"].keys() == {"f:hostname"}


def test_who_changes_his_own_field_keeps_it_and_what_he_removes_is_nobodys(door: Door) -> None:
    door.made(f"{CM}?fieldManager=maker", {**config_map(), "data": {"k": "1", "j": "1"}})
    changed = door.patch(f"{CM}/a?fieldManager=maker", {"data": {"k": "2", "j": None, "i": "1"}}).body
    assert owners(changed) == {"maker": {"f:data": {".": {}, "f:i": {}, "f:k": {}}}}
    assert list(owners(changed)["maker"]["f:data"]) == [".", "f:i", "f:k"]
