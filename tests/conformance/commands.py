"""Replays the battery of kubectl commands: what each prints, to both streams, and its exit status.

`kubectl/*.yaml` are cases of which some steps are commands (`run`, a line for bash) instead of requests; the recordings
beside them hold what kubectl 1.37 printed against the recorded server. Called by `test_kubectl_battery`. The rules of
normalising are the recorder's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.conformance.case import ROOT, TOKENS, Case, Step, read_case
from tests.conformance.normaliser import Normaliser
from tests.conformance.player import POLL_S, UNTIL_LIMIT_S, Player
from tests.conformance.wire import Wire

COMMAND_LIMIT_S: Final = 90.0
_AGE: Final = re.compile(r"(?<![\w.-])(?:\d+[smhd])+(?![\w-])")
_SUBSTITUTIONS: Final = (
    (re.compile(r"\S*/kubectl-edit-\d+\.yaml"), "<tmpfile>"),
    (re.compile(r"\S*/(LIVE|MERGED)-\d+"), r"<tmp>/\1"),
    (re.compile(r"(?m)^((?:---|\+\+\+) <tmp>\S+)\t.*$"), r"\1"),
    (re.compile(r"^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", re.MULTILINE), "<log> "),
    (re.compile(r'(resourceVersion"?: "?)\d+'), r"\1<rv>"),
    (re.compile(r"(Resource ?Version: +)\d+"), r"\1<rv>"),
)
_CLIENTS_RACE: Final = re.compile(
    r'^<log> reflector\.go:\d+\] .*("very short watch: |"context deadline exceeded").*\n', re.MULTILINE
)
"""kubectl's own log of a watch that ended with its `--timeout`, when it notices the end before the reason."""
_AFTER: Final = (
    (re.compile(r"((?:uid(?:\"|:)|UID:).*?)<uid:\d+>"), r"\1<uid>"),
    (re.compile(r"\w{3}, \d\d \w{3} 20[2-9]\d \d\d:\d\d:\d\d [+-]\d{4}"), "<date>"),
    (re.compile(r"20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* [+-]\d{4} \w+"), "<date>"),
)


@dataclass(frozen=True, slots=True)
class Printed:
    """One command, ended; `step` is its number in the case."""

    step: int
    run: str
    rc: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where commands run: a folder with a `config` for kubectl, the server's URL, the folder of the kubectl."""

    folder: Path
    url: str
    kubectl: Path

    def environment(self, namespace: str) -> dict[str, str]:
        """Nothing of this machine's configuration is seen."""
        return {
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "config"),
            "LC_ALL": "C",
            "NS": namespace,
            "PATH": f"{self.kubectl}:{os.defpath}",
            "TZ": "UTC",
        }


def kubeconfig(url: str, authority: Path) -> str:
    """A context for each of the cases' users; the administrator's is the current one."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "parity", "cluster": {"server": url, "certificate-authority": str(authority)}}],
            "users": [{"name": user, "user": {"token": token}} for user, token in TOKENS.items()],
            "contexts": [{"name": user, "context": {"cluster": "parity", "user": user}} for user in TOKENS],
            "current-context": "admin",
        }
    )


@cache
def load_batteries() -> tuple[Case, ...]:
    """Every battery, by name."""
    return tuple(read_case(path) for path in sorted((ROOT / "kubectl").glob("*.yaml")))


def load_printed(battery: Case) -> list[Printed]:
    """What the commands of a battery printed when they were recorded."""
    recording = json.loads((ROOT / "kubectl" / f"{battery.name}.json").read_bytes())
    return [Printed(**step) for step in recording["steps"]]


class CommandPlayer(Player):
    """A player that also knows `run`."""

    def __init__(self, wire: Wire, battery: Case, place: Place) -> None:
        super().__init__(wire, battery)
        self._place = place
        self._commands: list[tuple[int, Step, subprocess.CompletedProcess[str]]] = []

    def printed(self) -> list[Printed]:
        """Play the battery; what its commands printed, normalised."""
        self.play()
        return [self._printed(*each) for each in self._commands]

    def _play(self, step: Step) -> None:
        if "run" not in step:
            super()._play(step)
            return
        done = self._run(step)
        if not step.get("silent"):
            self._commands.append((self._index, step, done))

    def _run(self, step: Step) -> subprocess.CompletedProcess[str]:
        self._write_files(step.get("files") or {})
        environment = {**self._place.environment(self.namespace), **self._fill(step.get("env") or {})}
        limit = self._wire.now() + step.get("timeout", UNTIL_LIMIT_S)
        wanted = re.compile(self._fill(step["until"])) if "until" in step else None
        while True:
            done = subprocess.run(
                ["bash", "-c", self._fill(step["run"])],
                cwd=self._place.folder,
                env=environment,
                input=self._fill(step.get("stdin", "")),
                capture_output=True,
                text=True,
                timeout=COMMAND_LIMIT_S,
                check=False,
            )
            if wanted is None or wanted.search(done.stdout + done.stderr) or self._wire.now() > limit:
                break
            self._wire.sleep(POLL_S)
        for name, pattern in (step.get("capture") or {}).items():
            found = re.search(self._fill(pattern), done.stdout)
            if found:
                self._vars[name] = self.captured[name] = found[1] if found.groups() else found[0]
        return done

    def _write_files(self, files: Mapping[str, Any]) -> None:
        for name, content in files.items():
            text = content
            if isinstance(content, list):
                text = yaml.safe_dump_all([self._fill(document) for document in content])
            elif not isinstance(content, str):
                text = yaml.safe_dump(self._fill(content))
            path = self._place.folder / name
            path.write_text(self._fill(text), encoding="utf-8")
            if path.suffix == ".sh":
                path.chmod(0o755)

    def _printed(self, index: int, step: Step, done: subprocess.CompletedProcess[str]) -> Printed:
        normaliser = Normaliser(self)
        stdout, stderr = (self._clean(text, step, normaliser) for text in (done.stdout, done.stderr))
        for pattern, replacement in (step.get("mask") or {}).items():
            stdout, stderr = (re.sub(pattern, replacement, text, flags=re.MULTILINE) for text in (stdout, stderr))
        return Printed(index, step["run"], done.returncode, stdout, stderr)

    def _clean(self, text: str, step: Step, normaliser: Normaliser) -> str:
        text = text.replace(str(self._place.folder), "<home>").replace(self._place.url, "<url>")
        for pattern, replacement in _SUBSTITUTIONS:
            text = pattern.sub(replacement, text)
        text = _CLIENTS_RACE.sub("", normaliser.text(text))
        for pattern, replacement in _AFTER:
            text = pattern.sub(replacement, text)
        if not step.get("exact"):
            text = re.sub(r"(?<=\S)[ \t]{2,}", "  ", text)
            text = "\n".join(line.rstrip() for line in text.split("\n"))
        if not step.get("keepAges"):
            text = _AGE.sub("<age>", text)
        return "\n".join(sorted(text.split("\n"))).lstrip("\n") if step.get("sortLines") else text
