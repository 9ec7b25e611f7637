"""`plan`: what would become of a config is what becomes of it, and asking changes nothing in the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import backends as backends_package
from kubeactions import registry, validator
from kubeactions.clock import SystemClock
from kubeactions.ledger import Approval, Pause, Requests
from kubeactions.model import Action, ActionKey, Config
from kubeactions.settings import Limits
from tests.cli.conftest import Cli, World

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/cart"


def deployment(world: World) -> None:
    """One to restart and to scale."""
    template = {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "cart"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": spec}
    world.kube.create("/apis/apps/v1/namespaces/default/deployments", body)


def order(world: World, kind: str, name: str, action: str, **more: Any) -> dict[str, Any]:
    """One action, stamped now."""
    api_version = {"Pod": "v1", "ConfigMap": "v1", "Node": "v1"}.get(kind, "apps/v1")
    resource = {"api_version": api_version, "kind": kind, "namespace": "default", "name": name}
    return {"action_type": action, "resource": resource, "timestamp": world.clock.wall().isoformat(), **more}


def config(world: World, *orders: dict[str, Any], name: str = "one@1.json") -> Path:
    """A file that no replica reads yet."""
    path = world.directory.parent / name
    path.write_text(json.dumps({"actions": orders}))
    return path


@pytest.fixture
def deletion(world: World) -> Path:
    """One pod, and the order to delete it."""
    world.pod("my-pod")
    return config(world, order(world, "Pod", "my-pod", "delete_pod"))


def test_a_deletion_is_told_with_its_precondition_and_not_done(cli: Cli, world: World, deletion: Path) -> None:
    uid = world.kube.get("/api/v1/namespaces/default/pods/my-pod")["metadata"]["uid"]
    before = world.backend.cluster.store.revision
    told = cli("plan", deletion)
    assert (told.code, told.err) == (0, "")
    assert "request  DELETE /api/v1/namespaces/default/pods/my-pod\n" in told.out
    assert f"only if  metadata.uid = {uid}" in told.out
    assert "- the whole object Pod my-pod" in told.out
    assert told.out.endswith("would    be done; the API server accepts it\n")
    assert world.kube.get("/api/v1/namespaces/default/pods/my-pod")["metadata"].get("deletionTimestamp") is None
    assert world.backend.cluster.store.revision == before


def test_a_patch_is_told_with_the_target_before_and_after(cli: Cli, world: World) -> None:
    deployment(world)
    before = world.kube.get(DEPLOYMENT)
    file = config(world, order(world, "Deployment", "cart", "scale_deployment", parameters={"replicas": 5}))
    told = cli("plan", file)
    assert told.code == 0
    assert f"request  PATCH {DEPLOYMENT} (json patch)\n" in told.out
    assert "only if  /metadata/generation = 1" in told.out
    assert "-  replicas: 2\n" in told.out
    assert "+  replicas: 5\n" in told.out
    assert world.kube.get(DEPLOYMENT) == before


def test_what_is_foretold_is_what_happens(cli: Cli, world: World) -> None:
    deployment(world)
    order_ = order(world, "Deployment", "cart", "scale_deployment", parameters={"replicas": 5})
    (foretold,) = json.loads(cli("plan", config(world, order_), "--json").out)["actions"]
    (world.directory / "one@1.json").write_text(json.dumps({"actions": [order_]}))
    world.work()
    assert foretold["requests"][0]["path"] == DEPLOYMENT
    found = world.kube.get(DEPLOYMENT)
    assert found["spec"]["replicas"] == 5
    marker = ActionKey("one", 1).marker
    assert marker in json.dumps(foretold["requests"][0]["body"])
    assert marker in json.dumps(found["metadata"]["annotations"])


def test_an_order_that_is_on_record_would_do_nothing(cli: Cli, world: World, deletion: Path) -> None:
    (world.directory / "one@1.json").write_text(deletion.read_text())
    world.work()
    told = cli("plan", deletion)
    assert told.code == 0
    assert "would    do nothing: it is on record already (succeeded)" in told.out


def test_other_content_under_a_name_on_record_is_refused(cli: Cli, world: World, deletion: Path) -> None:
    (world.directory / "one@1.json").write_text(deletion.read_text())
    world.work()
    told = cli("plan", config(world, order(world, "Pod", "other", "delete_pod")))
    assert told.code == 1
    assert "ConflictingContent" in told.out


def test_each_gate_is_told_and_what_waits_is_planned_all_the_same(
    cli: Cli, world: World, deletion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_APPROVALS", "delete_pod=1")
    Requests(world.kube, "default").pause(Pause("manual", "black friday", "ops", world.clock.wall()))
    told = cli("plan", deletion)
    assert told.code == 0
    assert "wait     pause: Paused: paused: black friday" in told.out
    assert "wait     approvals: NeedsApproval: 0 of 1 approvals" in told.out
    assert told.out.endswith("would    wait (Paused, NeedsApproval), then be done; the API server accepts it\n")


def test_an_approval_that_is_there_counts(
    cli: Cli, world: World, deletion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_APPROVALS", "delete_pod=1")
    marker = ActionKey("one", 1).marker
    (found,) = json.loads(cli("plan", deletion, "--json").out)["actions"]
    assert found["says"].startswith("wait (NeedsApproval)")
    (action,) = validator.parse(Config("one", 1, deletion.read_bytes(), ""), registry.specs(registry.load()), Limits())
    assert isinstance(action, Action)
    Requests(world.kube, "default").approve(Approval(marker, "one:v1", action.digest, "anna", world.clock.wall()))
    (found,) = json.loads(cli("plan", deletion, "--json").out)["actions"]
    assert found["says"].startswith("be done")


def test_a_gate_that_says_never_ends_it(
    cli: Cli, world: World, deletion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_ALLOWED_ACTIONS", "get_resource")
    told = cli("plan", deletion)
    assert told.code == 1
    assert "reject   allowed actions: ActionNotAllowed" in told.out
    assert "request" not in told.out


def test_a_target_that_asks_to_be_left_alone_is_left_alone(cli: Cli, world: World, deletion: Path) -> None:
    protect = {"metadata": {"annotations": {"kubeactions.datadoghq.com/protected": "true"}}}
    world.kube.patch("/api/v1/namespaces/default/pods/my-pod", protect, type="merge")
    told = cli("plan", deletion)
    assert told.code == 1
    assert "reject   opt-out of the target: OptedOut" in told.out


def test_a_dry_run_is_told_to_be_one(cli: Cli, world: World, deletion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_DRY_RUN", "true")
    told = cli("plan", deletion)
    assert told.code == 0
    assert "end as dry_run: nothing would be changed" in told.out


def test_a_target_that_is_gone_is_told(cli: Cli, world: World) -> None:
    told = cli("plan", config(world, order(world, "Pod", "nowhere", "delete_pod")))
    assert told.code == 1
    assert "would    end as failed: TargetGone" in told.out


def test_a_mistake_is_named_by_its_field(cli: Cli, world: World) -> None:
    file = config(world, order(world, "Pod", "p", "delete_pdo"), order(world, "Pod", "q", "delete_pod"))
    told = cli("plan", file)
    assert told.code == 1
    assert "did you mean delete_pod?" in told.out
    assert told.out.startswith("one:v1#0\n")
    assert "\none:v1#1  delete_pod Pod default/q\n" in told.out


def test_a_file_that_no_source_would_read_is_noted(cli: Cli, world: World) -> None:
    world.pod("my-pod")
    told = cli("plan", config(world, order(world, "Pod", "my-pod", "delete_pod"), name="draft.json"))
    assert told.code == 0
    assert "note: a source directory would not read" in told.out


def test_a_file_that_is_not_there_is_one_line(cli: Cli, world: World, tmp_path: Path) -> None:
    told = cli("plan", tmp_path / "nowhere@1.json")
    assert told.code == 4
    assert "nowhere@1.json" in told.line


def test_an_eviction_is_told_with_its_precondition_and_not_done(cli: Cli, world: World) -> None:
    world.pod("my-pod")
    uid = world.kube.get("/api/v1/namespaces/default/pods/my-pod")["metadata"]["uid"]
    told = cli("plan", config(world, order(world, "Pod", "my-pod", "evict_pod")))
    assert told.code == 0
    assert "request  POST /api/v1/namespaces/default/pods/my-pod/eviction\n" in told.out
    assert f"only if  metadata.uid = {uid}" in told.out
    assert world.kube.get("/api/v1/namespaces/default/pods/my-pod")["metadata"].get("deletionTimestamp") is None


def test_a_new_object_is_told_to_be_created_once_by_its_name(cli: Cli, world: World) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    jobs = "/apis/batch/v1/namespaces/default"
    world.kube.create(f"{jobs}/cronjobs", {"metadata": {"name": "nightly"}, "spec": spec})
    trigger = order(world, "CronJob", "nightly", "trigger_cronjob")
    trigger["resource"]["api_version"] = "batch/v1"
    told = cli("plan", config(world, trigger))
    assert told.code == 0
    assert "only if  there is no Job nightly-" in told.out
    assert "+kind: Job\n" in told.out
    assert world.kube.list(f"{jobs}/jobs")["items"] == []


def test_what_the_api_server_refuses_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = World(tmp_path, SystemClock().wall(), authorization="rbac")
    monkeypatch.setattr(backends_package, "open", lambda _name, **_options: found.backend)
    found.pod("my-pod")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    metadata = {"name": "reader"}
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    found.kube.create(f"{rbac}/clusterroles", {"metadata": metadata, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}]
    binding = {"metadata": metadata, "roleRef": role, "subjects": subjects}
    found.kube.create(f"{rbac}/clusterrolebindings", binding)
    file = tmp_path / "one@1.json"
    file.write_text(json.dumps({"actions": [order(found, "Pod", "my-pod", "delete_pod")]}))
    told = cli("plan", file, "--as", "reader")
    assert told.code == 1
    assert "would    be refused by the API server: DELETE /api/v1/namespaces/default/pods/my-pod: 403" in told.out
    assert cli("plan", file).code == 0
