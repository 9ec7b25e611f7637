"""The service account of `kubeactions manifests` may do what is needed, and nothing that is not.

What it prints is applied to an API server that judges by RBAC, and replicas work there with exactly that account, as
pods of exactly that Deployment, through everything that asks for a rule: an election, a takeover, actions of each type,
a takeover in doubt, a config that is refused, history that is sealed and pruned. With all rules nothing is forbidden.
Then each verb of each rule is taken away, once: the API server must say no, and somebody must be told so in words.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.audit import AuditEvent
from backends.faults import Crash, Faults, Match, ReplicaDied, install
from kubeactions import registry
from kubeactions.agent import Agent
from kubeactions.command_policy import ExecLimits
from kubeactions.errors import NotFound
from kubeactions.installation import Choices, pieces, settings_of
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import read
from kubeactions.model import Config, EffectClass, JsonObject, Record, Rule, Status
from kubeactions.rbac import Place, Role, roles
from kubeactions.settings import Settings, parse
from tests.unit.kubeactions.bench import MemorySource

SPECS = registry.specs(registry.load())
READ = (Rule("", "configmaps", ("get",)),)
ACCOUNT = "system:serviceaccount:kubeactions:kubeactions"
PLURALS = {
    "Namespace": "namespaces", "ServiceAccount": "serviceaccounts", "Role": "roles", "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings", "ConfigMap": "configmaps",
    "PodDisruptionBudget": "poddisruptionbudgets", "Deployment": "deployments", "Pod": "pods",
    "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "ReplicaSet": "replicasets", "Node": "nodes",
    "Job": "jobs", "CronJob": "cronjobs",
}  # fmt: skip
API_VERSIONS = {kind: version for spec in SPECS.values() for kind, (version, _) in spec.kinds.items()}


@dataclass(frozen=True)
class Taken:
    """One verb of one rule of one Role, taken away."""

    role: str
    index: int
    verb: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.role}-{self.verb}-{self.rule.resource}"


def choices(*types: str, targets: tuple[str, ...] = ()) -> Choices:
    enabled = {name: SPECS[name] for name in types}
    return Choices(enabled, "kubeactions:1", targets=targets, read=READ if "get_resource" in types else ())


def roles_of(chosen: Choices) -> tuple[Role, ...]:
    place = Place("kubeactions", "kubeactions", "kubeactions", "kubeactions", chosen.targets)
    count = "kubeactions.blast_radius.percent" in chosen.more_settings
    return roles(chosen.specs, place, read=chosen.read, count=count)


class Installed:
    """A cluster with the manifests applied, less what is taken away, and replicas with the account in it."""

    def __init__(self, chosen: Choices, taken: Taken | None = None, **settings: Any) -> None:
        self.clock = SimulatedClock()
        # As from v1.35 on, where a command needs both verbs of pods/exec.
        cluster = Cluster(self.clock, authorization="rbac", exec_needs_create=True)
        self.backend = FakeBackend(self.clock, cluster=cluster)
        self.admin = Kube(self.backend.client(), self.clock, field_manager="kubectl-edit")
        self.faults = Faults(self.clock)
        self.source = MemorySource()
        allowed = ExecLimits(commands=("true",))
        self.settings: Settings = replace(parse(settings_of(chosen), {}), exec_limits=allowed, **settings)
        for name in ("shop", "other"):
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for piece in pieces(chosen, self.settings):
            self._apply(_without(piece.body, taken))
        self.backend.cluster.settle()
        found = self.admin.list("/api/v1/namespaces/kubeactions/pods")["items"]
        self.pods = sorted(found, key=lambda one: str(one["metadata"]["name"]))

    def _apply(self, body: JsonObject) -> None:
        namespace = body["metadata"].get("namespace", "")
        self.admin.create(path_of(body["apiVersion"], PLURALS[body["kind"]], namespace=namespace), body)

    def add(self, kind: str, name: str, **body: Any) -> None:
        where = {} if kind == "Node" else {"namespace": "shop"}
        version = API_VERSIONS.get(kind, "v1")
        self._apply({"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **body})

    def replica(self, number: int) -> Agent:
        """A process in the pod of that number, with a token that is bound to it."""
        metadata = self.pods[number]["metadata"]
        client = self.backend.pod_client("kubeactions", "kubeactions", pod=metadata["name"])
        install(client, self.faults, f"replica-{number}")
        own = parse("", {"POD_NAME": metadata["name"], "POD_UID": metadata["uid"], "POD_NAMESPACE": "kubeactions"}).own
        return Agent(replace(self.settings, own=own), client, clock=self.clock, sources=[self.source])

    def order(self, config_id: str, action_type: str, kind: str, name: str, *, times: int = 1) -> None:
        where = {} if kind == "Node" else {"namespace": "shop"}
        resource = {"api_version": API_VERSIONS.get(kind, "v1"), "kind": kind, **where, "name": name}
        action = {"action_type": action_type, "resource": resource, "timestamp": self.clock.wall().isoformat()}
        action["parameters"] = PARAMETERS.get(action_type, {})
        payload = json.dumps({"actions": [action] * times}).encode()
        self.source.configs[config_id, 1] = Config(config_id, 1, payload, "memory")

    def work(self, agent: Agent, seconds: int) -> None:
        for _ in range(seconds):
            try:
                agent.elector.step()
                agent.processor.step()
            except ReplicaDied:
                return
            self.clock.advance(1.0)
            self.backend.cluster.catch_up()

    def record(self, key: str) -> Record | None:
        try:
            found = read(self.admin, "kubeactions").records
        except NotFound:
            return None
        return next((one for one in found if str(one.key) == key), None)

    def refusals(self) -> list[AuditEvent]:
        """Everything that the account was refused."""
        return [event for event in self.backend.cluster.audit.find(user=ACCOUNT) if event.code == 403]


def _without(body: JsonObject, taken: Taken | None) -> JsonObject:
    if taken is None or body["kind"] not in ("Role", "ClusterRole") or body["metadata"]["name"] != taken.role:
        return body
    rules = [dict(rule) for rule in body["rules"]]
    rules[taken.index]["verbs"] = [verb for verb in rules[taken.index]["verbs"] if verb != taken.verb]
    return {**body, "rules": [rule for rule in rules if rule["verbs"]]}


def each_verb(chosen: Choices) -> Iterator[Taken]:
    for role in roles_of(chosen):
        for index, grant in enumerate(role.grants):
            for verb in grant.rule.verbs:
                yield Taken(role.name, index, verb, grant.rule)


# --- what the system does, from beginning to end ---


def live(installed: Installed, *, long: bool = True) -> None:
    """Everything but executing: election, takeover, a refused config; in a `long` life history is sealed and pruned."""
    first = installed.replica(0)
    installed.source.configs["bad", 1] = Config("bad", 1, b"{", "memory")
    installed.order("gone", "delete_pod", "Pod", "gone")
    installed.work(first, 4)
    for number in (1, 2) if long else ():
        installed.order(f"many-{number}", "delete_pod", "Pod", "x" * 200, times=100)
        installed.work(first, 12)
    first.shut_down()
    installed.source.configs.clear()
    second = installed.replica(1)
    installed.work(second, 10)
    if long:
        installed.clock.advance(120.0)  # Past expiry, tolerance and retention: what was sealed may go.
        installed.work(second, 30)


def act(installed: Installed, action_type: str) -> Record | None:
    """One action on an object of its kind; for what is patched also the takeover that nothing but traces decides."""
    spec = SPECS[action_type]
    kind = next(iter(spec.kinds), "ConfigMap")
    target_of(installed, action_type, kind)
    installed.backend.cluster.settle()
    installed.order("one", action_type, kind, "target")
    first = installed.replica(0)
    installed.work(first, 10)
    if spec.effect is not EffectClass.PATCH or kind in ("Node", "CronJob"):
        return installed.record("one:v1")
    path = path_of(spec.kinds[kind][0], PLURALS[kind], namespace="shop", name="target")
    if kind == "Deployment":
        back = {"paused": action_type == "resume_deployment"}
        installed.admin.patch(
            path, {"spec": back if "sume" in action_type or "pause" in action_type else {}}, type="merge"
        )
    installed.order("two", action_type, kind, "target")
    installed.faults.add(Crash("after"), Match(verb="patch", resource=PLURALS[kind]), times=1)
    installed.work(first, 10)
    installed.backend.cluster.settle()  # Its controller writes the history, which bears witness.
    for number in range(3):
        marks = {"metadata": {"annotations": {"kubeactions.datadoghq.com/action": None, "stranger": str(number)}}}
        installed.admin.patch(path, {**marks, "spec": {"template": marks}}, type="merge")
    installed.work(installed.replica(1), 40)
    return installed.record("two:v1")


CONTAINERS = {"containers": [{"name": "c", "image": "i"}]}
WORKLOAD = {
    "selector": {"matchLabels": {"app": "t"}},
    "template": {"metadata": {"labels": {"app": "t"}}, "spec": CONTAINERS},
}
JOB = {"template": {"spec": {**CONTAINERS, "restartPolicy": "Never"}}}
PARAMETERS: dict[str, JsonObject] = {
    **{f"scale_{kind}": {"delta": 1} for kind in ("deployment", "statefulset", "replicaset")},
    **{f"patch_{kind}": {"patch": {"metadata": {"labels": {"a": "b"}}}} for kind in ("deployment", "statefulset")},
    "exec_command": {"command": ["true"]},
    "drain_node": {
        "force": "true",
        "ignore_daemonsets": "true",
        "timeout_seconds": 5,
        "grace_period_seconds": 0,
    },
    "patch_daemonset": {"patch": {"metadata": {"labels": {"a": "b"}}}},
}


def edited(installed: Installed, kind: str) -> None:
    """A workload whose template has been changed, so that there is something to go back to."""
    installed.add(kind, "target", spec=WORKLOAD)
    installed.backend.cluster.settle()
    path = path_of("apps/v1", PLURALS[kind], namespace="shop", name="target")
    template = {"metadata": {"annotations": {"edited": "yes"}}}
    installed.admin.patch(path, {"spec": {"template": template}}, type="merge")


def target_of(installed: Installed, action_type: str, kind: str) -> None:
    """What the action is about, in the state in which there is something to do."""
    if action_type.startswith("rollback_"):
        edited(installed, kind)
    elif kind in ("StatefulSet", "DaemonSet", "ReplicaSet", "Deployment"):
        paused = {"paused": True} if action_type == "resume_deployment" else {}
        installed.add(kind, "target", spec={**WORKLOAD, **paused})
    elif kind == "Node":
        installed.add(kind, "target", spec={"unschedulable": True} if action_type == "uncordon_node" else {})
        if action_type == "drain_node":
            installed.add("Pod", "on-it", spec={**CONTAINERS, "nodeName": "target"})
            pods = {**CONTAINERS, "tolerations": [{"operator": "Exists"}]}
            template = {"metadata": {"labels": {"app": "t"}}, "spec": pods}
            installed.add("DaemonSet", "everywhere", spec={**WORKLOAD, "template": template})
    elif kind == "CronJob":
        suspended = action_type == "resume_cronjob"
        spec = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": JOB}, "suspend": suspended}
        installed.add(kind, "target", spec=spec)
    elif kind == "ConfigMap":
        installed.add(kind, "target", data={"a": "b"})
    else:
        installed.add(kind, "target", spec=JOB if kind == "Job" else CONTAINERS)


KEPT_SHORT: dict[str, Any] = {"expiry_s": 30.0, "retention_s": 0.0, "future_tolerance_s": 10.0}
TYPES = tuple(sorted(SPECS))
QUICK = ("delete_pod", "exec_command", "restart_deployment", "trigger_cronjob")
"""What the default suite proves; the rest is marked slow."""
OWN = choices("delete_pod")


def forbids(taken: Taken) -> str:
    """How the API server says no; where nobody is told, nobody asked: then the rule is not needed."""
    return f'cannot {taken.verb} resource "{taken.rule.resource}"'


def told(caplog: pytest.LogCaptureFixture, record: Record | None) -> str:
    """Everything that people are told: the log, and the action's own history."""
    why = [f"{one.reason} {one.text}" for one in record.why] if record else []
    outcome = [record.outcome.message] if record and record.outcome else []
    return "\n".join([*caplog.messages, *why, *outcome])


def quickly(action_type: str, *values: object, id: str) -> Any:  # noqa: A002
    """A row of parameters, marked slow unless its type is among the quick ones."""
    return pytest.param(*values, id=id, marks=[] if action_type in QUICK else [pytest.mark.slow])


# --- the proofs ---


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kubeactions")


def test_with_all_rules_nothing_is_forbidden_and_the_history_is_pruned() -> None:
    installed = Installed(OWN, **KEPT_SHORT)
    live(installed)
    assert installed.refusals() == []
    trail = installed.backend.cluster.audit
    assert trail.find(user=ACCOUNT, verb="delete", resource="configmaps"), "nothing was pruned"
    assert trail.find(user=ACCOUNT, verb="get", resource="replicasets"), "nobody looked for its own workload"


@pytest.mark.parametrize("targets", [(), ("shop",)], ids=["everywhere", "in-one-namespace"])
@pytest.mark.parametrize("action_type", [quickly(name, name, id=name) for name in TYPES])
def test_an_action_succeeds_with_the_rules_of_its_type(action_type: str, targets: tuple[str, ...]) -> None:
    installed = Installed(choices(action_type, targets=targets))
    record = act(installed, action_type)
    assert record is not None
    assert record.outcome is not None
    assert record.outcome.status is Status.SUCCEEDED, record.outcome
    assert record.reported
    # An Event about what is in no namespace lies in `default`: without a Role there, the report is about the ledger.
    assert [
        one for one in installed.refusals() if not ("/default/events" in one.target and "node" in action_type)
    ] == []


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        pytest.param(chosen, one, id=f"{'-'.join(chosen.targets) or 'everywhere'}-{one}")
        for chosen in (OWN, choices("delete_pod", targets=("shop",)))
        for one in each_verb(chosen)
        if one.rule.resource != "pods" or one.role == "kubeactions-own"
    ],
)
def test_without_a_rule_of_its_own_the_agent_says_what_it_may_not(
    chosen: Choices, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    installed = Installed(chosen, taken, **KEPT_SHORT)
    live(installed, long=taken.verb == "delete")
    assert forbids(taken) in told(caplog, None)


@pytest.mark.parametrize(
    ("action_type", "taken"),
    [
        quickly(name, name, one, id=f"{name}-{one}")
        for name in TYPES
        for one in each_verb(choices(name, targets=("shop",)))
        if (one.role == "kubeactions-targets" or one.rule.cluster) and one.rule.resource != "events"
    ],
)
def test_without_a_rule_of_its_type_an_action_does_not_succeed_and_says_why(
    action_type: str, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    installed = Installed(choices(action_type, targets=("shop",)), taken)
    record = act(installed, action_type)
    assert record is not None
    assert record.outcome is None or record.outcome.status is not Status.SUCCEEDED
    assert forbids(taken) in told(caplog, record)


@pytest.mark.parametrize("without", [False, True], ids=["granted", "taken"])
def test_a_blast_radius_in_per_cent_needs_to_count(without: bool, caplog: pytest.LogCaptureFixture) -> None:
    chosen = replace(choices("delete_pod", targets=("shop",)), more_settings={"kubeactions.blast_radius.percent": 50})
    grants = next(role for role in roles_of(chosen) if role.name == "kubeactions-targets").grants
    (index,) = (index for index, grant in enumerate(grants) if grant.rule.resource == "pods")
    installed = Installed(chosen, Taken("kubeactions-targets", index, "list", grants[index].rule) if without else None)
    act(installed, "delete_pod")
    assert ('cannot list resource "pods"' in told(caplog, None)) is without
    assert bool(installed.refusals()) is without


def test_in_a_namespace_without_a_role_nothing_is_done_and_the_report_is_about_the_ledger() -> None:
    installed = Installed(choices("delete_pod", targets=("other",)))
    record = act(installed, "delete_pod")
    assert record is not None
    assert record.outcome is not None
    assert (record.outcome.status, record.reported) == (Status.REJECTED, True)
    events = installed.admin.list("/api/v1/namespaces/kubeactions/events")["items"]
    (told_there,) = (one for one in events if one["reason"] == "ActionRejected")
    assert told_there["involvedObject"]["kind"] == "ConfigMap"
