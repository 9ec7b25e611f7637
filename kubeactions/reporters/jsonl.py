"""A file of JSON lines as a destination: one whole line a settled action, on disk before it is acknowledged.

Replicas on one machine may share the file: each delivery holds an exclusive lock, first reads what others have added,
and drops reports whose marker is in the file already, also after a restart. A line that a crash tore is cut off. A file
that was rotated away is begun anew. Not for network file systems, whose locks are advice.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from kubeactions.errors import SettingsError
from kubeactions.model import JsonObject, Report
from kubeactions.reporters import Surroundings, refuse_options

_CHUNK = 1024 * 1024


class JsonLinesReporter:
    """A `Reporter` that appends to a file. Not thread-safe: one processor delivers."""

    def __init__(self, path: Path, cluster_name: str = "") -> None:
        self.name = f"jsonl:{path}"
        self._path = path
        self._cluster_name = cluster_name
        self._known: set[str] = set()
        self._file_id: tuple[int, int] | None = None
        self._read_to = 0

    def deliver(self, reports: Sequence[Report]) -> None:
        """Append those that are not there yet and sync them; raises OSError, and then nothing was added."""
        with self._locked() as descriptor:
            self._catch_up(descriptor)
            new = {report.key.marker: report for report in reports if report.key.marker not in self._known}
            if not new:
                return
            data = b"".join(line(report, self._cluster_name) for report in new.values())
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, self._read_to)
                raise
            self._read_to += len(data)
            self._known |= new.keys()

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _catch_up(self, descriptor: int) -> None:
        """Learn the markers of what was added since the last look, and cut off a torn last line."""
        state = os.fstat(descriptor)
        file_id = (state.st_dev, state.st_ino)
        if file_id != self._file_id or state.st_size < self._read_to:
            self._file_id, self._read_to, self._known = file_id, 0, set()
            _sync_directory(self._path.parent)
        rest = b""
        while chunk := os.pread(descriptor, _CHUNK, self._read_to + len(rest)):
            *lines, rest = (rest + chunk).split(b"\n")
            for whole in lines:
                self._read_to += len(whole) + 1
                self._known.add(_marker(whole))
        if rest:
            os.ftruncate(descriptor, self._read_to)


def line(report: Report, cluster_name: str = "") -> bytes:
    """One report as a line of JSON, its newline included."""
    outcome = report.outcome
    body: JsonObject = {
        "marker": report.key.marker,
        "key": str(report.key),
        "id": report.key.id,
        "version": report.key.version,
        "index": report.key.index,
        "cluster_name": cluster_name,
        "status": str(outcome.status),
        "reason": outcome.reason,
        "message": outcome.message,
        "inferred": outcome.inferred,
        "replica": report.replica,
        "settled_at": report.settled_at.isoformat(),
        "uid": report.uid,
        "action": report.action.content() if report.action is not None else None,
        "payload": dict(outcome.payload),
    }
    return orjson.dumps(body) + b"\n"


def _marker(whole: bytes) -> str:
    """A line's marker; a line that is not ours (somebody's edit) has none."""
    try:
        found = orjson.loads(whole)
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("marker", "")) if isinstance(found, dict) else ""


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_directory(path: Path) -> None:
    """Make the file's name durable too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_jsonl(options: Mapping[str, Any], surroundings: Surroundings) -> JsonLinesReporter:
    """The factory behind `{type: jsonl, path: FILE}`; raises `SettingsError` when its directory cannot be written."""
    refuse_options("jsonl", options, ["path"])
    path = options.get("path")
    if not isinstance(path, str) or not path:
        raise SettingsError("reporter jsonl: option path is missing: the file to append to")
    if Path(path).is_dir() or not os.access(Path(path).parent, os.W_OK | os.X_OK):
        raise SettingsError(f"reporter jsonl: {path} cannot be written")
    return JsonLinesReporter(Path(path), surroundings.cluster_name)
