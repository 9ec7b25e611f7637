"""Mistakes that have nothing to do with one command: one line, a documented exit code, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kubeactions.cli import COMMANDS, EXIT_CODES
from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "actions"
    directory.mkdir()
    return directory


def kubeconfig(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    return path


def test_an_unknown_backend(cli: Cli, source: Path) -> None:
    done = cli("run", "--backend", "fakee", "--source", source)
    assert (done.code, done.line) == (2, "kubeactions: unknown backend 'fakee'; did you mean fake?")


def test_an_option_that_the_backend_does_not_have(cli: Cli, source: Path) -> None:
    done = cli("run", "--backend", "fake", "--context", "x", "--source", source)
    assert done.code == 5
    assert "backend fake has no option 'context'" in done.line


def test_a_source_that_does_not_exist(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "--kubeconfig", kubeconfig(tmp_path, KUBECONFIG), "--source", tmp_path / "none")
    assert (done.code, "no such source directory" in done.line) == (4, True)


def test_no_source_at_all(cli: Cli) -> None:
    done = cli("run")
    assert (done.code, done.line) == (
        4,
        "kubeactions: no source to read: give --source DIR, or set kubeactions.sources",
    )


@pytest.mark.parametrize(
    "typed",
    ["demo --pace", "cancel x --wait", "fake serve --pod-ready-after", "backend start --timeout"],
)
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_what_is_no_number_of_seconds(cli: Cli, typed: str, number: str) -> None:
    done = cli(*typed.split(), number)
    assert done.code == 2
    assert f"{number!r} is no number of seconds" in done.line


def test_an_unknown_reporter(cli: Cli, tmp_path: Path, source: Path) -> None:
    done = cli("run", "--kubeconfig", kubeconfig(tmp_path, KUBECONFIG), "--source", source, "--report", "kuberntes")
    assert (done.code, done.line) == (2, "kubeactions: unknown reporter 'kuberntes'; did you mean kubernetes?")


def test_an_allowed_action_that_is_no_type(
    cli: Cli, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_ALLOWED_ACTIONS", "delete_pods")
    done = cli("run", "--kubeconfig", kubeconfig(tmp_path, KUBECONFIG), "--source", source)
    assert done.code == 3
    assert "unknown action type 'delete_pods'; did you mean delete_pod?" in done.line


KUBECONFIG = b"""
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot read the kubeconfig: No such file or directory"),
        (b"\xff\xfe", "the kubeconfig is not UTF-8"),
        (
            b"a: [",
            "the kubeconfig is broken YAML: expected the node content, but found '<stream end>' (line 1, column 5)",
        ),
        (b"[1]", "this is no kubeconfig"),
        (b"clusters: 5", "malformed kubeconfig: clusters is no list"),
        (KUBECONFIG.replace(b"current-context: x", b"current-context: y"), "there is no context 'y'; there are: x"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(cli: Cli, tmp_path: Path, content: bytes | None, text: str) -> None:
    path = tmp_path / "none" if content is None else kubeconfig(tmp_path, content)
    for command in (("history",), ("why", "x")):
        done = cli(*command, "--kubeconfig", path)
        assert done.code == 5, done
        assert text in done.line, done.line


def test_a_context_that_the_kubeconfig_does_not_have(cli: Cli, tmp_path: Path) -> None:
    done = cli("history", "--kubeconfig", kubeconfig(tmp_path, KUBECONFIG), "--context", "other")
    assert (done.code, "other" in done.line) == (5, True)


def test_a_cluster_that_does_not_answer(cli: Cli, tmp_path: Path) -> None:
    done = cli("history", "--kubeconfig", kubeconfig(tmp_path, KUBECONFIG))
    assert done.code == 5
    assert "127.0.0.1" in done.line


def test_no_cluster_at_all(cli: Cli) -> None:
    done = cli("history")
    assert (done.code, done.line.startswith("kubeactions: no cluster: give --kubeconfig")) == (5, True)


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (b"kubeactions: [", 3, "broken YAML"),
        (b"kubeactions: {enabld: true}", 3, "did you mean kubeactions.enabled?"),
        (b"kubeactions: {enabled: false}", 3, "kubeactions.enabled is false"),
        (b"kubeactions: {enabled: true}\nremote_configuration: {enabled: false}", 3, "remote_configuration.enabled is"),
    ],
)
def test_settings_that_make_no_sense_or_switch_it_off(
    cli: Cli, tmp_path: Path, source: Path, content: bytes, code: int, text: str
) -> None:
    settings = tmp_path / "datadog.yaml"
    settings.write_bytes(content)
    done = cli("run", "--settings", settings, "--source", source)
    assert (done.code, text in done.line) == (code, True)


def test_the_environment_switches_it_off_too(cli: Cli, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_ENABLED", "false")
    assert cli("run", "--source", source).code == 3


def test_a_mistyped_command_and_a_mistyped_option(cli: Cli) -> None:
    done = cli("submt")
    assert (done.code, done.line) == (
        2,
        "kubeactions: no such command 'submt'; did you mean submit? (try: kubeactions --help)",
    )
    done = cli("history", "--jsn")
    assert done.code == 2
    assert "No such option" in done.line
    assert "(try: kubeactions history --help)" in done.line


def test_an_interrupt_is_130(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kubeactions.cli.validate.load_settings", interrupted)
    assert cli("validate", tmp_path / "x").code == 130


def test_a_bug_of_ours_is_not_hidden(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("kubeactions.cli.validate.load_settings", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        cli("validate", tmp_path / "x")


# --- help ---


def test_help_names_every_command_and_exit_code(cli: Cli) -> None:
    text = cli("--help").out
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert all(f"\n  {code} " in text for code in EXIT_CODES)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_helps_with_examples(cli: Cli, name: str) -> None:
    done = cli(name, "--help")
    assert done.code == 0
    assert f"kubeactions {name}" in done.out
    assert "Usage: " in done.out


def test_help_imports_nothing_of_kubernetes_and_nothing_heavy() -> None:
    code = (
        "import sys; from kubeactions.cli import invoke; invoke(['--help']);"
        "heavy = {'kubernetes', 'rich', 'yaml', 'orjson', 'urllib3', 'asyncio'} & set(sys.modules);"
        "sys.exit(','.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_runs_as_a_module() -> None:
    arguments = [sys.executable, "-m", "kubeactions", "--version"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout.startswith("kubeactions ")) == (0, True)


def test_whoever_stops_reading_gets_no_traceback() -> None:
    script = f"{sys.executable} -m kubeactions --help | head -1"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.stderr == ""
