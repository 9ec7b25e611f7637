"""The steps of the sample and its troubles.

With `ORCHARD=deadly` in the environment, the step "there is no orchard" ends its process as a crash does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

scenarios("features")


@pytest.fixture(autouse=True)
def troubles(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("broken_fixture"):
        raise OSError("the basket has no bottom")
    yield
    print("the story of the basket")
    if request.node.get_closest_marker("broken_end"):
        raise OSError("the basket was not returned")


@pytest.fixture
def basket() -> dict[str, int]:
    return {"apple": 0, "pear": 0}


@given(parsers.parse("a basket with {count:d} apples"))
def fill(basket: dict[str, int], count: int) -> None:
    basket["apple"] = count


@given(parsers.parse("{count:d} pears"))
def add_pears(basket: dict[str, int], count: int) -> None:
    basket["pear"] = count


@given("there is no orchard")
def no_orchard() -> None:
    if os.environ.get("ORCHARD") == "deadly":
        os._exit(3)
    pytest.skip("an orchard is needed")


@when(parsers.re(r"(?P<count>\d+) apples? (is|are) eaten"))
def eat(basket: dict[str, int], count: str) -> None:
    basket["apple"] -= int(count)


@when("these are added:")
def add_these(datatable: list[list[str]]) -> None:
    assert datatable[0] == ["fruit", "price"]


@when("the note says:")
def note(docstring: str) -> None:
    assert "every day" in docstring


@then(parsers.parse("{count:d} {fruit}s are left"))
def left(basket: dict[str, int], count: int, fruit: str) -> None:
    assert basket[fruit] == count


def test_what_is_no_scenario() -> None:
    """It shows in JUnit and not among the messages."""
