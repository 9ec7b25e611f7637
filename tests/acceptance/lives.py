"""One life for each action type: what there is, what is ordered, which request is the effect, and what it leaves.

test_crash_points.py tells each of them again with something going wrong at every request. The default suite tells those
that take different ways back; the rest are marked `slow`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backends.calls import Call
from backends.fake.programs import Out
from tests.steps import payloads
from tests.steps.simulated import SimulatedWorld as World

Check = Callable[[World], None]
CART, DB, LOGS, NIGHTLY = "shop/cart", "shop/db", "shop/logs", "shop/nightly"


@dataclass(frozen=True)
class Life:
    """One action: what is ordered, and which request is its effect."""

    order: str
    place: str
    verb: str
    resource: str
    kind: str
    """The target's, by the words of the scenarios."""
    make: Check
    """Puts the target there."""
    proof: Check
    """Asserts what is left."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    effects: int = 1
    """Requests with an effect in one life."""
    rehearsals: int = 0
    """Dry runs of the effect that come before it."""
    untraced: bool = False
    """Whether nothing but its answer tells that it was done: class X."""
    may_be_unknown: bool = False
    """Whether a crash just before the effect leaves it unknown: class N is at most once."""
    pinned: str = ""
    """The resource whose patch has the pin, where that is not the effect."""
    slow: bool = True

    def effect(self, call: Call) -> bool:
        """Whether this is the request that does it."""
        return (call.verb, call.resource) == (self.verb, self.resource) and "dryRun=" not in call.target

    def payload(self, stamp: datetime) -> bytes:
        """The config that orders it."""
        action = payloads.order(self.order, self.place, stamp)
        return payloads.payload({**action, "parameters": dict(self.parameters)} if self.parameters else action)


def _made(_found: object) -> None:
    """It is there."""


def _gone(kind: str, place: str) -> Check:
    def check(world: World) -> None:
        assert world.objects.get(kind, place) is None

    return check


def _has(kind: str, place: str, name: str, value: Any) -> Check:
    def check(world: World) -> None:
        found = world.objects.get(kind, place)
        assert found is not None
        assert found["spec"].get(name, False) == value

    return check


def _rolled_out_once(world: World) -> None:
    assert len(world.rollouts("shop/cart")) == 1


def _restarted(kind: str, place: str) -> Check:
    def check(world: World) -> None:
        found = world.objects.get(kind, place)
        assert found is not None
        assert found["metadata"]["generation"] == 2
        pods = world.objects.pods_of(place)
        assert pods
        assert all(pod["metadata"]["annotations"] for pod in pods)

    return check


def _field(order: str, kind: str, place: str, make: Check, name: str, value: Any, **more: Any) -> Life:
    """A life that sets one field."""
    plural = {"deployment": "deployments", "stateful set": "statefulsets", "replica set": "replicasets"}
    plural |= {"node": "nodes", "cron job": "cronjobs"}
    return Life(order, place, "patch", plural[kind], kind, make, _has(kind, place, name, value), **more)


def _edited(kind: str, place: str) -> Check:
    """It is there, and then somebody changes its template."""

    def make(world: World) -> None:
        if kind == "daemon set":
            world.objects.daemon_set(place)
        else:
            {"deployment": world.objects.deployment, "stateful set": world.objects.stateful_set}[kind](place, 1)
        world.work(2)
        template = {"metadata": {"annotations": {"example.org/edited": "yes"}}}
        world.objects.merge(kind, place, {"spec": {"template": template}})

    return make


def _rollback(kind: str, plural: str, place: str, *, slow: bool = True) -> Life:
    """A life that takes somebody's change back."""

    def proof(world: World) -> None:
        found = world.objects.get(kind, place)
        assert found is not None
        assert "example.org/edited" not in (found["spec"]["template"]["metadata"].get("annotations") or {})

    return Life(f"roll back the {kind}", place, "patch", plural, kind, _edited(kind, place), proof, slow=slow)


def _patched(kind: str, plural: str, place: str, strategy: str) -> Life:
    """A life that adds a label to the pods, which is a new template."""
    patch: Any = {"spec": {"template": {"metadata": {"labels": {"tier": "gold"}}}}}
    if strategy == "json":
        patch = [{"op": "add", "path": "/spec/template/metadata/labels/tier", "value": "gold"}]

    def make(world: World) -> None:
        if kind == "daemon set":
            world.objects.daemon_set(place)
        else:
            {"deployment": world.objects.deployment, "stateful set": world.objects.stateful_set}[kind](place, 1)

    def proof(world: World) -> None:
        found = world.objects.get(kind, place)
        assert found is not None
        assert found["spec"]["template"]["metadata"]["labels"]["tier"] == "gold"

    parameters = {"patch": patch, "patch_strategy": strategy}
    return Life(f"patch the {kind}", place, "patch", plural, kind, make, proof, parameters, rehearsals=1)


def _drained(world: World) -> None:
    node = world.objects.get("node", "node-1")
    assert node is not None
    assert node["spec"]["unschedulable"] is True
    assert all(not pod["spec"].get("nodeName") for pod in world.objects.pods_of(CART))


def _node(world: World) -> None:
    assert world.objects.get("node", "node-1") is not None


def _cordoned(world: World) -> None:
    world.objects.merge("node", "node-1", {"spec": {"unschedulable": True}})


def _runs_df(world: World) -> None:
    world.environment["DD_KUBEACTIONS_EXEC_COMMAND_ALLOWED_COMMANDS"] = "df"
    world.script("df", [Out("42 % used")], 0)
    world.objects.pod("shop/web-0")


LIVES: dict[str, Life] = {
    "delete_pod": Life(
        "delete the pod",
        "shop/web-0",
        "delete",
        "pods",
        "pod",
        lambda world: _made(world.objects.pod("shop/web-0")),
        _gone("pod", "shop/web-0"),
        slow=False,
    ),
    "restart_deployment": Life(
        "restart the deployment",
        CART,
        "patch",
        "deployments",
        "deployment",
        lambda world: _made(world.objects.deployment(CART, 1)),
        _rolled_out_once,
        slow=False,
    ),
    "restart_statefulset": Life(
        "restart the stateful set",
        DB,
        "patch",
        "statefulsets",
        "stateful set",
        lambda world: _made(world.objects.stateful_set(DB, 1)),
        _restarted("stateful set", DB),
    ),
    "restart_daemonset": Life(
        "restart the daemon set",
        LOGS,
        "patch",
        "daemonsets",
        "daemon set",
        lambda world: _made(world.objects.daemon_set(LOGS)),
        _restarted("daemon set", LOGS),
    ),
    "pause_deployment": _field(
        "pause the deployment",
        "deployment",
        CART,
        lambda world: _made(world.objects.deployment(CART, 1)),
        "paused",
        True,
    ),
    "resume_deployment": _field(
        "resume the deployment",
        "deployment",
        CART,
        lambda world: _made(world.objects.deployment(CART, 1, paused=True)),
        "paused",
        False,
    ),
    "scale_deployment": _field(
        "scale the deployment",
        "deployment",
        CART,
        lambda world: _made(world.objects.deployment(CART, 1)),
        "replicas",
        3,
        parameters={"delta": "2"},
    ),
    "scale_statefulset": _field(
        "scale the stateful set",
        "stateful set",
        DB,
        lambda world: _made(world.objects.stateful_set(DB, 1)),
        "replicas",
        3,
        parameters={"delta": 2},
        slow=True,
    ),
    "scale_replicaset": _field(
        "scale the replica set",
        "replica set",
        CART,
        lambda world: _made(world.objects.replica_set(CART, 2)),
        "replicas",
        0,
        parameters={"replicas": 0},
    ),
    "cordon_node": _field("cordon the node", "node", "node-1", _node, "unschedulable", True, slow=False),
    "uncordon_node": _field("uncordon the node", "node", "node-1", _cordoned, "unschedulable", False),
    "suspend_cronjob": _field(
        "suspend the cron job",
        "cron job",
        NIGHTLY,
        lambda world: _made(world.objects.cron_job(NIGHTLY)),
        "suspend",
        True,
    ),
    "resume_cronjob": _field(
        "resume the cron job",
        "cron job",
        NIGHTLY,
        lambda world: _made(world.objects.cron_job(NIGHTLY, suspend=True)),
        "suspend",
        False,
    ),
    "restart_and_wait": Life(
        "restart the deployment",
        CART,
        "patch",
        "deployments",
        "deployment",
        lambda world: _made(world.objects.deployment(CART, 1)),
        _rolled_out_once,
        {"wait": "rollout"},
        slow=True,
    ),
    "rollback_deployment": _rollback("deployment", "deployments", CART, slow=True),
    "rollback_statefulset": _rollback("stateful set", "statefulsets", DB),
    "rollback_daemonset": _rollback("daemon set", "daemonsets", LOGS),
    "trigger_cronjob": Life(
        "trigger the cron job",
        NIGHTLY,
        "create",
        "jobs",
        "cron job",
        lambda world: _made(world.objects.cron_job(NIGHTLY)),
        lambda _: None,
        may_be_unknown=True,
        slow=False,
    ),
    "evict_pod": Life(
        "evict the pod",
        "shop/web-0",
        "create",
        "pods/eviction",
        "pod",
        lambda world: _made(world.objects.pod("shop/web-0")),
        _gone("pod", "shop/web-0"),
        slow=True,
    ),
    "patch_deployment": _patched("deployment", "deployments", CART, "strategic-merge"),
    "patch_statefulset": _patched("stateful set", "statefulsets", DB, "merge"),
    "patch_daemonset": _patched("daemon set", "daemonsets", LOGS, "json"),
    "drain_node": Life(
        "drain the node",
        "node-1",
        "create",
        "pods/eviction",
        "node",
        lambda world: _made(world.objects.deployment(CART, 3)),
        _drained,
        {"ignore_daemonsets": "true"},
        effects=4,
        pinned="nodes",
    ),
    "exec_command": Life(
        "run df in the pod",
        "shop/web-0",
        "get",
        "pods/exec",
        "pod",
        _runs_df,
        lambda world: _made(world.ran[0]),
        untraced=True,
        may_be_unknown=True,
    ),
    "delete_job": Life(
        "delete the job",
        "shop/import",
        "delete",
        "jobs",
        "job",
        lambda world: _made(world.objects.job("shop/import")),
        _gone("job", "shop/import"),
    ),
}


READ = Life(
    "read the config map",
    "shop/settings",
    "get",
    "configmaps",
    "config map",
    lambda world: _made(world.objects.create("config map", "shop/settings", {"data": {"colour": "blue"}})),
    lambda world: _made(world.destination().counted["c1:v1"][1].outcome.payload["configmaps/shop/settings"]),
    effects=0,
)
"""The life of a get_resource, which has no effect, so nothing that crash points could be told about."""


def deed_of(event: Any) -> tuple[str, str]:
    """Verb and resource of an audit event, with its subresource."""
    return event.verb, f"{event.resource}/{event.subresource}".strip("/")
