"""What every pytest run of this project loads first (`-p tests.plugin`).

It adds `--backend`, loads the steps of the scenarios, and makes a scenario's tag a question to the backend: a tag names
a flag of `Capabilities` (`@wire-faults` is `wire_faults`), and a scenario whose backend has not got it is skipped with
that reason. A tag that is neither a flag nor a registered mark is an error, not a no-op. Tags say what a scenario
needs, never where it runs.

Where time is not virtual, replicas are processes behind proxies (`tests/steps/real.py`): the proxies bring faults at
the wire and an audit trail to every backend. The cluster is opened once a session, by the process that the user
started; the workers of pytest-xdist are given a kubeconfig of it.

It refuses to let freezegun near the official client: `kubernetes.client` builds its models lazily, and building one
while `datetime` is a fake raises (freezegun 1.5.5 with kubernetes 37).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import importlib
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import freezegun
import pytest
from hypothesis import HealthCheck, settings

import backends
from backends.capabilities import Capabilities
from backends.keys import KeyFiles
from backends.live import LiveBackend
from kubeactions.clock import SystemClock
from kubeactions.errors import KubeError
from tests.steps import lookups

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, Step

# freezegun looks at every attribute of every module: of testcontainers one asks an engine when it is looked at, and
# leaves its socket open where there is none.
freezegun.configure(
    extend_ignore_list=["kubernetes", "_pytest", "xdist", "execnet", "testcontainers", "tests.reporting"]
)

lookups.once()

pytest_plugins = (
    "tests.steps.given",
    "tests.steps.when",
    "tests.steps.then",
    "tests.steps.workloads",
    "tests.steps.commands",
    "tests.steps.fixtures",
    "tests.conformance.summary",
    "tests.reporting.plugin",
)

FLAGS = frozenset(flag.name for flag in fields(Capabilities))
"""The questions that a tag can ask."""
PROXIED = frozenset({"wire_faults", "audit_trail"})
"""What the proxies of real processes bring to any backend."""
BACKEND = pytest.StashKey[Any]()
"""The session's cluster, where time is not virtual: an open `Backend`."""
CAPABILITIES = pytest.StashKey[Capabilities]()
"""What that cluster can do, asked of the open one: it may depend on how it was opened."""
OPTIONS = ("kubeconfig", "context", "i_know_this_is", "keep")
"""Options of backends that can be given on the command line."""
FEATURES = "tests/acceptance/test_features.py::"
"""Where every scenario is a test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend`: which cluster the scenarios run against, and what it is opened with."""
    parser.addoption(
        "--backend",
        default="fake",
        help="the backend that the scenarios run against: an entry point of kubeactions.backends (default: fake)",
    )
    parser.addoption(
        "--stretch",
        type=_stretch,
        default=1.0,
        metavar="FACTOR",
        help="let leases and times of the scenarios last so many times as long (at least 1) where time is real: for "
        "machines that are slow, or busy with other things",
    )
    opened = parser.getgroup("backend", "what the backend is opened with; one that does not know an option refuses it")
    opened.addoption("--kubeconfig", metavar="FILE", help="live: the cluster (default: as kubectl finds it)")
    opened.addoption("--context", metavar="NAME", help="live: a context of the kubeconfig (default: its current one)")
    opened.addoption(
        "--i-know-this-is", metavar="NAME", help="live: the cluster's name, to let scenarios use all of it"
    )
    opened.addoption("--keep", action="store_const", const=True, help="kind: leave the cluster running, and reuse it")


def _stretch(text: str) -> float:
    """The value of `--stretch`."""
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1.0 <= factor <= 100.0:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 100")
    return factor


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that tags become; refuse a backend that nobody knows."""
    backend = str(config.getoption("--backend"))
    if backend not in backends.names():
        raise pytest.UsageError(f"--backend {backend}: no such backend; known: {', '.join(sorted(backends.names()))}")
    # No test depends on how quick the machine is, property tests neither.
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    for flag in sorted(FLAGS):
        config.addinivalue_line("markers", f"{flag.replace('_', '-')}: the scenario needs the capability {flag}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the session's cluster; a worker takes the kubeconfig of the one that the controlling process has opened."""
    config = session.config
    name = str(config.getoption("--backend"))
    config.stash[CAPABILITIES] = backend_class(name).capabilities
    if config.stash[CAPABILITIES].virtual_time or config.getoption("--collect-only"):
        return
    shared = getattr(config, "workerinput", {}).get("cluster")
    try:
        backend = _open(config, name, shared)
        config.stash[BACKEND] = backend.__enter__()
        _reach(backend)
        if isinstance(backend, LiveBackend) and not shared:
            _look_first(config, backend)
        _provide_image(backend)
    except (backends.BackendError, KubeError) as error:
        raise pytest.UsageError(f"--backend {name}: {error}") from error
    config.stash[CAPABILITIES] = Capabilities(**shared["capabilities"]) if shared else backend.capabilities


def _reach(backend: Any) -> None:
    """Raise a `KubeError` when nothing answers there: one line now, instead of one failure a scenario."""
    from kubeactions.kube import Kube  # Here, so that a run of unit tests does not pay for it.

    Kube(backend.client(), SystemClock()).get("/version")


def _open(config: pytest.Config, name: str, shared: Mapping[str, Any] | None) -> Any:
    """The backend as the command line wants it; in a worker, by the kubeconfig. A live cluster is guarded in both."""
    given = {option: config.getoption(option) for option in OPTIONS}
    if shared:
        name_of_it = given["i_know_this_is"] if name == "live" else None
        given = {"kubeconfig": Path(shared["kubeconfig"]), "i_know_this_is": name_of_it}
    if name == "live":
        given["guarded"] = True
    opened = "live" if shared else name
    return backends.open(opened, **{option: value for option, value in given.items() if value is not None})


def _look_first(config: pytest.Config, backend: LiveBackend) -> None:
    """Say what is there and who we are, before anything is written; the backend's capabilities come of it."""
    lines = backend.preflight().lines()
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.section("the live cluster")
        for line in lines:
            reporter.write_line(line)


def _provide_image(backend: Any) -> None:
    """Pods of the scenarios must run without a registry, whatever the node calls its own image."""
    from backends.kind import KindBackend
    from tests.steps.objects import IMAGE

    if isinstance(backend, KindBackend):
        backend.provide(IMAGE)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the cluster is, and what it can do."""
    backend = node.config.stash.get(BACKEND, None)
    if backend is not None:
        keys = KeyFiles()
        node.config.add_cleanup(keys.close)
        kubeconfig = unwritten_kubeconfig(backend, keys)
        node.workerinput["cluster"] = {"kubeconfig": kubeconfig, "capabilities": asdict(backend.capabilities)}


def unwritten_kubeconfig(backend: Any, keys: KeyFiles) -> str:
    """Where other processes read the administrator's kubeconfig as long as this one lives: no file can be left of it.

    The backend writes one, and it is gone at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        return keys.put("kubeconfig", backend.kubeconfig(Path(folder) / "kubeconfig").read_bytes())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the session's cluster, after the fixtures that still need it: Ctrl-C ends those in this hook, too."""
    backend = session.config.stash.get(BACKEND, None)
    if backend is not None:
        backend.__exit__(None, None, None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: it is looked for the more often the more is made, and all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a scenario that asks for what the backend cannot do."""
    capabilities = item.config.stash[CAPABILITIES]
    brought = frozenset() if capabilities.virtual_time else PROXIED
    for mark in item.iter_markers():
        flag = mark.name.replace("-", "_")
        if flag in FLAGS - brought and not getattr(capabilities, flag):
            pytest.skip(f"the backend {item.config.getoption('--backend')} has no {flag.replace('_', ' ')}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how many rows of the features ran on this backend, and why the others did not."""
    rows = scenario_rows(terminalreporter.stats)
    if not rows:
        return
    terminalreporter.section(f"scenarios on the backend {config.getoption('--backend')}")
    total = sum(rows.values())
    for what, count in rows.most_common():
        terminalreporter.write_line(f"{count:5} {what}")
    ran = total - sum(count for what, count in rows.items() if what.startswith("skipped"))
    terminalreporter.write_line(f"{ran} of {total} rows ran ({100 * ran / total:.0f} %)")


def scenario_rows(stats: Mapping[str, Sequence[Any]]) -> Counter[str]:
    """The rows of the features in pytest's own statistics, by what became of them; a skipped one by its reason."""
    rows: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in stats.get(outcome, ()):
            if FEATURES in report.nodeid:
                reason = report.longrepr[2].removeprefix("Skipped: ") if outcome == "skipped" else ""
                rows[f"skipped: {reason}" if reason else outcome] += 1
    return rows


def pytest_bdd_before_step_call(
    request: pytest.FixtureRequest,
    feature: Feature,
    scenario: Scenario,
    step: Step,
    step_func: Callable[..., object],
    step_func_args: dict[str, object],
) -> None:
    """Refuse an `async def` step: pytest-bdd 9 calls it, never awaits it, and the scenario passes without it."""
    if asyncio.iscoroutinefunction(step_func):
        raise TypeError(f"{feature.filename}: the step {step.name!r} is async and would pass without running")


@functools.cache
def backend_class(name: str) -> Any:
    """The class behind a backend's name; looked up once, since asking every installed package takes a while."""
    module, _, attribute = backends.names()[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
