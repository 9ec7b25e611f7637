"""One seed, one run: every byte of the cluster and of its audit trail, in this process and in another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from backends.fake.testing import KubernetesCluster

ROOT = Path(__file__).resolve().parents[4]


def template(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "example.com/app:1"}]
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, **spec}}


def workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    spec |= {"selector": {"matchLabels": {"app": name}}, "template": template(name)}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def other(api_version: str, kind: str, name: str, **members: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **members}


def story(seed: int) -> bytes:
    """Something of everything, ending with all that there is to see: the objects and the audit trail."""
    with KubernetesCluster(seed=seed, nodes=3, authorization="rbac") as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        cluster.apply(
            [
                workload("Deployment", "web", replicas=4),
                workload("StatefulSet", "db", replicas=3, serviceName="db"),
                workload("DaemonSet", "agent"),
                other("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
                other("v1", "Service", "node", spec={"type": "NodePort", "ports": [{"port": 80}]}),
                other("batch/v1", "Job", "once", spec={"completions": 3, "parallelism": 2,
                      "template": template("once", restartPolicy="Never")}),
                other("policy/v1", "PodDisruptionBudget", "web", spec={"minAvailable": 3,
                      "selector": {"matchLabels": {"app": "web"}}}),
            ]
        )  # fmt: skip
        cluster.settle()
        changed = workload("Deployment", "web", replicas=5)
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/app:2"
        cluster.apply(changed)
        cluster.advance("90s")
        cluster.apply([other("v1", "ConfigMap", f"settings-{number}") for number in range(5)])
        fork = cluster.fork()
        with fork:
            fork.advance("1h")
            return b"\n".join([*_seen(cluster), *_seen(fork)])


def _seen(cluster: KubernetesCluster) -> list[bytes]:
    return [repr(one).encode() for one in (*cluster.dump(), *cluster.audit)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = story(3)
    assert first == story(3)
    assert first != story(4)
    assert first.count(b"'kind': 'Pod'") > 20


def test_another_process_with_other_hashes_gives_the_same_bytes() -> None:
    script = (
        "import hashlib\nfrom tests.unit.backends.fake.test_determinism import story\n"
        "print(hashlib.sha256(story(3)).hexdigest())"
    )
    mine = hashlib.sha256(story(3)).hexdigest()
    for hash_seed in ("3", "4"):  # under these two, sets of names come in opposite orders
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", script]
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == mine, f"PYTHONHASHSEED={hash_seed}"
