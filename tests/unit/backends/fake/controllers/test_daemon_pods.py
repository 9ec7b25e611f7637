"""Where daemons belong, how they look, and which of them an update replaces."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers import daemon_pods
from backends.fake.controllers.daemon_pods import GENERATION, HASH, Fit

Obj = dict[str, Any]
NEW, OLD = "new", "old"


def daemon_set(strategy: Obj | None = None, **spec: Any) -> Obj:
    metadata = {"name": "agent", "namespace": "default", "uid": "d", "annotations": {GENERATION: "2"}}
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": spec}
    return {"metadata": metadata, "spec": {"template": template, "updateStrategy": strategy or {}}}


def rolling(**limits: Any) -> Obj:
    return daemon_set({"type": "RollingUpdate", "rollingUpdate": limits})


def node(name: str = "n1", *taints: tuple[str, str], **labels: str) -> Obj:
    spec = {"taints": [{"key": key, "effect": effect} for key, effect in taints]}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def pod(name: str, on: str = "n1", digest: str = NEW, *, ready: bool = True, going: bool = False, made: int = 0) -> Obj:
    metadata: Obj = {"name": name, "labels": {HASH: digest}, "creationTimestamp": f"2026-01-01T00:00:{made:02}Z"}
    if going:
        metadata["deletionTimestamp"] = "2026-01-01T00:01:00Z"
    ready_condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {"metadata": metadata, "spec": {"nodeName": on}, "status": {"conditions": [ready_condition]}}


def available(one: Obj) -> bool:
    return bool(one["status"]["conditions"][0]["status"] == "True")


def names(found: list[Obj]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


# ---- one pod


def test_a_pod_can_go_to_its_node_alone() -> None:
    pod = daemon_pods.pod_for(daemon_set(), "n1", NEW)
    assert daemon_pods.target_node(pod) == "n1"
    assert pod["metadata"]["labels"] == {"app": "agent", HASH: NEW, "pod-template-generation": "2"}


def test_terms_of_the_template_make_room_for_the_node_and_preferences_stay() -> None:
    terms = [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
    preferred = [{"weight": 1, "preference": {}}]
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
            "preferredDuringSchedulingIgnoredDuringExecution": preferred,
        },
        "podAffinity": {"x": "y"},
    }
    body = daemon_set(affinity=affinity)
    made = daemon_pods.pod_for(body, "n1", NEW)["spec"]["affinity"]
    assert daemon_pods.target_node({"spec": {"affinity": made}}) == "n1"
    assert made["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] == preferred
    assert made["podAffinity"] == {"x": "y"}
    assert body["spec"]["template"]["spec"]["affinity"] == affinity, "the template is not touched"


def test_own_tolerations_come_first_and_host_network_has_one_more() -> None:
    own = {"key": "gpu", "operator": "Exists"}
    found = daemon_pods.tolerations({"tolerations": [own], "hostNetwork": True})
    assert found[0] == own
    assert len(found) == 8
    assert found[-1]["key"] == "node.kubernetes.io/network-unavailable"


def test_a_toleration_that_the_template_has_already_is_not_doubled() -> None:
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    assert len(daemon_pods.tolerations({"tolerations": [own]})) == 6


def test_a_pod_of_the_same_hash_or_generation_is_up_to_date() -> None:
    stale = {"metadata": {"labels": {HASH: OLD, "pod-template-generation": "1"}}}
    renumbered = {"metadata": {"labels": {HASH: OLD, "pod-template-generation": "2"}}}
    assert not daemon_pods.is_updated(daemon_set(), stale, NEW)
    assert daemon_pods.is_updated(daemon_set(), renumbered, NEW)
    assert daemon_pods.is_updated(daemon_set(), pod("a"), NEW)


def test_pods_are_listed_by_node_the_oldest_first_and_strays_are_left_out() -> None:
    found = daemon_pods.by_node([pod("b", made=2), pod("a", made=3), pod("c", "n2"), pod("stray", "")])
    assert {name: names(each) for name, each in found.items()} == {"n2": ["c"], "n1": ["b", "a"]}


# ---- one node


@pytest.mark.parametrize(
    ("taint", "expected"),
    [
        (("gpu", "NoSchedule"), Fit(run=False, stay=True)),
        (("gpu", "NoExecute"), Fit(run=False, stay=False)),
        (("gpu", "PreferNoSchedule"), Fit(run=True, stay=True)),
        (("node.kubernetes.io/unschedulable", "NoSchedule"), Fit(run=True, stay=True)),
        (("node.kubernetes.io/not-ready", "NoExecute"), Fit(run=True, stay=True)),
    ],
)
def test_taints_keep_new_pods_off_and_some_drive_old_ones_away(taint: tuple[str, str], expected: Fit) -> None:
    assert daemon_pods.fit(daemon_set(), node("n1", taint)) == expected


def test_a_node_that_does_not_fit_keeps_none() -> None:
    assert daemon_pods.fit(daemon_set(nodeSelector={"disk": "fast"}), node()) == Fit(False, False)
    assert daemon_pods.fit(daemon_set(nodeSelector={"disk": "fast"}), node(disk="fast")) == Fit(True, True)
    assert daemon_pods.fit(daemon_set(nodeName="n2"), node("n1")) == Fit(False, False)


def test_of_several_pods_on_a_node_the_oldest_stays() -> None:
    there = [pod("a"), pod("b", made=1), pod("c", made=2)]
    assert names(daemon_pods.crowded(rolling(maxUnavailable=1), there, NEW, available)) == ["b", "c"]


@pytest.mark.parametrize(
    ("old_ready", "new_ready", "goes"), [(True, False, []), (True, True, ["old"]), (False, False, ["old"])]
)
def test_in_a_surge_the_old_pod_stays_until_the_new_one_is_available_or_it_is_no_use(
    old_ready: bool, new_ready: bool, goes: list[str]
) -> None:
    there = [pod("old", digest=OLD, ready=old_ready), pod("new", ready=new_ready, made=1)]
    found = daemon_pods.crowded(rolling(maxSurge=1, maxUnavailable=0), there, NEW, available)
    assert names(found) == goes


def test_a_surge_is_no_reason_for_two_new_or_two_old_pods() -> None:
    there = [
        pod("old", digest=OLD),
        pod("new", ready=False, made=1),
        pod("old2", digest=OLD, made=2),
        pod("new2", made=3),
    ]
    found = daemon_pods.crowded(rolling(maxSurge=1, maxUnavailable=0), there, NEW, available)
    assert sorted(names(found)) == ["new2", "old2"]


# ---- all nodes


def replaced(body: Obj, *daemons: Obj, desired: int = 3) -> tuple[list[str], list[str]]:
    nodes = [f"n{number}" for number in range(1, desired + 1)]
    found = daemon_pods.replaced(body, daemon_pods.by_node(daemons), nodes, NEW, available)
    return names(found.delete), found.create_on


def old(number: int, **more: Any) -> Obj:
    return pod(f"old{number}", f"n{number}", OLD, **more)


def test_as_many_old_pods_go_as_may_be_missing() -> None:
    everywhere = (old(1), old(2), old(3))
    assert replaced(rolling(maxUnavailable=1), *everywhere) == (["old1"], [])
    assert replaced(rolling(maxUnavailable="50%"), *everywhere) == (["old1", "old2"], [])
    assert replaced(rolling(), *everywhere) == (["old1"], [])


def test_limits_that_come_to_nothing_are_one() -> None:
    assert replaced(rolling(maxUnavailable=0, maxSurge=0), old(1), old(2), old(3)) == (["old1"], [])


@pytest.mark.parametrize("there", [(), (pod("new1", "n1", ready=False),), (old(1, going=True),)])
def test_nothing_more_goes_while_a_node_is_without_an_available_pod(there: tuple[Obj, ...]) -> None:
    assert replaced(rolling(maxUnavailable=1), *there, old(2), old(3)) == ([], [])


def test_old_pods_that_are_not_available_go_in_any_case() -> None:
    found = replaced(rolling(maxUnavailable=1), pod("new1", "n1", ready=False), old(2, ready=False), old(3))
    assert found == (["old2"], [])


def test_a_surge_puts_new_pods_beside_old_ones_as_far_as_it_may() -> None:
    assert replaced(rolling(maxSurge=1, maxUnavailable=0), old(1), old(2), old(3)) == ([], ["n1"])
    waiting = (old(1), pod("new1", "n1", ready=False))
    assert replaced(rolling(maxSurge=1, maxUnavailable=0), *waiting, old(2), old(3)) == ([], [])
    there = (old(1), pod("new1", "n1"))
    assert replaced(rolling(maxSurge=1, maxUnavailable=0), *there, old(2), old(3)) == (["old1"], ["n2"])


def test_a_surge_replaces_pods_that_are_not_available_in_any_case() -> None:
    waiting = (old(1), pod("new1", "n1", ready=False))
    assert replaced(rolling(maxSurge=1, maxUnavailable=0), *waiting, old(2, ready=False), old(3)) == ([], ["n2"])
