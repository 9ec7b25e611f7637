"""`kubeactions manifests`: what it prints, which mistakes it knows, and that kubectl takes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kubeactions.kube import Kube
from tests.cli.conftest import Cli
from tests.cli.terminals import PATIENCE_S, Terminals


def test_the_choices_are_in_the_objects(cli: Cli) -> None:
    done = cli(
        "manifests", "--namespace", "ops", "--image", "example.com/ka:2", "--replicas", 3, "--actions",
        "delete_pod,get_resource", "--read", "pods,deployments.apps", "--target-namespaces", "shop,cart",
        "--set", "kubeactions.expiry_s=600", "--set", "kubeactions.protected_namespaces=[payments]",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    found = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.out)}
    deployment = found["Deployment", "kubeactions"]
    assert (deployment["metadata"]["namespace"], deployment["spec"]["replicas"]) == ("ops", 3)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/ka:2"
    settings = yaml.safe_load(found["ConfigMap", "kubeactions-settings"]["data"]["datadog.yaml"])["kubeactions"]
    assert (settings["expiry_s"], settings["protected_namespaces"]) == (600, ["payments"])
    assert [one["metadata"]["namespace"] for one in yaml.safe_load_all(done.out) if one["kind"] == "Role"] == [
        "ops", "ops", "cart", "shop",
    ]  # fmt: skip
    assert done.out.startswith(
        "# kubeactions 0.1.0: delete_pod, get_resource in cart, shop. --set kubeactions.expiry_s"
    )


def test_the_same_options_print_the_same_text(cli: Cli) -> None:
    first = cli("manifests", "--actions", "restart_deployment,delete_pod")
    assert first.out == cli("manifests", "--actions", "delete_pod, restart_deployment").out == cli("manifests").out


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--actions", "delete_pods"], 2, "unknown action type 'delete_pods'; did you mean delete_pod?"),
        (["--actions", ","], 2, "at least one action type is needed"),
        (["--actions", "get_resource"], 2, "--read is needed: what get_resource may read"),
        (["--read", "pods"], 2, "--read is for get_resource"),
        (["--actions", "get_resource", "--read", "Pods"], 2, "'Pods' is no resource"),
        (["--actions", "get_resource", "--read", "secrets"], 2, "Secrets are not read by actions"),
        (["--namespace", "Ops"], 2, "--namespace: 'Ops' is no namespace name"),
        (["--target-namespaces", "a b,_"], 2, "--target-namespaces: '_' is no namespace name"),
        (["--image", "a b"], 2, "--image: 'a b' is no image reference"),
        (["--image", ""], 2, "--image: '' is no image reference"),
        (["--replicas", "0"], 2, "0 is not in the range"),
        (["--namespaces", "x"], 2, "No such option"),
        (["--set", "kubeactions.expiry_s"], 2, "write it as KEY=VALUE"),
        (["--set", "kubeactions.expiry=1"], 3, "unknown key kubeactions.expiry; did you mean kubeactions.expiry_s?"),
        (["--set", "kubeactions.expiry_s=soon"], 3, "kubeactions.expiry_s: a duration"),
        (["--set", "kubeactions.expiry_s=[1"], 2, "--set kubeactions.expiry_s: "),
        (["--set", "kubeactions.allowed_actions=[x]"], 2, "this is what --actions is for"),
        (["--set", "remote_configuration.enabled=false"], 3, "remote_configuration.enabled is false"),
    ],
)
def test_a_mistake_is_one_clear_line(cli: Cli, options: list[str], code: int, text: str) -> None:
    done = cli("manifests", *options)
    assert (done.code, done.out, text in done.line) == (code, "", True), done.line


@pytest.mark.http
@pytest.mark.kubectl
def test_kubectl_applies_it_twice_and_deletes_it(terminals: Terminals, kube: Kube, tmp_path: Path) -> None:
    printed = terminals.run("manifests")
    assert printed.returncode == 0, printed.stderr

    def kubectl(*arguments: str) -> str:
        command = [
            str(Path(sys.executable).with_name("kubectl")),
            "--kubeconfig",
            str(terminals.kubeconfig),
            *arguments,
        ]
        done = subprocess.run(
            command, input=printed.stdout, env={"HOME": str(tmp_path)}, capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    applied = kubectl("apply", "-f", "-").splitlines()
    assert len(applied) == printed.stdout.count("---\n")
    assert all(line.endswith(" created") for line in applied), applied
    changed = [line for line in kubectl("apply", "-f", "-").splitlines() if not line.endswith(" unchanged")]
    # Its selector has the patch strategy "replace": kubectl sends it each time.
    assert changed == ["poddisruptionbudget.policy/kubeactions configured"]
    assert kube.get("/apis/apps/v1/namespaces/kubeactions/deployments/kubeactions")["spec"]["replicas"] == 2
    assert all(" deleted" in line for line in kubectl("delete", "--wait=false", "-f", "-").splitlines())
