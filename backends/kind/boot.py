"""From an image to a cluster: what `kind create cluster` does for one node, step by step.

Called by `KindBackend`, which removes the node when a step fails or is interrupted. Each step has a name that is shown
while it lasts, and a deadline. What is decided on the way (flags, fallbacks) is in `preflight`, `kubeadm`, `rewriting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backends.base import BackendError
from backends.clock import Clock
from backends.kind import api, engine, images, kubeadm, network, preflight, rewriting
from backends.kind.labels import Labels
from backends.kind.leftovers import READY
from backends.kind.node import CONTAINERD, Node
from backends.kind.preflight import Way

if TYPE_CHECKING:
    import docker

    from backends.kind.container import NodeContainer
    from backends.kind.progress import Progress

BOOTED = re.compile(r"Reached target .*Multi-User System.*|detected cgroup v1")
"""The line of the node's log after which its services can be used (kind, `NodeReachedCgroupsReadyRegexp`)."""
ADMIN = "/etc/kubernetes/admin.conf"
CNI = "/kind/manifests/default-cni.yaml"
STORAGE = "/kind/manifests/default-storage.yaml"


class NameTakenError(BackendError):
    """Another process has just made a node of this name."""


@dataclass(slots=True)
class Cluster:
    """What a boot, or a second look at a kept node, leaves: the node, and the way to its API server."""

    node: Node
    kubernetes: str
    kubeconfig: dict[str, Any]


@dataclass
class Boot:
    """One boot, by `run`. `timings` has the seconds of each step, also after a failure."""

    client: docker.DockerClient
    image: str
    labels: Labels
    clock: Clock
    progress: Progress
    timeout_s: float
    """Longest wait in each step."""
    timings: dict[str, float] = field(default_factory=dict)
    transcript: list[str] = field(default_factory=list)
    """What kubeadm said."""
    node: Node | None = None
    _container: NodeContainer | None = None
    _network: str = ""
    _engine: engine.Facts | None = None
    _kubernetes: str = ""

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = self.clock.monotonic()
        with self.progress.phase(name):
            yield
        self.timings[name] = self.clock.monotonic() - started

    def run(self) -> Cluster:
        """All steps. Raises `BackendError`; what was made until then is in `node`."""
        self._engine = engine.facts(self.client)
        with self._step("node image"):
            images.ensure(self.client, self.image, self.progress)
        with self._step("node container"):
            self._start(Way.PRIVILEGED)
        node = self.node
        assert node is not None
        with self._step("system services"):
            self._wait_for_services(node)
        with self._step("kubeadm"):
            self._init(node)
        with self._step("API server"):
            config, ready = connect(node, self._engine, clock=self.clock, timeout_s=self.timeout_s)
        with self._step("network and storage"):
            self._network_and_storage(node)
        with self._step("node ready"):
            self._wait_for_node(node, ready)
        with self._step("service account"):
            self._wait_for_account(node, ready)
        node.write(READY, self._kubernetes)
        return Cluster(node, self._kubernetes, config)

    def _start(self, way: Way) -> None:
        self._create(way)
        assert self._container is not None
        try:
            with engine.errors("to start the node"):
                self._container.start()
        except BackendError as error:
            if way is Way.STRIPPED:
                raise BackendError(preflight.STRIPPED_REFUSED.format(reason=error)) from error
            if not preflight.refuses_privileged(str(error)):
                raise
            self.progress.say(preflight.PRIVILEGED_REFUSED.format(reason=_reason(error)))
            with engine.errors("to remove the refused node"):
                self._container.get_wrapped_container().remove(force=True, v=True)
            self._start(Way.STRIPPED)

    def _create(self, way: Way) -> None:
        """Make the container; ask its own files which Kubernetes it is before it is started."""
        from docker.errors import APIError

        from backends.kind.container import NodeContainer

        assert self._engine is not None
        image = images.find(self.client, images.Reference.parse(self.image), self.progress)
        assert image is not None
        name, labels = node_name(self.labels.name), self.labels.as_dict()
        self._network = self._network or self._find_network(name)
        subnets = network.subnets(self.client, self._network)
        with engine.errors("to make the node"):
            self._container = NodeContainer(
                self.client, image, name=name, way=way, engine=self._engine, labels=labels, network=self._network,
                subnets=subnets,
            )  # fmt: skip
            try:
                made = self._container.create()
            except APIError as error:
                if error.status_code == 409:
                    raise NameTakenError(f"there is another node called {name}") from error
                raise
        self.node = Node(made, self.clock)
        if way is Way.PRIVILEGED:
            self._kubernetes = self.node.read("/kind/version").strip()
            if reason := preflight.refused(self._engine, self._kubernetes):
                raise BackendError(reason)
            for remark in preflight.remarks(self._engine, self._kubernetes):
                self.progress.say(remark)

    def _find_network(self, node: str) -> str:
        """The one that we are in ourselves, or a new one of this boot's own."""
        from backends.kind.container import host_network

        with engine.errors("looking for our own network"):
            ours = host_network(self.client)
        if ours is not None:
            return ours
        name = f"{node}-{self.labels.session[:8]}"  # The engine does not mind two of one name; we would.
        return str(network.make(self.client, name, self.labels.as_dict()).name)

    def _wait_for_services(self, node: Node) -> None:
        api.until(
            "the node's system does not come up",
            lambda: True if BOOTED.search(_log(node)) else None,
            clock=self.clock,
            timeout_s=self.timeout_s,
            alive=lambda: stopped(node),
        )
        if preflight.lacks_sys_resource(node.check("cat", "/proc/1/status")):
            self.progress.say(preflight.OOM_RESTRICTED)
            node.write(CONTAINERD, rewriting.restrict_oom_score(node.read(CONTAINERD)))
            self._wait_for_systemd(node)
            node.check("systemctl", "restart", "containerd")
        api.until(
            "containerd does not come up in the node",
            lambda: True if node.run("systemctl", "is-active", "containerd").out.strip() == "active" else None,
            clock=self.clock,
            timeout_s=self.timeout_s,
            alive=lambda: stopped(node),
        )

    def _wait_for_systemd(self, node: Node) -> None:
        """On cgroup v1 the log line comes before systemd, which must be there to restart anything."""
        api.until(
            "systemd does not come up in the node",
            lambda: True if node.run("systemctl", "is-active", "multi-user.target").out.strip() == "active" else None,
            clock=self.clock,
            timeout_s=self.timeout_s,
            alive=lambda: stopped(node),
        )

    def _init(self, node: Node) -> None:
        assert self._engine is not None
        configuration = kubeadm.Node(
            cluster=self.labels.name,
            name=node.name,
            kubernetes=self._kubernetes,
            address=address(node),
            names=() if self._engine.local else (self._engine.host,),
            cgroup_v1=self._engine.cgroup == 1,
            rootless=self._engine.rootless,
        )
        node.write(kubeadm.CONFIG_PATH, kubeadm.render(configuration))
        done = node.run(*kubeadm.INIT, timeout_s=self.timeout_s, on_line=self._hear)
        if done.code != 0:
            raise BackendError(f"kubeadm init ended with {done.code}: {done.said}")

    def _hear(self, line: str) -> None:
        self.transcript.append(line)
        if line.startswith("["):
            self.progress.detail(line)

    def _network_and_storage(self, node: Node) -> None:
        endpoint = f"{node.name}:{kubeadm.API_PORT}"
        node.apply("/kind/kubeactions-cni.yaml", rewriting.cni_manifest(node.read(CNI), endpoint))
        node.check("kubectl", f"--kubeconfig={ADMIN}", "apply", "-f", STORAGE)

    def _wait_for_node(self, node: Node, ready: api.Api) -> None:
        def probe() -> dict[str, Any] | None:
            found = ready.read(f"/api/v1/nodes/{node.name}")
            return found if found is not None and api.node_ready(found) else None

        found = api.until(
            "the node does not become Ready",
            probe,
            clock=self.clock,
            timeout_s=self.timeout_s,
            alive=lambda: stopped(node),
        )
        if api.tainted(found):
            node.check("kubectl", f"--kubeconfig={ADMIN}", "taint", "nodes", "--all", f"{api.TAINT}-")

    def _wait_for_account(self, node: Node, ready: api.Api) -> None:
        api.until(
            "the default service account is not made",
            lambda: ready.read("/api/v1/namespaces/default/serviceaccounts/default"),
            clock=self.clock,
            timeout_s=self.timeout_s,
            alive=lambda: stopped(node),
        )


def connect(node: Node, facts: engine.Facts, *, clock: Clock, timeout_s: float) -> tuple[dict[str, Any], api.Api]:
    """The kubeconfig for use from here, and the API that answers by it; waits for `/readyz`. Raises `BackendError`.

    Tried are the published port and, for a process that is itself in a container of the same engine and so does not
    see the host's loopback address, the node's own address.
    """
    from backends.kind.container import PORT

    with engine.errors("asking for the node's port"):
        node.container.reload()
    published = (node.container.ports or {}).get(PORT)
    if not published:
        raise BackendError(f"the node publishes no port for {PORT}; it is {node.container.status}")
    text = node.read(ADMIN)
    servers = (f"https://{facts.host}:{published[0]['HostPort']}", f"https://{address(node)}:{kubeadm.API_PORT}")
    configs = [rewriting.kubeconfig(text, server, node.name) for server in servers]
    apis = [api.Api(api.client(config)) for config in configs]
    ready = api.until(
        f"the API server does not answer at {servers[0]}",
        api.first_ready(apis),
        clock=clock,
        timeout_s=timeout_s,
        alive=lambda: stopped(node),
    )
    return configs[apis.index(ready)], ready


def node_name(cluster: str) -> str:
    """The name of a cluster's one node: container, host and Kubernetes node."""
    return f"kubeactions-{cluster}"


def address(node: Node) -> str:
    """The node's IPv4 address in the engine's network. Raises `BackendError`."""
    with engine.errors("asking for the node's address"):
        node.container.reload()
    networks = node.container.attrs["NetworkSettings"]["Networks"]
    for each in networks.values():
        if found := each.get("IPAddress"):
            return str(found)
    raise BackendError("the node has no IPv4 address: the engine's default network must give one")


def stopped(node: Node) -> str | None:
    """Why nothing more is to be expected of the node; None while it runs. Raises `BackendError`."""
    from docker.errors import NotFound

    with engine.errors("looking after the node"):
        try:
            node.container.reload()
        except NotFound:
            return "somebody removed its container"
    if node.container.status == "running":
        return None
    state = node.container.attrs["State"]
    return f"its container is {node.container.status} (exit code {state.get('ExitCode')}): {_last(_log(node))}"


def _log(node: Node) -> str:
    with engine.errors("reading the node's log"):
        return str(node.container.logs().decode(errors="replace"))


def _last(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _reason(error: BackendError) -> str:
    """The runtime's own words, without the engine's around them."""
    return str(error).rpartition("OCI runtime create failed: ")[2].rpartition(": unknown")[0] or str(error)
