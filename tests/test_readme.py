"""The README is true: its commands are run, word for word, and its tables and code say what the code says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubeactions.cli import COMMANDS, EXIT_CODES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
SERVERS = ("kubeactions fake serve", "kubeactions run")
"""Commands that stay in their terminal."""
PATIENCE_S = 60.0


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every command line of the README, without its comment."""
    lines = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+# .*", "", line) for line in lines]


class Terminals:
    """The reader's terminals: one environment, processes that stay, processes that end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}
        self.running: list[subprocess.Popen[bytes]] = []

    def enter(self, line: str) -> None:
        """What happens when the reader types `line` and presses return."""
        words = shlex.split(line.replace("/tmp/kubeactions", str(self.home)))
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.environment[name] = value
        elif line.startswith(SERVERS):
            self._stay(words)
        else:
            done = subprocess.run(
                words, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    def _stay(self, words: list[str]) -> None:
        log = self.home / f"terminal-{len(self.running) + 1}.log"
        with log.open("wb") as output:
            self.running.append(
                subprocess.Popen(words, env=self.environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
            )
        said = "leading" if words[1] == "run" else "kubeconfig"
        deadline = time.monotonic() + PATIENCE_S
        while said not in log.read_text():
            assert self.running[-1].poll() is None, f"{words} ended: {log.read_text()}"
            assert time.monotonic() < deadline, f"{words} never said {said!r}: {log.read_text()}"
            time.sleep(0.05)

    def close(self) -> None:
        """Ctrl-C in every terminal; each must end by it."""
        for process in reversed(self.running):
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    opened = Terminals(tmp_path)
    try:
        yield opened
    finally:
        opened.close()


def test_the_commands_of_the_three_terminals_work_as_they_are_written(terminals: Terminals) -> None:
    lines = [line for line in commands() if not line.startswith("scripts/")]
    assert len(lines) >= 10
    for line in lines:
        terminals.enter(line)


def _timeless(line: str) -> str:
    """A line of the demo without its times, and with one blank between words."""
    return " ".join(re.sub(r"\d\d:\d\d:\d\d", "TIME", line).split())


def test_the_demo_tells_that_each_action_took_effect_once(tmp_path: Path) -> None:
    assert "scripts/demo" in commands()
    done = subprocess.run(
        [ROOT / "scripts" / "demo", "--folder", tmp_path / "demo"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split("  ") for line in done.stdout.splitlines() if line.startswith(("cleanup:v1", "refresh:v1"))]
    assert [next(cell.strip() for cell in row[2:] if cell.strip()) for row in rows] == ["1", "1"], done.stdout
    assert "fake serve -f" in done.stdout
    told = [_timeless(line) for line in done.stdout.splitlines()]
    promised = [_timeless(line) for line in blocks("text")[0].splitlines() if line]
    assert [line for line in promised if not any(one.startswith(line) for one in told)] == []
    assert (tmp_path / "demo" / "cluster.yaml").exists()


def test_the_test_command_is_what_continuous_integration_calls() -> None:
    assert "scripts/test" in commands()
    assert re.search(r"^scripts/test( --report-dir \S+)?$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_of_the_readme_runs(block: str) -> None:
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_settings_of_the_readme_are_read(block: str) -> None:
    from kubeactions.settings import parse

    assert parse(block, {}).active


def test_the_changelog_names_every_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert [name for name in COMMANDS if not re.search(rf"`(kubeactions )?{name}\b", text)] == []


def test_the_exit_codes_of_the_readme_are_those_of_the_command() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES


def test_the_files_that_the_readme_names_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
