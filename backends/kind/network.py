"""The network of a node: a bridge of its own on the engine, which is removed with it.

Called by the boot, by `leftovers` and by the janitor. The default bridge will not do: on it the engine answers no
questions for names, a node image asks there before it looks into /etc/hosts (its entrypoint sets `hosts: dns files`),
and kubeadm, the kubelet and kindnet reach the API server by the node's name. So the kind project makes a network, too;
it shares one among all clusters and leaves it. Where this process is itself in a container of the engine, the node
joins the network of that container, else neither would see the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backends.clock import Clock
from backends.kind import engine

if TYPE_CHECKING:
    import docker
    from docker.models.networks import Network

MTU = "com.docker.network.driver.mtu"
DEFAULT = "bridge"
"""The engine's own network; its MTU fits the host's (kind, `getDefaultNetworkMTU`)."""
IN_USE = (403, 409)
"""Statuses of the engine's refusal to remove a network that a container is still leaving."""
LEAVING_S = 20.0
POLL_S = 0.2


def make(client: docker.DockerClient, name: str, labels: Mapping[str, str]) -> Network:
    """A bridge called `name`. Raises `BackendError`, for example when the engine has no more subnets to give."""
    with engine.errors("to make the node's network"):
        return client.networks.create(name, driver="bridge", options=_options(client), labels=dict(labels))


def _options(client: docker.DockerClient) -> dict[str, str]:
    from docker.errors import NotFound

    options = {"com.docker.network.bridge.enable_ip_masquerade": "true"}
    try:
        mtu = (client.networks.get(DEFAULT).attrs.get("Options") or {}).get(MTU)
    except NotFound:  # an engine that is told to have none
        mtu = None
    return {**options, MTU: mtu} if mtu else options


def subnets(client: docker.DockerClient, name: str) -> tuple[str, ...]:
    """The subnets of the network called `name`, in CIDR notation. Raises `BackendError`."""
    with engine.errors("asking for the node's network"):
        found = client.networks.get(name).attrs
    return tuple(str(each["Subnet"]) for each in (found.get("IPAM") or {}).get("Config") or [] if each.get("Subnet"))


def labelled(client: docker.DockerClient, label: str) -> list[Network]:
    """The networks with a label. Raises `BackendError`."""
    with engine.errors("listing networks"):
        return list(client.networks.list(filters={"label": label}))


def remove(network: Network, clock: Clock) -> None:
    """Remove it, as soon as the last container has left it; gone already is fine. Raises `BackendError`."""
    from docker.errors import APIError, NotFound

    deadline = clock.monotonic() + LEAVING_S
    with engine.errors(f"to remove the network {network.name}"):
        while True:
            try:
                network.remove()
            except NotFound:
                return
            except APIError as error:
                if error.status_code not in IN_USE or clock.monotonic() >= deadline:
                    raise
            else:
                return
            clock.sleep(POLL_S)
