"""Fixtures for the tests of the API server in memory."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.door import Door


@pytest.fixture
def door() -> Door:
    """A fresh cluster without controllers, under a simulated clock."""
    return Door()
