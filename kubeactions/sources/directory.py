"""A directory of config files, one file a config: `<id>@<version>.json`, or `.yaml`, `.yml`.

`<id>.v<version>.json` is the same: a key of a ConfigMap cannot have an `@`. Of several the last one counts.

Made for a mounted ConfigMap, a synchronised folder, or `kubeactions submit`. It only reads: a read-only mount works,
and what was acknowledged is kept in memory (the ledger is what remembers). Rules:

- hidden, temporary and partial files (`.x`, `x~`, `.tmp`, `.swp`, `.part`, `#x#`) are not there; any other file that is
  no config is a `Problem`, so that a mistyped name does not wait in silence;
- a ConfigMap's mount is read through its `..data` link, resolved once a pull, so all files are of one generation;
- content that does not parse may be half written: the last good content of that file stays in force, and it is a
  `Problem`. The same content in two consecutive pulls is no longer being written: it is delivered as it is, so that it
  is refused on record and its sender hears of it;
- between two pulls, whoever polls may ask whether it stirs, one `stat`, and glance at it: a glance takes only what
  cannot be half written, JSON that parses and a ConfigMap's generation, and does not count as one of those two pulls.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from kubeactions.errors import SettingsError, SourceError
from kubeactions.model import AckState, Config, Problem, Pull
from kubeactions.plugins import nearest
from kubeactions.settings import Limits
from kubeactions.sources.yaml_payload import to_json

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Files above this are not even read; up to it an oversized payload is delivered, so that it is refused on record."""
_SWAP_TRIES = 3
"""How often a pull starts over because `..data` moved under it; kubelet moves it about once a minute."""
_NAME = re.compile(r"(?P<id>.*)(?:@|\.v)(?P<version>0|[1-9][0-9]{0,18})\.(?P<format>json|yaml|yml)", re.DOTALL)
_UNFINISHED = re.compile(r"\..*|.*~|#.*#|.*\.(tmp|swp|swx|part|partial|crdownload|bak|orig)", re.DOTALL | re.IGNORECASE)


_Signature: TypeAlias = tuple[int, ...]


@dataclass(slots=True)
class _File:
    """What is remembered of one file between two pulls."""

    raw: bytes = b""
    """Content at the last look."""
    signature: _Signature = ()
    """What `stat` said when it was read."""
    settled: bool = False
    """Read twice under one signature, a pull apart: it need not be read again until that changes."""
    problem: str = ""
    """What is wrong with it; "" when it parses."""
    payload: bytes | None = None
    """What is in force: the last content that parsed, or broken content that has stayed."""


class DirectorySource:
    """A `Source` over one directory. Not thread-safe: one processor pulls it."""

    def __init__(self, path: Path, *, parse_bytes: int = Limits().config_bytes) -> None:
        """`parse_bytes`: content longer than this is handed on unparsed; the validator refuses it by its size."""
        self.name = f"directory:{path}"
        self.path = path
        self.acks: dict[tuple[str, int], tuple[AckState, str]] = {}
        """The last word on each (id, version), for whoever watches in this process."""
        self._parse_bytes = parse_bytes
        self._files: dict[str, _File] = {}
        self._state: _Signature = ()
        """Of the directory, before it was read last."""
        self._once_more = False
        """It had changed then: another change within the same tick of the kernel's clock would not show."""

    def stirs(self) -> bool:
        """Whether names in it have come, gone or moved since it was read; once more after each change."""
        return self._once_more or self._state_now() != self._state

    def glance(self) -> Pull:
        """As `pull`, but of new content only what cannot be half written; what else there is stays as it was."""
        return self._pull(ahead=True)

    def pull(self) -> Pull:
        """Read every config there is now, by rising id and version; raises `SourceError` when the directory is gone."""
        return self._pull(ahead=False)

    def _state_now(self) -> _Signature:
        try:
            return _signature(os.stat(self.path))
        except OSError:
            return ()

    def _pull(self, *, ahead: bool) -> Pull:
        state = self._state_now()
        self._once_more, self._state = state != self._state, state
        for _ in range(_SWAP_TRIES):
            base = self._generation()
            files, problems = self._read(base, ahead=ahead)
            if self._generation() == base:
                return self._settle(files, problems)
        raise SourceError(f"{self.path}: it was replaced {_SWAP_TRIES} times while being read; trying again later")

    def ack(self, config: Config, state: AckState, message: str) -> None:
        """Remember what became of a config, while it is there."""
        self.acks[config.id, config.version] = (state, message)

    def _generation(self) -> Path:
        """The directory that holds the files: for a ConfigMap's mount, what `..data` points at right now."""
        link = self.path / "..data"
        return Path(os.path.realpath(link)) if link.is_symlink() else self.path

    def _read(self, base: Path, *, ahead: bool) -> tuple[dict[str, _File], list[Problem]]:
        files: dict[str, _File] = {}
        problems: list[Problem] = []
        try:
            names = sorted(os.listdir(base))
        except OSError as error:
            raise SourceError(f"{self.path}: cannot read the source directory: {error.strerror}") from error
        for name in names:
            if _UNFINISHED.fullmatch(name) or name == "lost+found":
                continue
            if problem := name_problem(name):
                problems.append(Problem(_printable(name), problem))
                continue
            try:
                if (file := (self._glance_at if ahead else self._look)(base, name)) is not None:
                    files[name] = file
            except FileNotFoundError:
                continue  # It was removed since the listing.
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                problems.append(Problem(name, reason))
        return files, problems

    def _settle(self, files: dict[str, _File], problems: list[Problem]) -> Pull:
        """From what was read and what is remembered to what is in force."""
        for problem in problems:
            if problem.item in self._files:  # Unreadable now: the last good content stays.
                files[problem.item] = self._files[problem.item]
        self._files = files
        configs: dict[tuple[str, int], Config] = {}
        for name, file in sorted(files.items()):
            if file.problem:
                problems.append(Problem(name, file.problem))
            if file.payload is None:
                continue
            id_, version = _identity(name)
            if (id_, version) in configs:
                problems.append(Problem(name, f"there is another file for {id_}@{version}; this one is not read"))
            else:
                # What is wrong with JSON the validator says itself; of YAML it sees only what became of it.
                told = file.problem if file.payload is file.raw and not name.endswith(".json") else ""
                configs[id_, version] = Config(id_, version, file.payload, self.name, told)
        self.acks = {key: ack for key, ack in self.acks.items() if key in configs}
        return Pull(tuple(configs[key] for key in sorted(configs)), tuple(problems))

    def _look(self, base: Path, name: str) -> _File:
        """The file as it is now; only read when it may have changed. Raises OSError, or ValueError with a reason."""
        before = self._files.get(name)
        signature = _signature(os.stat(base / name))
        if before is not None and before.settled and before.signature == signature:
            return before
        raw = _read_file(base, name)
        if before is not None and before.raw == raw:
            # Broken content that stays is in force as it is: so it is refused on record.
            payload = raw if before.problem else before.payload
            return _File(raw, signature, before.signature == signature, before.problem, payload)
        payload, problem = _payload(name, raw, self._parse_bytes)
        if problem and before is not None:
            payload = before.payload
        return _File(raw, signature, False, problem, payload)

    def _glance_at(self, base: Path, name: str) -> _File | None:
        """The file as a glance takes it; None for a new one that is left to the next pull. Raises as `_look` does."""
        before = self._files.get(name)
        if before is not None and before.signature == _signature(os.stat(base / name)):
            return before
        raw = _read_file(base, name)
        payload, problem = _payload(name, raw, self._parse_bytes)
        whole = base != self.path or (name.endswith(".json") and len(raw) <= self._parse_bytes)
        if problem or not whole or (before is not None and before.raw == raw):
            return before
        return _File(raw, (), False, "", payload)  # Without a signature: it is none of the two looks that settle it.


def open_directory(options: Mapping[str, Any], limits: Limits) -> DirectorySource:
    """The factory behind `{type: directory, path: DIR}`; raises `SettingsError` or `SourceError`."""
    for key in options:
        if key != "path":
            raise SettingsError(f"source directory: unknown option {key!r}{nearest(str(key), ['path'])}")
    path = options.get("path")
    if not isinstance(path, str) or not path:
        raise SettingsError("source directory: option path is missing: the directory to read")
    check_directory(Path(path))
    return DirectorySource(Path(path), parse_bytes=limits.config_bytes)


def check_directory(path: Path) -> None:
    """Raise `SourceError`, one line, unless `path` is a directory that can be listed."""
    try:
        os.listdir(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such source directory; create it with: mkdir -p {path}") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot read the source directory: {error.strerror}") from error


def file_name(id_: str, version: int) -> str:
    """The name under which a config is put into a directory; raises ValueError when the id cannot be one."""
    name = f"{id_}@{version}.json"
    if not id_ or "/" in id_ or "\0" in id_ or _UNFINISHED.fullmatch(name) or len(os.fsencode(name)) > 240:
        raise ValueError(f"{id_!r} cannot be in a file's name: no '/', no leading '.', at most 200 bytes")
    return name


def read_config(path: Path, *, parse_bytes: int) -> Config:
    """One config file, wherever it lies, for `kubeactions validate`.

    A name that is no `<id>@<version>` gives the file's name as id and version 1: the payload can be checked before it
    is named. Raises `SourceError` when it cannot be read or is broken YAML; broken JSON is returned as it is.
    """
    try:
        raw = _read_file(path.parent, path.name)
    except OSError as error:
        raise SourceError(f"{path}: cannot read: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from error
    named = _NAME.fullmatch(path.name)
    payload, problem = _payload(path.name, raw, parse_bytes)
    if problem and path.suffix in {".yaml", ".yml"}:
        raise SourceError(f"{path}: {problem}")
    id_, version = _identity(path.name) if named else (path.stem or path.name, 1)
    return Config(id_, version, raw if payload is None else payload, f"file:{path}")


def _read_file(base: Path, name: str) -> bytes:
    """A regular file's content. Opened without blocking: a FIFO in the directory must not hold up the agent."""
    descriptor = os.open(base / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise ValueError("no regular file; one file a config is read, not folders")
        if state.st_size > MAX_FILE_BYTES:
            raise ValueError(f"{state.st_size} bytes; files above {MAX_FILE_BYTES} are not read")
        return file.read(MAX_FILE_BYTES)


def _signature(state: os.stat_result) -> _Signature:
    """Changes with every write but one within the same tick (4 ms) of the kernel's clock: one look is not enough."""
    return (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _payload(name: str, raw: bytes, parse_bytes: int) -> tuple[bytes | None, str]:
    """The payload and "", or None and what is wrong."""
    if len(raw) > parse_bytes:
        return raw, ""
    if raw.startswith(codecs.BOM_UTF8):
        return None, "it begins with a byte order mark: save it as UTF-8 without one"
    try:
        text = raw.decode()
        if not name.endswith(".json"):
            return to_json(text), ""
        json.loads(text, parse_int=str)  # Whether a number is too long is the validator's to say.
    except UnicodeDecodeError as error:
        return None, f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}"
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
    except RecursionError:
        return None, "not JSON: nested too deep"
    except ValueError as error:
        return None, str(error)
    return raw, ""


def name_problem(name: str) -> str:
    """Why a file of this name is not taken for a config, "" when it is."""
    if _NAME.fullmatch(name) and _printable(name) == name:
        return ""
    return "no config: name it <id>@<version>.json, .yaml or .yml (or <id>.v<version>.json), the version from 1"


def _identity(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    assert match is not None, name
    return match["id"], int(match["version"])


def _printable(name: str) -> str:
    """A file's name that can be logged: bytes that are no UTF-8 are shown escaped."""
    return name.encode(errors="backslashreplace").decode()
