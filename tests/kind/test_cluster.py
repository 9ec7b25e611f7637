"""A cluster that booted: what it was given, how it is reached, what can be done with it.

One cluster a node image is booted for all of these tests; tests of the boot itself are in the other files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from backends.base import BackendError
from backends.kind import KindBackend
from backends.kind.boot import Cluster
from backends.kind.images import VARIABLE
from backends.kind.progress import Silent
from kubeactions.clock import SystemClock
from kubeactions.errors import Forbidden
from kubeactions.kube import Kube
from tests.kind import standin
from tests.kind.conftest import REAL, STAND_IN

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

STEPS = [
    "node image", "node container", "system services", "kubeadm", "API server", "network and storage", "node ready",
    "service account",
]  # fmt: skip


@pytest.fixture(scope="module", params=[STAND_IN, REAL])
def backend(request: pytest.FixtureRequest) -> Iterator[KindBackend]:
    """An open cluster."""
    if request.param == STAND_IN:
        image = str(request.getfixturevalue("stand_in"))
    else:
        image = os.environ.get(VARIABLE) or ""
        if not image or image.startswith(standin.NAME):
            pytest.skip(f"{VARIABLE} names no real node image")
        request.getfixturevalue("docker_engine")
    with KindBackend(image) as opened:
        yield opened


@pytest.fixture
def container(backend: KindBackend, docker_engine: docker.DockerClient) -> Container:
    """The node as the engine sees it."""
    return docker_engine.containers.get(f"kubeactions-{backend.cluster_name}")


@pytest.fixture
def kube(backend: KindBackend) -> Kube:
    """The administrator's door."""
    return Kube(backend.client(), SystemClock())


def cluster(backend: KindBackend) -> Cluster:
    return backend._opened


def test_the_steps_of_the_boot_are_timed_in_their_order(backend: KindBackend) -> None:
    assert list(backend.timings) == STEPS
    assert all(seconds >= 0 for seconds in backend.timings.values())


def test_the_api_server_is_published_on_loopback_alone(container: Container) -> None:
    published = container.ports["6443/tcp"]
    assert [binding["HostIp"] for binding in published] == ["127.0.0.1"]


def test_the_node_has_what_a_system_in_a_container_needs(container: Container) -> None:
    given = container.attrs["HostConfig"]
    assert given["CgroupnsMode"] == "private"
    assert set(given["Tmpfs"]) == {"/tmp", "/run"}
    assert container.attrs["Config"]["Tty"]
    assert container.attrs["Config"]["Hostname"] == container.name
    assert [mount["Type"] for mount in container.attrs["Mounts"] if mount["Destination"] == "/var"] == ["volume"]
    assert {"seccomp=unconfined", "apparmor=unconfined"} <= set(given["SecurityOpt"])


def test_the_version_is_the_one_in_the_image(backend: KindBackend, kube: Kube) -> None:
    assert kube.get("/version")["gitVersion"] == backend.kubernetes


def test_the_node_is_ready_and_takes_pods(backend: KindBackend, kube: Kube) -> None:
    [node] = kube.list("/api/v1/nodes")["items"]
    assert node["metadata"]["name"] == f"kubeactions-{backend.cluster_name}"
    assert not node["spec"].get("taints")


def test_the_network_got_its_pod_subnet_and_the_endpoint(kube: Kube) -> None:
    daemon = kube.get("/apis/apps/v1/namespaces/kube-system/daemonsets/kindnet")
    [container] = daemon["spec"]["template"]["spec"]["containers"]
    assert "10.244.0.0/16" in str(container["env"])


def test_there_is_a_default_storage_class(kube: Kube) -> None:
    [found] = kube.list("/apis/storage.k8s.io/v1/storageclasses")["items"]
    assert found["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"


def test_kubectl_reaches_it_by_the_kubeconfig(backend: KindBackend, tmp_path: Path) -> None:
    path = backend.kubeconfig(tmp_path / "deep" / "kubeconfig")
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text())["clusters"][0]["cluster"]["server"].startswith("https://127.0.0.1:")
    command = ["kubectl", "--kubeconfig", str(path), "get", "nodes", "-o", "name"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"node/kubeactions-{backend.cluster_name}"]


def _list_when_allowed(kube: Kube, path: str) -> list[Any]:
    """A real API server learns of a binding a moment after it was made."""
    clock = SystemClock()
    deadline = clock.monotonic() + 60
    while True:
        try:
            return list(kube.list(path)["items"])
        except Forbidden:
            if clock.monotonic() > deadline:
                raise
        clock.sleep(0.1)


def test_a_user_has_the_rights_that_roles_give_it(backend: KindBackend, kube: Kube) -> None:
    nobody = Kube(backend.client("nobody"), SystemClock())
    with pytest.raises(Forbidden, match="nobody"):
        nobody.list("/api/v1/namespaces/default/pods")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}],
    }
    kube.create("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
    reader = Kube(backend.client("reader"), SystemClock())
    assert _list_when_allowed(reader, "/api/v1/namespaces/default/pods") == []
    with pytest.raises(Forbidden, match="reader"):
        reader.list("/api/v1/namespaces/kube-system/pods")


def test_a_local_image_is_loaded_under_its_name(backend: KindBackend, docker_engine: docker.DockerClient) -> None:
    name = "kubeactions/loaded:test"
    identifier = docker_engine.api.import_image_from_data(_tar(), repository="kubeactions/loaded", tag="test")
    assert identifier
    try:
        backend.load(name)
        assert "docker.io/kubeactions/loaded" in cluster(backend).node.check("crictl", "images")
        image = docker_engine.images.get(name)
        with pytest.raises(BackendError, match=f"the image {image.id} is not called .* here: `docker tag` it"):
            backend.load(image.id)
        image.tag("kubeactions/loaded", "latest")
        backend.load("kubeactions/loaded")
    finally:
        for tag in docker_engine.images.get(name).tags:
            docker_engine.images.remove(tag)


def _tar() -> bytes:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("hello")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return packed.getvalue()


def test_an_image_that_is_not_here_is_not_loaded(backend: KindBackend) -> None:
    with pytest.raises(BackendError, match="there is no image no/such:image on this machine to load"):
        backend.load("no/such:image")


def test_a_command_in_the_node_ends_at_its_deadline(backend: KindBackend) -> None:
    started = SystemClock().monotonic()
    with pytest.raises(BackendError, match="`sleep 600` in the node is not over after 1 s"):
        cluster(backend).node.run("sleep", "600", timeout_s=1)
    assert SystemClock().monotonic() - started < 300


def test_a_command_that_fails_says_so_with_its_words(backend: KindBackend) -> None:
    with pytest.raises(BackendError, match=r"`cat /none` in the node ended with 1: .*No such file"):
        cluster(backend).node.check("cat", "/none")


def test_lines_are_seen_as_they_come_and_kept_apart(backend: KindBackend) -> None:
    seen: list[str] = []
    done = cluster(backend).node.run("sh", "-c", "echo one; echo two >&2; exit 3", on_line=seen.append)
    assert (done.code, done.out, done.err) == (3, "one\n", "two\n")
    assert sorted(seen) == ["one", "two"]


def test_of_short_commands_nothing_is_lost(backend: KindBackend) -> None:
    node = cluster(backend).node
    assert [node.run("echo", str(number)).out for number in range(50)] == [f"{number}\n" for number in range(50)]


def test_files_go_in_and_out(backend: KindBackend) -> None:
    node = cluster(backend).node
    node.write("/kind/note", "grüße\n")
    assert node.read("/kind/note") == "grüße\n"
    assert node.has("/kind/note")
    assert not node.has("/kind/none")
    with pytest.raises(BackendError, match="the node has no /kind/none"):
        node.read("/kind/none")


def test_a_pod_runs(backend: KindBackend, kube: Kube) -> None:
    backend.provide("registry.example/waits:1")
    clock, path = SystemClock(), "/api/v1/namespaces/default/pods"
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "first"},
        "spec": {"containers": [{"name": "c", "image": "registry.example/waits:1"}]},
    }
    kube.create(path, body)
    deadline = clock.monotonic() + 180
    while kube.get(f"{path}/first")["status"].get("phase") != "Running":
        assert clock.monotonic() < deadline, kube.get(f"{path}/first")["status"]
        clock.sleep(0.1)


def test_nothing_is_said_where_nothing_is_to_be_said(capsys: pytest.CaptureFixture[str], backend: KindBackend) -> None:
    with pytest.raises(BackendError, match="belongs to process"):
        KindBackend(backend.image, name=backend.cluster_name, keep=True, progress=Silent()).__enter__()
    assert capsys.readouterr() == ("", "")
