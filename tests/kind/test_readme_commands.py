"""What the README says about clusters in containers is so, with the stand-in for the image."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from backends.kind import DEFAULT_IMAGE, KEPT, leftovers
from backends.kind.images import VARIABLE
from backends.kind.versions import OLDEST
from tests.kind.conftest import ROOT

if TYPE_CHECKING:
    import docker

README = (ROOT / "README.md").read_text()


def section() -> str:
    return README.partition("## A real cluster in a container\n")[2].partition("\n## ")[0]


def commands() -> list[list[str]]:
    [block] = re.findall(r"^```text\n(.*?)^```", section(), re.DOTALL | re.MULTILINE)
    return [shlex.split(re.sub(r"\s+# .*", "", line)) for line in block.splitlines()]


def test_the_commands_for_kept_clusters_work_with_the_stand_in(
    stand_in: str, docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    environment = {**os.environ, VARIABLE: stand_in}
    docker_engine.images.get(stand_in).tag("example.com/web", "1")
    try:
        for words in commands():
            if words[0] == "kubeactions":
                words = [word.replace("/tmp/kubeactions", str(tmp_path)) for word in words]
                done = subprocess.run(
                    [sys.executable, "-m", *words],
                    cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
                )  # fmt: skip
                assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    finally:
        docker_engine.images.remove("example.com/web:1")
        if found := leftovers.named(docker_engine, KEPT):
            found.remove()
    assert (tmp_path / "kubeconfig").exists()


def test_pytest_opens_the_backend_and_removes_it_with_the_stand_in(
    stand_in: str, docker_engine: docker.DockerClient
) -> None:
    [words] = [words for words in commands() if words[0] == "pytest" and "--keep" not in words]
    assert words.pop() == "tests/acceptance"
    done = subprocess.run(
        [sys.executable, "-m", *words, "tests/acceptance/test_features.py::test_a_pod_is_deleted"],
        cwd=ROOT, env={**os.environ, VARIABLE: stand_in}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout
    assert "kind: kubeadm ..." in done.stderr + done.stdout
    assert not [each for each in leftovers.nodes(docker_engine) if each.labels.name.startswith("test-")]


def test_the_versions_are_those_of_the_code() -> None:
    [pinned] = re.findall(r"kindest/node:v(\d+\.\d+)\.", DEFAULT_IMAGE)
    assert f"pinned (Kubernetes {pinned})" in section()
    assert f"from {OLDEST} on" in section()
