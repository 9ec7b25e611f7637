"""The node image: which one, whether it is here, and fetching it.

Called before anything is started. An image that is on the machine is never fetched again. It refuses to guess: without
the image and without a registry the error says how to get it here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from backends.base import BackendError
from backends.kind import engine

if TYPE_CHECKING:
    import docker

    from backends.kind.progress import Progress

DEFAULT_IMAGE = "kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"
"""Pre-built for kind v0.33.0 (its release notes), amd64 and arm64. The newest Kubernetes that runs on cgroup v1 too."""
VARIABLE = "KUBEACTIONS_NODE_IMAGE"
"""Environment variable that names another image."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name, taken apart: `repository:tag@digest`."""

    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference; raises `BackendError` for an empty one or one with spaces."""
        text = text.strip()
        if not text or any(character.isspace() for character in text):
            raise BackendError(f"{text!r} is no image; it looks like kindest/node:v1.34.11")
        name, _, digest = text.partition("@")
        repository, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:  # a registry's port
            repository, tag = name, ""
        return cls(repository, tag, digest)

    @property
    def exact(self) -> str:
        """What the engine is asked for: by digest where there is one."""
        return f"{self.repository}@{self.digest}" if self.digest else self.tagged

    @property
    def tagged(self) -> str:
        """By tag alone."""
        return f"{self.repository}:{self.tag or 'latest'}"


def chosen(option: str | None) -> str:
    """The image to use: the option, else the environment variable, else the pinned default."""
    return option or os.environ.get(VARIABLE) or DEFAULT_IMAGE


def ensure(client: docker.DockerClient, image: str, progress: Progress) -> str:
    """The id of `image`, fetched if it is not here. Raises `BackendError`."""
    reference = Reference.parse(image)
    if found := find(client, reference, progress):
        return found
    progress.say(f"fetching {image} (once)")
    try:
        with engine.errors(f"to fetch {image}"):
            for line in fetching(client.api.pull(reference.repository, _version(reference), stream=True, decode=True)):
                progress.detail(line)
    except BackendError as error:
        raise BackendError(missing(image, str(error))) from error
    if found := find(client, reference, progress):
        return found
    raise BackendError(missing(image, "the registry sent something else"))


def _version(reference: Reference) -> str:
    return reference.digest or reference.tag or "latest"


def find(client: docker.DockerClient, reference: Reference, progress: Progress) -> str | None:
    """The id of an image that is on the machine; None without one."""
    from docker.errors import ImageNotFound

    with engine.errors(f"looking for {reference.exact}"):
        try:
            return str(client.images.get(reference.exact).id)
        except ImageNotFound:
            if not (reference.digest and reference.tag):
                return None
        try:
            found = str(client.images.get(reference.tagged).id)
        except ImageNotFound:
            return None
    # `docker load` brings a tag and no digest.
    progress.say(f"{reference.tagged} is here without its digest, so it is taken by its tag, unchecked")
    return found


def missing(image: str, reason: str) -> str:
    """What to do when an image is not here and cannot be fetched. Pure."""
    return (
        f"no node image: {image} is not on this machine and cannot be fetched ({reason}); "
        f"`docker load` it, or name another with {VARIABLE}"
    )


def fetching(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A pull's events as lines for people: megabytes so far. Raises `BackendError` for errors in them. Pure."""
    layers: dict[str, tuple[int, int]] = {}
    shown = -1
    for event in events:
        if "error" in event:
            raise BackendError(" ".join(str(event["error"]).split()))
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[str(event.get("id"))] = (int(detail["current"]), int(detail["total"]))
        done, total = (sum(column) // 1_000_000 for column in zip(*layers.values(), strict=True)) if layers else (0, 0)
        if done // 25 != shown:
            shown = done // 25
            yield f"{done} of {total} MB or more"
