"""Replacing a file in one step: a reader, or a SIGKILL in the middle, finds the old file or the new one, never half.

Used for saved clusters and kubeconfigs. The temporary file lies beside its target, since a rename is atomic only
within one file system.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write `chunks` to `path` with permissions `mode`, durably, in one step.

    A symbolic link keeps pointing where it does: what it points to is replaced. What is no regular file (/dev/stdout, a
    pipe) is written straight to: there is nothing to keep. Raises OSError, and then leaves nothing behind.
    """
    target = path.resolve()
    if target.exists() and not target.is_file() and not target.is_dir():
        with target.open("wb") as straight:
            straight.writelines(chunks)
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def check_replaceable(path: Path) -> None:
    """Raise the OSError that `replace_file(path, ...)` would meet, as far as that can be known beforehand."""
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.exists() and not target.is_file():
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    os.unlink(name)
