"""The nodes that are there: listing, stopping, and sweeping up what nobody will come back for.

Called before each start, by `kubeactions backend list|stop`, and by the janitor. A node is a container with its volume
and its network. Only what has this backend's label is touched, and only what belongs to a process of this machine that
is gone is removed by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.base import BackendError
from backends.clock import SystemClock
from backends.kind import engine, network
from backends.kind.labels import PREFIX, Labels, session_filter
from backends.kind.node import Node

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

READY = "/kind/kubeactions-ready"
"""Written into a node when its boot is over; holds the Kubernetes version."""

OURS = f"{PREFIX}=kind"
"""The engine's filter for all that this backend made."""
GOING = ("removing", "dead")
"""States of a container that the engine is removing."""


@dataclass(frozen=True, slots=True)
class Found:
    """One node of this backend, running or not."""

    container: Container
    labels: Labels
    ready: bool

    @property
    def running(self) -> bool:
        """Whether its container runs."""
        return bool(self.container.status == "running")

    @property
    def leftover(self) -> bool:
        """Whether nobody will come back for it; a kept one that does not run any more is one, too."""
        return self.labels.leftover(ready=self.ready and self.running)

    @property
    def state(self) -> str:
        """One word for people."""
        if self.leftover:
            return "left over"
        if not self.running:
            return "stopped"
        if not self.ready:
            return "starting"
        return "kept" if self.labels.keep else "in use"

    def remove(self) -> None:
        """Remove the container, its volume and its network; gone already is fine. Raises `BackendError`."""
        from docker.errors import APIError, NotFound

        with engine.errors(f"to remove {self.container.name}"):
            try:
                self.container.remove(force=True, v=True)
            except NotFound:
                pass
            except APIError as error:
                if error.status_code != 409:  # somebody else removes it at this moment
                    raise
        if self.labels.session:
            _remove_networks(self.container.client, self.labels.session)


def nodes(client: docker.DockerClient, label: str = OURS) -> list[Found]:
    """Every node of this backend on the engine, oldest first. Raises `BackendError`."""
    with engine.errors("listing containers"):
        containers = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return [
        Found(container, Labels.read(container.labels), _ready(container))
        for container in reversed(containers)
        if container.status not in GOING
    ]


def _ready(container: Container) -> bool:
    """Whether its boot is over; not so for one that is removed at this moment, whose files the engine has lost."""
    from docker.errors import NotFound

    try:
        return Node(container, SystemClock()).has(READY)
    except BackendError:
        try:
            container.reload()
        except NotFound:
            return False
        if container.status in GOING:
            return False
        raise


def sweep(client: docker.DockerClient, say: Callable[[str], None]) -> int:
    """Remove every leftover, say which, and return how many. Raises `BackendError`."""
    found = nodes(client)
    left = [node for node in found if node.leftover]
    for node in left:
        node.remove()
        say(f"removed {node.container.name}, left over from process {node.labels.owner.pid}")
    # Of a process that died before it had a node in it.
    sessions = {node.labels.session for node in found}
    for each in network.labelled(client, OURS):
        labels = Labels.read(each.attrs.get("Labels") or {})
        if labels.session not in sessions and labels.owner.gone():
            network.remove(each, SystemClock())
            say(f"removed the network {each.name}, left over from process {labels.owner.pid}")
    return len(left)


def address(container: Container) -> str:
    """Where a node's API server is reached, `-` when it is not. Pure."""
    published = (container.ports or {}).get("6443/tcp")
    return f"https://{published[0]['HostIp']}:{published[0]['HostPort']}" if published else "-"


def named(client: docker.DockerClient, name: str) -> Found | None:
    """The node of the cluster called `name`; None without one. Raises `BackendError`."""
    return next((node for node in nodes(client) if node.labels.name == name), None)


def remove_session(client: docker.DockerClient, session: str) -> None:
    """Remove what one boot made, whatever became of it. Raises `BackendError`."""
    for node in nodes(client, session_filter(session)):
        node.remove()
    _remove_networks(client, session)


def bury(client: docker.DockerClient, session: str) -> None:
    """What a janitor does for its dead owner: as `remove_session`, but a kept cluster that is ready stays."""
    if not any(node.labels.keep and node.ready for node in nodes(client, session_filter(session))):
        remove_session(client, session)


def _remove_networks(client: docker.DockerClient, session: str) -> None:
    for each in network.labelled(client, session_filter(session)):
        network.remove(each, SystemClock())
