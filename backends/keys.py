"""Keys and certificates that are text, as files for libraries that read files only, without a file that can be left.

Called by the backends that open a client for a kubeconfig with embedded keys, and by the in-memory server: `ssl` takes
a private key from a path and from nothing else, and the official client's loader makes files in the folder for
temporary files, which outlive a process that is killed. On Linux a key is put into anonymous memory (memfd_create(2)),
whose path is below /proc and which is gone with the process, however that ends. Elsewhere it is a file in a folder of
our own, removed by `close`.

Processes of the same user can read the path, too, as long as we live.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

EMBEDDED = {
    "certificate-authority-data": "certificate-authority",
    "client-certificate-data": "client-certificate",
    "client-key-data": "client-key",
}
"""Keys of a kubeconfig's clusters and users whose values are embedded files, and those that name files."""


class KeyFiles:
    """A few of them. Closed by `close`, by leaving the block, or when nobody holds it any more."""

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        self._end = weakref.finalize(self, _close, self._descriptors, self._folders)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give everything back; the paths lead nowhere from then on. Once is enough."""
        self._end()

    def put(self, name: str, content: bytes) -> str:
        """A path at which `content` is read; another content under the same name is at the same path."""
        if sys.platform != "linux":
            return self._file(name, content)
        if name not in self._descriptors:
            self._descriptors[name] = os.memfd_create(name, os.MFD_CLOEXEC)
        descriptor = self._descriptors[name]
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
        return f"/proc/{os.getpid()}/fd/{descriptor}"

    def _file(self, name: str, content: bytes) -> str:
        if not self._folders:
            self._folders.append(tempfile.TemporaryDirectory(prefix="kubeactions-keys-"))
        path = Path(self._folders[0].name) / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return str(path)

    def named(self, entry: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """A kubeconfig's cluster or user, with files of ours for what is embedded in it.

        `prefix` tells this entry's files from another one's. Raises ValueError for what is no base64.
        """
        found = dict(entry)
        for embedded, file in EMBEDDED.items():
            if content := found.pop(embedded, None):
                found[file] = self.put(f"{prefix}-{file}", base64.b64decode(content, validate=False))
        return found


def _close(descriptors: dict[str, int], folders: list[tempfile.TemporaryDirectory[str]]) -> None:
    for descriptor in descriptors.values():
        os.close(descriptor)
    for folder in folders:
        folder.cleanup()
