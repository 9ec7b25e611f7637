"""Two states of a cluster side by side."""

from __future__ import annotations

from typing import Any

from backends.fake.comparing import compare


def thing(name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "n", "resourceVersion": "1", "managedFields": [{}]}
    return {"apiVersion": "apps/v1", "kind": "Thing", "metadata": metadata, **more}


def test_objects_are_the_same_by_group_kind_namespace_and_name_in_any_version() -> None:
    old, new = thing("a", spec=1), {**thing("a", spec=2), "apiVersion": "apps/v2"}
    (change,) = compare([old], [new])
    assert str(change.place) == "Thing.apps n/a"
    assert change.diff == (
        "--- Thing.apps n/a\n+++ Thing.apps n/a\n@@ -1,6 +1,6 @@\n-apiVersion: apps/v1\n+apiVersion: apps/v2\n"
        " kind: Thing\n metadata:\n   name: a\n   namespace: n\n-spec: 1\n+spec: 2\n"
    )


def test_the_order_of_members_and_the_servers_bookkeeping_are_no_difference() -> None:
    old = thing("a", spec={"x": 1, "y": 2})
    new = thing("a", spec={"y": 2, "x": 1})
    new["metadata"] = {**new["metadata"], "resourceVersion": "2", "managedFields": []}
    assert compare([old], [new]) == []
    (change,) = compare([old], [new], noise=True)
    assert "-  resourceVersion: '1'\n+  resourceVersion: '2'\n" in change.diff


def test_what_came_and_went_is_whole() -> None:
    gone, come = compare([thing("a")], [thing("b")])
    assert (gone.what, come.what) == ("removed", "added")
    assert gone.diff.startswith("--- Thing.apps n/a\n+++ (not there)\n@@ -1,5 +0,0 @@\n-apiVersion: apps/v1\n")
    assert come.diff.startswith("--- (not there)\n+++ Thing.apps n/b\n@@ -0,0 +1,5 @@\n+apiVersion: apps/v1\n")
