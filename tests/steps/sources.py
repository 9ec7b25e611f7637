"""The sources of a scenario: directories of config files, which somebody writes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kubeactions.model import AckState, Source
from kubeactions.sources.directory import DirectorySource
from tests.steps.witnesses import Ack, WitnessedSource

MAIN = "main"
"""The source that is meant when a scenario names none."""


class Sources:
    """Directories by name, and everything that the replicas told them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: list[str] = []
        self._withdrawn: dict[str, bytes] = {}
        self._acks: list[Ack] = []
        self.add(MAIN)

    @property
    def acks(self) -> Sequence[Ack]:
        """Everything that the replicas told the sources, in order."""
        return self._acks

    def add(self, name: str) -> None:
        """Make one more source."""
        self.directory(name).mkdir(parents=True)
        self._names.append(name)

    def directory(self, name: str = MAIN) -> Path:
        """Where a source's files are."""
        return self._root / name

    def directories(self) -> list[Path]:
        """Where every source's files are."""
        return [self.directory(name) for name in self._names]

    def open(self, replica: str) -> list[Source]:
        """Every source as one replica opens it."""
        return [WitnessedSource(DirectorySource(self.directory(name)), replica, self._acks) for name in self._names]

    def deliver(self, file: str, content: bytes, source: str = MAIN) -> None:
        """Put a whole file in place, as a writer does that renames it when it is finished."""
        unfinished = self.directory(source) / f".{file}.writing"
        unfinished.write_bytes(content)
        unfinished.rename(self.directory(source) / file)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name."""
        (self.directory() / old).rename(self.directory() / new)

    def withdraw(self, file: str) -> None:
        """Take a file away."""
        path = self.directory() / file
        self._withdrawn[file] = path.read_bytes()
        path.unlink()

    def bring_back(self, file: str) -> None:
        """Put a file back that was taken away."""
        self.deliver(file, self._withdrawn.pop(file))

    def copy(self, file: str, source: str) -> None:
        """Deliver a file of the main source by another one too."""
        self.deliver(file, (self.directory() / file).read_bytes(), source)

    def break_(self, name: str) -> None:
        """Make a source unreadable."""
        self.directory(name).rename(self._root / f"{name}.gone")

    def mend(self, name: str) -> None:
        """Make it readable again."""
        (self._root / f"{name}.gone").rename(self.directory(name))


class NotedSources(Sources):
    """Directories that processes read, and what they told them, from the file in which they note it."""

    def __init__(self, root: Path, notes: Path) -> None:
        super().__init__(root)
        self._notes = notes

    @property
    def acks(self) -> Sequence[Ack]:
        """What the file holds."""
        if not self._notes.exists():
            return []
        found = (json.loads(line) for line in self._notes.read_text().splitlines())
        return [Ack(replica, id_, version, AckState(state), text) for replica, id_, version, state, text in found]
