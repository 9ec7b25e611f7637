"""`pytest --report-dir DIR`: JUnit and Cucumber messages of the scenarios, named after the backend.

`DIR/<name>.ndjson` holds the messages; `DIR/<name>.xml` is pytest's own JUnit file (one given with `--junitxml` wins),
in which a scenario's test case has the properties `backend`, `feature`, `rule`, `scenario` and `source`. Without the
option nothing is observed and nothing costs time. Loaded by `tests.plugin`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reporting.observer import EXAMPLE, Observer, relative, row_of, template_of

if TYPE_CHECKING:
    from tests.reporting.recorder import Recorder

_RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--report-dir` and `--report-name`."""
    group = parser.getgroup("reports", "reports of the scenarios")
    group.addoption(
        "--report-dir",
        metavar="DIR",
        help="write DIR/<name>.xml (JUnit) and DIR/<name>.ndjson (Cucumber messages, which scripts/report shows)",
    )
    group.addoption("--report-name", metavar="NAME", help="the reports' name (default: the backend's)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open the reports, before pytest's own JUnit plugin looks for its option. A folder that cannot be is refused."""
    asked = config.getoption("--report-dir")
    if not asked:
        return
    folder = Path(str(asked)).resolve()
    config.pluginmanager.register(Observer(config.rootpath), "observer of the scenarios")
    if hasattr(config, "workerinput"):
        return
    from tests.reporting.recorder import Recorder  # Here, so that a run without reports does not pay for it.

    try:
        folder.mkdir(parents=True, exist_ok=True)
        recorder = Recorder(folder / f"{_name(config)}.ndjson", config.rootpath)
    except OSError as error:
        raise pytest.UsageError(f"--report-dir {asked}: {error.strerror}: {error.filename}") from None
    config.option.xmlpath = config.option.xmlpath or str(folder / f"{_name(config)}.xml")
    config.stash[_RECORDER] = recorder
    config.pluginmanager.register(recorder, "recorder of the scenarios")


def _name(config: pytest.Config) -> str:
    """What the reports are called; it becomes a file's name and a column's title."""
    name = str(config.getoption("--report-name") or _backend(config))
    if "/" in name or name.startswith("."):
        raise pytest.UsageError(f"--report-name {name}: give a file's name without a folder")
    return name


def _backend(config: pytest.Config) -> str:
    return str(config.getoption("--backend", "scenarios"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell JUnit of the scenario behind a test."""
    template = template_of(item) if item.config.getoption("--report-dir") else None
    if template is None:
        return
    call = getattr(item, "callspec", None)
    scenario = template.render(call.params.get(EXAMPLE, {}) if call else {})
    row = f" row {row_of(item) + 1}" if call else ""
    told = {
        "backend": _backend(item.config),
        "feature": template.feature.name,
        "rule": template.rule.name if template.rule else "",
        "scenario": scenario.name,
        "source": f"{relative(item.config.rootpath, template.feature.filename)}:{template.line_number}{row}",
    }
    item.user_properties += [(name, value) for name, value in told.items() if value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the messages are; pytest says where the JUnit file is."""
    if recorder := config.stash.get(_RECORDER, None):
        terminalreporter.write_sep("-", f"Cucumber messages: {recorder.path}")
