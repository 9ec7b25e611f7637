"""The plugins of replicas that are processes: a source, a destination and an action of a third party.

They pass on what they are told to the world of the scenario, over HTTP or in a file. `installed` makes a distribution
of them, so that `kubeactions run` finds them by entry points, as it finds anybody's.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubeactions.model import Action, Cluster, Outcome, Report, Source, Status
from kubeactions.reporters import Surroundings
from kubeactions.reporters.jsonl import line
from kubeactions.settings import Limits
from kubeactions.sources.directory import open_directory
from tests.steps.bell import Bell
from tests.steps.witnesses import Ack, WitnessedSource

URL, REPLICA = "KUBEACTIONS_WITNESS_URL", "KUBEACTIONS_WITNESS_REPLICA"
"""Variables of a replica's environment: where the witnesses listen, and who asks."""
PATIENCE_S = 60.0
"""Longer than any witness keeps a replica waiting."""

_ENTRY_POINTS = """\
[kubeactions.sources]
witnessed = tests.steps.witness_plugins:open_source
[kubeactions.reporters]
witness = tests.steps.witness_plugins:open_reporter
[kubeactions.executors]
ring_bell = tests.steps.witness_plugins:ring_bell
"""


def installed(directory: Path) -> Path:
    """Write the distribution into `directory`, which is to be on the replica's PYTHONPATH; returns it."""
    info = directory / "witness_plugins-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: witness-plugins\nVersion: 1\n")
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)
    return directory


class _Notes:
    """A file of JSON lines that all replicas add to; one line is one write."""

    def __init__(self, path: str) -> None:
        self._path = path

    def append(self, ack: Ack) -> None:
        """Add a line."""
        text = json.dumps([ack.replica, ack.id, ack.version, ack.state, ack.message]) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def open_source(options: Mapping[str, Any], limits: Limits) -> Source:
    """`{type: witnessed, path: DIRECTORY, notes: FILE}`: the directory source, whose acknowledgements are noted."""
    inner = open_directory({"path": options["path"]}, limits)
    return WitnessedSource(inner, os.environ[REPLICA], _Notes(options["notes"]))


class WitnessReporter:
    """Brings reports to a destination of the scenario."""

    def __init__(self, name: str) -> None:
        self.name = name

    def deliver(self, reports: Sequence[Report]) -> None:
        """Raises `OSError` when the destination does not acknowledge."""
        _tell(f"destinations/{self.name}", b"".join(line(report) for report in reports))


def open_reporter(options: Mapping[str, Any], surroundings: Surroundings) -> WitnessReporter:
    """`{type: witness, destination: NAME}`."""
    return WitnessReporter(options["destination"])


def ring_bell(action: Action, kube: Cluster) -> Outcome:
    """Ring the bell; raises `OSError` when it is broken."""
    _tell("bell", b"")
    return Outcome(Status.SUCCEEDED, "Rung", f"the bell rang for {action.target}")


ring_bell.spec = Bell.spec  # type: ignore[attr-defined]  # The registry's way to say more of a plain function.


def _tell(what: str, body: bytes) -> None:
    url = f"{os.environ[URL]}/{os.environ[REPLICA]}/{what.replace(' ', '%20')}"
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=PATIENCE_S) as answer:
        answer.read()
