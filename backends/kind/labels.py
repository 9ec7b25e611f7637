"""Who a node belongs to, written on its container and its network; and which nodes are leftovers.

Pure but for reading /proc. A node is a leftover when the process that started it is gone and nobody was to keep it, or
when it was to be kept and never became ready. Only the machine that started a node judges: another one that uses the
same engine cannot see whether the process lives.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PREFIX = "kubeactions.backend"
KIND = {PREFIX: "kind"}
"""Every container of this backend has it."""
_NAME, _SESSION, _KEEP, _OWNER, _IMAGE = (f"{PREFIX}.{key}" for key in ("name", "session", "keep", "owner", "image"))


@dataclass(frozen=True, slots=True)
class Owner:
    """A process on a machine, so that a reused process id is not taken for it."""

    machine: str
    """Host and process namespace."""
    boot: str
    """The machine's boot; after the next one no process of this one lives."""
    pid: int
    started: str
    """The kernel's word for when; empty where it does not say."""

    @classmethod
    def me(cls) -> Self:
        """The process that asks."""
        pid = os.getpid()
        return cls(_machine(), _boot(), pid, _started(pid))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote; anything else is an owner on no machine."""
        parts = text.split(" ")
        if len(parts) != 4 or not parts[2].isdigit():
            return cls("", "", 0, "")
        return cls(parts[0], parts[1], int(parts[2]), parts[3])

    def __str__(self) -> str:
        return f"{self.machine} {self.boot} {self.pid} {self.started}"

    def gone(self) -> bool:
        """Whether the process is known to have ended; False when that cannot be known from here."""
        if self.machine != _machine():
            return False
        if self.boot != _boot():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return bool(self.started) and _started(self.pid) != self.started


@dataclass(frozen=True, slots=True)
class Labels:
    """What is written on a node's container."""

    name: str
    session: str
    """One boot's own word, by which its janitor finds what it left."""
    keep: bool
    owner: Owner
    image: str
    """As the user named it."""

    def as_dict(self) -> dict[str, str]:
        """For the engine."""
        values = {_NAME: self.name, _SESSION: self.session, _KEEP: str(self.keep).lower()}
        return {**KIND, **values, _OWNER: str(self.owner), _IMAGE: self.image}

    @classmethod
    def read(cls, labels: dict[str, str]) -> Self:
        """From the engine; missing ones are empty."""
        return cls(
            labels.get(_NAME, ""),
            labels.get(_SESSION, ""),
            labels.get(_KEEP) == "true",
            Owner.parse(labels.get(_OWNER, "")),
            labels.get(_IMAGE, ""),
        )

    def leftover(self, *, ready: bool) -> bool:
        """Whether nobody will come back for this node, which was or was not booted to the end."""
        return self.owner.gone() and not (self.keep and ready)


def session_filter(session: str) -> str:
    """The engine's filter for what one boot made."""
    return f"{_SESSION}={session}"


def _machine() -> str:
    """The machine, and the process namespace: containers that share an engine differ in it."""
    parts = [platform.node(), _first_line("/etc/machine-id")]
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return "/".join(parts).replace(" ", "-")


def _boot() -> str:
    return _first_line("/proc/sys/kernel/random/boot_id")


def _first_line(path: str) -> str:
    """Empty where there is no such file: this is no Linux."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in clock ticks since boot: field 22 of /proc/<pid>/stat; empty where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
