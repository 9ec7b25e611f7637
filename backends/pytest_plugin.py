"""pytest fixtures: an in-memory Kubernetes for each test, module or session. Loaded by pytest itself (entry point).

    def test_pods(kubernetes_cluster):
        api = CoreV1Api(kubernetes_cluster.client())

`kubernetes_cluster` is a fork of `kubernetes_cluster_template`, made in half a millisecond; override that one to
prepare a cluster once for all tests. Settings come from the ini file (`kubernetes_cluster_seed` and so on), for one
test, class or module from the mark `@pytest.mark.kubernetes_cluster(authorization="rbac")`. The fixtures give a
`backends.fake.testing.KubernetesCluster`.

Whoever uses none of them pays for this file's import alone: Kubernetes is imported by the first fixture that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from backends.fake.testing import KubernetesCluster

Factory = Callable[..., "AbstractContextManager[KubernetesCluster]"]

MARK: Final = "kubernetes_cluster"
SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "seed": ("string", "decides uids, generated names and every other chance (default: 0)"),
    "authorization": ("string", "always-allow (default) or rbac"),
    "clock": ("string", "simulated (default): time moves when the test moves it; or system: the machine's"),
    "start": ("string", "the simulated time at which a cluster begins (default: 2026-01-01T00:00:00Z)"),
    "nodes": ("string", "how many machines there are (default: 1)"),
    "without": ("args", "names of controllers that stand still, such as deployment-controller"),
}
"""What can be set, in the ini file as `kubernetes_cluster_<name>`: its type there and its help."""
NUMBERS: Final = frozenset({"seed", "nodes"})
LAST_REQUESTS: Final = 10
"""How many of the last changing requests a failed test shows."""
_CLUSTER: Final = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings and `--kubernetes-cluster-seed`."""
    for name, (kind, text) in SETTINGS.items():
        parser.addini(f"{MARK}_{name}", f"the kubernetes_cluster fixtures: {text}", type=kind, default=None)  # type: ignore[arg-type]
    parser.getgroup(MARK, "the kubernetes_cluster fixtures").addoption(
        "--kubernetes-cluster-seed", type=int, metavar="N", help=SETTINGS["seed"][1]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    known = ", ".join(SETTINGS)
    config.addinivalue_line("markers", f"{MARK}({known}): how the cluster of a test is made; it is then no fork")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what happened in the cluster of a test that failed."""
    report = yield
    cluster = item.stash.get(_CLUSTER, None)
    if cluster is not None and report.failed and report.when == "call":
        report.sections.append((MARK, _story(cluster)))
    return report


@pytest.fixture(scope="session")
def kubernetes_cluster_factory(pytestconfig: pytest.Config) -> Factory:
    """Makes clusters by the ini file's settings and those that it is given; `with factory(seed=3) as cluster:`."""

    def factory(**settings: Any) -> KubernetesCluster:
        return _made({**_configured(pytestconfig), **settings})

    return factory


@pytest.fixture(scope="session")
def kubernetes_cluster_template(kubernetes_cluster_factory: Factory) -> Iterator[KubernetesCluster]:
    """What every test's cluster begins as. Override it in conftest.py to prepare it: apply manifests, settle."""
    with kubernetes_cluster_factory() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kubernetes_cluster_per_session(kubernetes_cluster_template: KubernetesCluster) -> Iterator[KubernetesCluster]:
    """One cluster that all tests of the session share, a fork of the template."""
    with kubernetes_cluster_template.fork() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def kubernetes_cluster_per_module(request: pytest.FixtureRequest) -> Iterator[KubernetesCluster]:
    """One cluster that the tests of a module share, a fork of the template; `pytestmark` may carry the mark."""
    with _for(request) as cluster:
        yield cluster


@pytest.fixture
def kubernetes_cluster(request: pytest.FixtureRequest) -> Iterator[KubernetesCluster]:
    """A cluster for this test alone: a fork of the template, or made as its mark says."""
    with _for(request) as cluster:
        request.node.stash[_CLUSTER] = cluster
        yield cluster


def _for(request: pytest.FixtureRequest) -> KubernetesCluster:
    marks = list(request.node.iter_markers(MARK))
    settings: dict[str, Any] = {}
    for mark in reversed(marks):  # the nearest one last
        if mark.args:
            raise pytest.UsageError(f"{request.node.nodeid}: the mark {MARK} takes names: {MARK}(seed=1)")
        settings.update(mark.kwargs)
    if settings:
        made: KubernetesCluster = request.getfixturevalue("kubernetes_cluster_factory")(**settings)
        return made
    template: KubernetesCluster = request.getfixturevalue("kubernetes_cluster_template")
    return template.fork()


def _configured(config: pytest.Config) -> dict[str, Any]:
    """The settings of the ini file and the command line; those that nobody has made are left out."""
    found = {name: config.getini(f"{MARK}_{name}") for name in SETTINGS}
    found["seed"] = config.getoption("--kubernetes-cluster-seed", None) or found["seed"]
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _made(settings: dict[str, Any]) -> KubernetesCluster:
    """A cluster by these settings. Raises pytest.UsageError for what none of them can be."""
    unknown = settings.keys() - SETTINGS.keys()
    if unknown:
        raise pytest.UsageError(f"{MARK}: there is no setting {sorted(unknown)[0]!r}; there are {', '.join(SETTINGS)}")
    from datetime import datetime

    from backends.clock import SimulatedClock, SystemClock
    from backends.fake.testing import KubernetesCluster

    kind, start = settings.pop("clock", "simulated"), settings.pop("start", None)
    try:
        if kind not in ("simulated", "system"):
            raise ValueError(f"clock {kind!r}: it is simulated or system")
        if settings.get("authorization", "rbac") not in ("always-allow", "rbac"):
            raise ValueError(f"authorization {settings['authorization']!r}: it is always-allow or rbac")
        if isinstance(start, str):
            start = datetime.fromisoformat(start)
        options: dict[str, Any] = {name: int(value) if name in NUMBERS else value for name, value in settings.items()}
        return KubernetesCluster(SystemClock() if kind == "system" else SimulatedClock(start), **options)
    except ValueError as error:
        raise pytest.UsageError(f"{MARK}: {error}") from error


def _story(cluster: KubernetesCluster) -> str:
    """The time in the cluster, and the last requests that changed something."""
    changes = cluster.audit.find(changed=True)[-LAST_REQUESTS:]
    lines = [f"the time there is {cluster.clock.wall().isoformat()}; the last requests that changed something:"]
    for event in changes:
        place = f"{event.namespace}/{event.name}".strip("/")
        kind = f"{event.resource}/{event.subresource}" if event.subresource else event.resource
        lines.append(f"  {event.at:%H:%M:%S.%f}  {event.user}  {event.verb} {kind} {place}: {event.code}")
    return "\n".join(lines)
