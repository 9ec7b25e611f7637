"""drain_node: which pods go, in which order its steps follow each other, and what is said of who is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubeactions.errors import Forbidden, TooManyRequests
from kubeactions.executors.drain_node import BURST, EXECUTOR, sort_out
from kubeactions.model import MARKER_ANNOTATION, Evidence, Next, Seen, Status, Target, Tried
from tests.unit.kubeactions.executors.orders import AT, KEY, act, evidence, intent

NODE = Target("v1", "Node", "node-1")
UNTIL = (AT + timedelta(seconds=60)).isoformat()
OWNED = {"ownerReferences": [{"kind": "ReplicaSet", "controller": True, "uid": "r"}]}


def node(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "node-1", "uid": "uid-1", "resourceVersion": "71", **metadata}, "spec": {}}


def pod(name: str, spec: Any = None, phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    named = {"name": name, "namespace": "shop", "uid": f"u-{name}", **OWNED, **metadata}
    return {"metadata": named, "spec": spec or {}, "status": {"phase": phase}}


DAEMON: dict[str, Any] = {"ownerReferences": [{"kind": "DaemonSet", "controller": True, "uid": "d", "name": "logs"}]}
LOGS = {"kind": "DaemonSet", "metadata": {"namespace": "shop", "name": "logs", "uid": "d"}}
SCRATCH: dict[str, Any] = {"volumes": [{"name": "v", "emptyDir": {}}]}


@pytest.mark.parametrize(
    ("found", "parameters", "goes", "stands"),
    [
        (pod("a"), {}, True, False),
        (pod("a", **DAEMON), {}, False, True),
        (pod("a", **DAEMON), {"ignore_daemonsets": True}, False, False),
        (pod("a", SCRATCH), {}, False, True),
        (pod("a", SCRATCH), {"delete_emptydir_data": True}, True, False),
        (pod("a", ownerReferences=[]), {}, False, True),
        (pod("a", ownerReferences=[]), {"force": True}, True, False),
        (pod("a", SCRATCH, "Succeeded", ownerReferences=[]), {}, True, False),
        (pod("a", annotations={"kubernetes.io/config.mirror": "x"}), {}, False, False),
    ],
)
def test_kubectls_filters(found: Any, parameters: Any, goes: bool, stands: bool) -> None:
    chosen, in_the_way = sort_out(act("drain_node", NODE, **parameters), [found, LOGS])
    assert (bool(chosen), bool(in_the_way)) == (goes, stands)


@pytest.mark.parametrize(
    ("there", "parameters", "goes", "stands"),
    [
        (True, {"ignore_daemonsets": True, "force": True}, False, False),
        (False, {"ignore_daemonsets": True}, False, True),
        (False, {"ignore_daemonsets": True, "force": True}, True, False),
        (False, {"force": True}, True, False),
    ],
)
def test_a_pod_whose_daemon_set_is_gone_goes_by_force_only(
    there: bool, parameters: Any, goes: bool, stands: bool
) -> None:
    """As with kubectl: nobody makes it anew, whatever is said of DaemonSets."""
    orphan = pod("a", **DAEMON)
    chosen, in_the_way = sort_out(act("drain_node", NODE, **parameters), [orphan, LOGS] if there else [orphan])
    assert (bool(chosen), bool(in_the_way)) == (goes, stands)


def test_the_steps_follow_each_other_and_each_is_kept_before_the_next() -> None:
    action = act("drain_node", NODE)
    first = intent("uid-1", "70", step="cordon", until=UNTIL, annotations=False)
    cordoned = EXECUTOR.verdict(action, first, evidence(answer={}))
    assert cordoned.next is Next.ADVANCE
    second = replace(first, resolved=cordoned.resolved or {})
    listed = EXECUTOR.verdict(action, second, evidence(node(), related=(pod("a"), pod("b"))))
    assert listed.next is Next.ADVANCE
    assert listed.resolved is not None
    assert listed.resolved["pods"] == [["shop", "a", "u-a"], ["shop", "b", "u-b"]]


def test_a_pod_that_came_in_the_way_meanwhile_ends_it_before_anybody_is_evicted() -> None:
    listing = intent("uid-1", "70", step="list", until=UNTIL)
    outcome = EXECUTOR.verdict(
        act("drain_node", NODE), listing, evidence(node(), related=(pod("a", **DAEMON),))
    ).outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason) == (Status.FAILED, "PodsInTheWay")


def test_a_cordon_in_doubt_is_known_by_its_marker_and_else_unknown() -> None:
    first = intent("uid-1", "70", step="cordon", until=UNTIL, annotations=False)
    marked = node(annotations={MARKER_ANNOTATION: KEY.marker})
    assert EXECUTOR.verdict(act("drain_node", NODE), first, evidence(marked, doubt=True)).next is Next.ADVANCE
    outcome = EXECUTOR.verdict(act("drain_node", NODE), first, evidence(node(), doubt=True)).outcome
    assert outcome is not None
    assert outcome.status is Status.UNKNOWN


EVICTING = intent(
    "uid-1", "70", step="evict", until=UNTIL, pods=[["shop", n, f"u-{n}"] for n in "abcdefghij"], listed_in=1
)


def evicting(names: str, seconds: float = 0, barred: str = "", **parts: Tried) -> Evidence:
    known = evidence(node(), related=tuple(pod(name) for name in names))
    tried = {f"u-{name}": one for name, one in parts.items()}
    return replace(known, at=AT + timedelta(seconds=seconds), parts=tried, barred=barred)


def test_so_many_go_at_a_time_and_each_by_its_uid() -> None:
    verdict = EXECUTOR.verdict(act("drain_node", NODE), EVICTING, evicting("abcdefghij"))
    assert verdict.next is Next.SEND
    assert verdict.parts == tuple(f"u-{name}" for name in "abcdefghij"[:BURST])


def test_who_came_later_is_left_alone() -> None:
    verdict = EXECUTOR.verdict(act("drain_node", NODE), EVICTING, evicting("xyz"))
    assert verdict.outcome is not None
    assert verdict.outcome.reason == "Drained"


def test_a_spent_budget_waits_while_others_go() -> None:
    busy = Tried(AT, refused=TooManyRequests("", status=429))
    assert EXECUTOR.verdict(act("drain_node", NODE), EVICTING, evicting("ab", a=busy)).parts == ("u-b",)
    assert EXECUTOR.verdict(act("drain_node", NODE), EVICTING, evicting("a", a=busy)).next is Next.LOOK
    assert EXECUTOR.verdict(act("drain_node", NODE), EVICTING, evicting("a", 5, a=busy)).parts == ("u-a",)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (evicting("ab", 60, a=Tried(AT, refused=TooManyRequests("", status=429))), "kept by its disruption budget"),
        (evicting("a", a=Tried(AT, refused=Forbidden("no", status=403))), "shop/a (no)"),
        (evicting("a", barred="expired"), "expired"),
    ],
)
def test_what_is_left_is_said_by_name(known: Evidence, words: str) -> None:
    outcome = EXECUTOR.verdict(act("drain_node", NODE), EVICTING, known).outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason) == (Status.FAILED, "Partial")
    assert words in outcome.message


BUSY = TooManyRequests("", status=429)


@pytest.mark.parametrize(
    ("tried", "epoch", "status"),
    [
        (Tried(AT, doubt=True), 1, Status.UNKNOWN),
        (Tried(AT, refused=BUSY, doubt=True), 1, Status.UNKNOWN),
        (Tried(AT, refused=BUSY), 2, Status.UNKNOWN),
        (Tried(AT, refused=BUSY), 1, Status.FAILED),
        (Tried(AT), 1, Status.FAILED),
        (Tried(AT, answered=True), 2, Status.FAILED),
    ],
)
def test_it_is_unknown_when_an_eviction_of_who_is_left_may_still_be_on_its_way(
    tried: Tried, epoch: int, status: Status
) -> None:
    planned = replace(EVICTING, epoch=epoch)
    outcome = EXECUTOR.verdict(act("drain_node", NODE), planned, evicting("a", 60, a=tried)).outcome
    assert outcome is not None
    assert outcome.status is status
    assert ("may still be on its way to shop/a" in outcome.message) is (status is Status.UNKNOWN)


def test_a_node_that_is_gone_is_not_drained() -> None:
    outcome = EXECUTOR.verdict(act("drain_node", NODE), EVICTING, Evidence(seen=Seen(None))).outcome
    assert outcome is not None
    assert outcome.reason == "NodeGone"
