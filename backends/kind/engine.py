"""The container engine: reaching it, what it says of itself, and its errors in one line each.

Called by everything in this package that talks to Docker. It refuses an engine that is too old for private cgroup
namespaces. What follows from the facts is decided in `preflight`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from backends.base import BackendError

if TYPE_CHECKING:
    import docker

DEFAULT_SOCKET = "/var/run/docker.sock"
CALL_TIMEOUT_S = 300
"""Longest wait for one answer of the engine: to make a node it copies a gigabyte into the volume."""
OLDEST_API = (1, 41)
"""Docker 20.10: the first with `--cgroupns=private`, which node images rely on (kind v0.20)."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine says of itself and of its host."""

    version: str
    api: tuple[int, ...]
    cgroup: int = 2
    rootless: bool = False
    remapped: bool = False
    """Container root is another user on the host (`userns-remap`)."""
    driver: str = "overlay2"
    host: str = LOOPBACK
    """Where its published ports are reached."""

    @property
    def local(self) -> bool:
        """Whether its host is this machine, or a virtual one that passes loopback ports on."""
        return self.host == LOOPBACK


def connect() -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST, the current Docker context or the default socket names.

    Raises `BackendError` when there is no engine, when it may not be used, or when the library is missing.
    """
    try:
        import docker
        import requests
        from docker.errors import DockerException
        from testcontainers.core.docker_client import get_docker_host
    except ImportError as error:
        raise BackendError(
            f"the kind backend needs testcontainers: pip install 'kubeactions[kind]' ({error})"
        ) from error
    where = get_docker_host() or os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
    environment = _environment()
    try:
        _knock(environment)
        version = _spoken(environment)
        return docker.from_env(version=version, timeout=CALL_TIMEOUT_S, environment=environment)
    except (DockerException, requests.RequestException, OSError) as error:
        raise BackendError(no_engine(where, error)) from error


def _knock(environment: dict[str, str]) -> None:
    """See whether anybody answers at a socket: docker-py leaves its own open when nobody does. Raises OSError."""
    url = environment.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as tried:
            tried.connect(url.removeprefix("unix://"))


def _spoken(environment: dict[str, str]) -> str:
    """The engine's version of the API. Raises what docker-py, requests and sockets raise where none answers.

    docker-py asks for it itself while it makes a client, and leaves the socket open when no good answer comes. A client
    that is given a version asks for nothing, and can be closed.
    """
    import docker
    from docker.errors import DockerException

    asking = docker.from_env(version=".".join(map(str, OLDEST_API)), timeout=CALL_TIMEOUT_S, environment=environment)
    try:
        return str(asking.version(api_version=False)["ApiVersion"])
    except (KeyError, TypeError, ValueError) as error:
        raise DockerException("what answers is no container engine") from error
    finally:
        asking.close()


def _environment() -> dict[str, str]:
    from testcontainers.core.docker_client import get_docker_host

    found = dict(os.environ)
    if host := get_docker_host():
        found["DOCKER_HOST"] = host
    return found


def no_engine(where: str, error: BaseException) -> str:
    """One line for an engine that cannot be reached at `where`. Pure."""
    reasons = " ".join(str(step) for step in _chain(error))
    if "Permission denied" in reasons:
        return f"no container engine: {where} may not be used by this user; join the group `docker`, or be root"
    if "No such file" in reasons or "Connection refused" in reasons:
        return f"no container engine: nothing answers at {where}; start Docker, or set DOCKER_HOST to where it listens"
    return f"no container engine: {where}: {one_line(error)}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def facts(client: docker.DockerClient) -> Facts:
    """Ask the engine about itself. Raises `BackendError` when it is older than Docker 20.10."""
    with errors("asking the engine about itself"):
        return read_facts(client.info(), client.version(), client.api.base_url)


def read_facts(info: dict[str, Any], version: dict[str, Any], url: str) -> Facts:
    """The facts in the engine's own words. Pure; raises `BackendError` for an engine that is too old."""
    api = tuple(int(part) for part in str(version.get("ApiVersion", "0")).split("."))
    if api < OLDEST_API:
        raise BackendError(
            f"the engine is too old: {version.get('Version')} speaks API {version.get('ApiVersion')}, "
            "a node needs 1.41 (Docker 20.10)"
        )
    security = " ".join(info.get("SecurityOptions") or [])
    return Facts(
        version=str(version.get("Version", "?")),
        api=api,
        cgroup=int(info.get("CgroupVersion") or 1),
        rootless="name=rootless" in security,
        remapped="name=userns" in security,
        driver=str(info.get("Driver", "")),
        host=host_of(url),
    )


def host_of(url: str) -> str:
    """Where ports that the engine at `url` publishes are reached: this machine for sockets and pipes. Pure."""
    if url.startswith(("http+", "unix", "npipe")):
        return LOOPBACK
    host = urlsplit(url).hostname or LOOPBACK
    return LOOPBACK if host in ("localhost", "127.0.0.1", "::1") else host


@contextmanager
def errors(doing: str) -> Iterator[None]:
    """Turn the engine's errors while `doing` something into a `BackendError` of one line."""
    import requests
    import urllib3
    from docker.errors import DockerException

    try:
        yield
    except DockerException as error:  # first: its APIError is an error of requests as well
        raise BackendError(f"the engine refused {doing}: {one_line(error)}") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
        raise BackendError(f"the engine went away while {doing}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """The engine's own explanation, without HTTP around it. Pure."""
    return " ".join(str(getattr(error, "explanation", None) or error).split()) or type(error).__name__
