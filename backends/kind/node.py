"""A running node: commands in it with a deadline, files in and out of it, images into its containerd.

Called by the boot and the backend. Every wait here ends by itself, and Ctrl-C interrupts it: output is read in a thread
of its own, since the engine's stream has no timeout and a node may hang. It decides nothing about Kubernetes.
"""

from __future__ import annotations

import io
import posixpath
import queue
import re
import shlex
import struct
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from backends.base import BackendError
from backends.clock import Clock
from backends.kind import engine, rewriting
from backends.kind.images import Reference

if TYPE_CHECKING:
    from docker.models.containers import Container

SHORT_S = 60.0
"""For commands that only look or write a file."""
IMPORT_S = 300.0
HEAD = struct.Struct(">BxxxL")
STANDARD_ERROR = 2
SHOWN = 400
"""Characters of a failed command's output that an error carries; all of it goes to the log."""
CTR = ("ctr", "--namespace=k8s.io")
"""containerd's own client, in the namespace of the kubelet."""
CONTAINERD = "/etc/containerd/config.toml"
PAUSE = re.compile(r"/pause:[^/@]+$")
IMPORT_PATH = "/var/kubeactions-image.tar"
"""On the node's volume: an archive put into a tmpfs would lie under it."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The last words, for an error message."""
        text = " ".join((self.err.strip() or self.out.strip()).split())
        return f"... {text[-SHOWN:]}" if len(text) > SHOWN else text


@dataclass(slots=True)
class _Output:
    out: list[bytes] = field(default_factory=list)
    err: list[bytes] = field(default_factory=list)


class Node:
    """One node container, by the engine's object for it."""

    def __init__(self, container: Container, clock: Clock) -> None:
        self.container = container
        self._clock = clock

    @property
    def name(self) -> str:
        """Container name, host name and Kubernetes node name in one."""
        return str(self.container.name)

    def run(self, *command: str, timeout_s: float = SHORT_S, on_line: Callable[[str], None] | None = None) -> Done:
        """Run `command` in the node and return when it has ended; `on_line` sees each line as it comes.

        Raises `BackendError` when it is not over after `timeout_s` seconds, or when the engine goes away.
        """
        what = shlex.join(command)
        api = self.container.client.api
        with engine.errors(f"running `{what}` in the node"):
            identifier = api.exec_create(self.container.id, list(command))["Id"]
            stream = _attached(api, identifier)
        try:
            output = self._read(stream, what, timeout_s, on_line)
        finally:
            _hang_up(stream)
        with engine.errors(f"asking how `{what}` ended"):
            code = api.exec_inspect(identifier)["ExitCode"]
        if code is None:
            raise BackendError(f"the node stopped while it ran `{what}`")
        return Done(int(code), _text(output.out), _text(output.err))

    def check(self, *command: str, timeout_s: float = SHORT_S, on_line: Callable[[str], None] | None = None) -> str:
        """As `run`, but returns standard output and raises `BackendError` for an exit code that is not 0."""
        done = self.run(*command, timeout_s=timeout_s, on_line=on_line)
        if done.code != 0:
            raise BackendError(f"`{shlex.join(command)}` in the node ended with {done.code}: {done.said}")
        return done.out

    def _read(self, stream: Any, what: str, timeout_s: float, on_line: Callable[[str], None] | None) -> _Output:
        pieces: queue.Queue[tuple[bytes | None, bytes | None] | BaseException | None] = queue.Queue()
        threading.Thread(target=_drain, args=(stream, pieces), daemon=True, name="kind exec").start()
        output, lines = _Output(), _Lines(on_line)
        deadline = self._clock.monotonic() + timeout_s
        while True:
            try:
                piece = pieces.get(timeout=max(0.0, deadline - self._clock.monotonic()))
            except queue.Empty:
                raise BackendError(f"`{what}` in the node is not over after {timeout_s:.0f} s") from None
            if piece is None:
                return output
            if isinstance(piece, BaseException):
                with engine.errors(f"running `{what}` in the node"):
                    raise piece
            for part, kept in zip(piece, (output.out, output.err), strict=True):
                if part:
                    kept.append(part)
                    lines.feed(part)

    def read(self, path: str) -> str:
        """A text file of the node, whether it runs or not; raises `BackendError` when there is none."""
        from docker.errors import NotFound

        try:
            with engine.errors(f"reading {path} of the node"):
                try:
                    chunks, _ = self.container.get_archive(path)
                except NotFound as error:
                    raise FileNotFoundError(path) from error
                packed = io.BytesIO(b"".join(chunks))
        except FileNotFoundError as error:
            raise BackendError(f"the node has no {path}: is {self.container.image} a node image?") from error
        with tarfile.open(fileobj=packed) as archive:
            for member in archive.getmembers():
                if content := archive.extractfile(member):
                    return content.read().decode(errors="replace")
        raise BackendError(f"{path} of the node is no file")

    def has(self, path: str) -> bool:
        """Whether the node has a file at `path`, whether it runs or not."""
        from docker.errors import NotFound

        with engine.errors(f"looking for {path} in the node"):
            try:
                self.container.get_archive(path)
            except NotFound:
                return False
        return True

    def write(self, path: str, content: str) -> None:
        """Write a text file, mode 0644. Not below /tmp or /run: what is mounted there hides it."""
        data = content.encode()
        entry = tarfile.TarInfo(posixpath.basename(path))
        entry.size, entry.mode = len(data), 0o644
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(data))
        with engine.errors(f"writing {path} in the node"):
            self.container.put_archive(posixpath.dirname(path), packed.getvalue())

    def apply(self, path: str, manifest: str) -> None:
        """Write `manifest` to `path` and let the node's own kubectl apply it."""
        self.write(path, manifest)
        self.check("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "apply", "-f", path)

    def import_image(self, image: str) -> None:
        """Copy an image of the engine into the node's containerd, under the same name. Raises `BackendError`."""
        from docker.errors import ImageNotFound

        name = Reference.parse(image).tagged  # An engine saves an image under one of its tags, or without a name.
        with tempfile.TemporaryFile() as saved:
            with engine.errors(f"saving the image {image}"):
                try:
                    found = self.container.client.images.get(image)
                except ImageNotFound:
                    raise BackendError(f"there is no image {image} on this machine to load") from None
                if name not in found.tags:
                    raise BackendError(f"the image {image} is not called {name} here: `docker tag` it, and load that")
                for chunk in found.save(named=name):
                    saved.write(chunk)
            self._put(saved, IMPORT_PATH)
        snapshotter = f"--snapshotter={rewriting.snapshotter(self.read(CONTAINERD))}"
        try:
            # Without --all-platforms: an engine with containerd's store saves an index whose other platforms it lacks.
            self.check(*CTR, "images", "import", "--digests", snapshotter, IMPORT_PATH, timeout_s=IMPORT_S)
        finally:
            self.run("rm", "-f", IMPORT_PATH)

    def provide_image(self, image: str) -> None:
        """Give the image whose only program waits, which every node has, another name. Raises `BackendError`."""
        found = self.check(*CTR, "images", "ls", "-q").split()
        waiting = next((name for name in found if PAUSE.search(name)), None)
        if waiting is None:
            raise BackendError("the node has no pause image, which each of its pods would need")
        if image not in found:
            self.check(*CTR, "images", "tag", waiting, image)

    def _put(self, content: IO[bytes], path: str) -> None:
        """Stream a file of any size into the node."""
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        with tempfile.TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                entry = tarfile.TarInfo(posixpath.basename(path))
                entry.size = size
                archive.addfile(entry, content)
            packed.seek(0)
            with engine.errors(f"copying {size // 1_000_000} MB into the node"):
                self.container.put_archive(posixpath.dirname(path), packed)


class _Lines:
    """Cuts what comes in pieces into lines."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        if self._on_line is None:
            return
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for line in whole:
            if text := line.decode(errors="replace").strip():
                self._on_line(text)


def _attached(api: Any, identifier: str) -> Any:
    """Start a command and return its output as it comes: pairs of standard output and standard error.

    docker-py's own stream takes the socket from under the buffer in which the head of the engine's answer was read, and
    so loses what came in one piece with it: of a short command on a busy machine, everything.
    """
    from docker.types.daemon import CancellableStream

    attached = api.exec_start(identifier, socket=True)
    api._disable_socket_timeout(attached)  # noqa: SLF001  a command may be silent for long; we have a deadline
    response = attached._response  # noqa: SLF001  nothing else leads to the buffer
    return CancellableStream(frames(response.raw._fp.fp), response)  # noqa: SLF001


def frames(reader: IO[bytes]) -> Iterator[tuple[bytes | None, bytes | None]]:
    """The pieces of a stream in which the engine multiplexes both outputs, until it ends, whole or not.

    Eight bytes lead each: which output, three zeros, the length (Docker Engine API, ContainerAttach).
    """
    while len(head := reader.read(HEAD.size)) == HEAD.size:
        output, length = HEAD.unpack(head)
        piece = reader.read(length)
        yield (None, piece) if output == STANDARD_ERROR else (piece, None)


def _hang_up(stream: Any) -> None:
    """Close a stream of docker-py, which wakes whoever reads it; then what it keeps open behind it."""
    from docker.errors import DockerException

    with suppress(OSError, AttributeError, DockerException):  # it looks where there may be no socket any more
        stream.close()
    stream._response.close()  # noqa: SLF001  nobody else does, and the socket leaks


def _drain(stream: Iterator[Any], pieces: queue.Queue[Any]) -> None:
    try:
        for piece in stream:
            pieces.put(piece)
    except Exception as error:  # noqa: BLE001  handed to the thread that waits, which raises it
        pieces.put(error)
    else:
        pieces.put(None)


def _text(pieces: list[bytes]) -> str:
    return b"".join(pieces).decode(errors="replace")
