"""Every case that a backend can take, replayed there: `pytest tests/conformance --backend live|envtest|kind|...`.

Collected for every backend but `fake`, whose own tests are `test_parity.py`. What is known to differ in the in-memory
server is expected of a server that says it is that one, and of no other.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import backends
from backends.base import Backend
from tests.conformance.backend import BackendWire, refusal
from tests.conformance.case import Case, load_cases
from tests.conformance.conftest import Count
from tests.conformance.known import Known, steps_of
from tests.conformance.replay import replay, unexpected
from tests.plugin import BACKEND


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Backend]:
    """The session's cluster; of envtest one more, without a kubelet, as the cases were recorded."""
    if pytestconfig.getoption("--backend") == "envtest":
        with backends.open("envtest", nodes=0) as bare:
            yield bare
    else:
        yield pytestconfig.stash[BACKEND]


@pytest.fixture(scope="session")
def wire(cluster: Backend) -> BackendWire:
    """To it."""
    return BackendWire(cluster)


@pytest.fixture(scope="session")
def expected(wire: BackendWire, known: Known) -> Known:
    """The differences that this server is known to have."""
    return known if wire.version.get("platform") == "in-memory" else {}


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.id)
def test_on_this_backend_every_step_answers_as_recorded(
    case: Case, cluster: Backend, wire: BackendWire, expected: Known, count_steps: Count, pytestconfig: pytest.Config
) -> None:
    if why := refusal(case, cluster.capabilities):
        pytest.skip(why)
    result = replay(wire, case, hurry=steps_of(expected, case.id))
    count_steps(f"on the backend {pytestconfig.getoption('--backend')}", result)
    assert unexpected(result, expected) == []
