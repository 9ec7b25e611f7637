"""The table of `history` fits the terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeactions.cli.history import fitting, row_of
from kubeactions.model import Outcome, Status
from tests.unit.kubeactions.ledger.test_book import Shelf

ROW = ("2026-08-20T10:15:00Z", "cart:v1", "delete_pod Pod shop/cart-0", "succeeded", "Deleted", "replica-a", "ops@here")


@pytest.mark.parametrize(("width", "columns"), [(200, 7), (105, 7), (90, 6), (80, 5), (70, 4), (10, 3)])
def test_the_least_needed_columns_go_first(width: int, columns: int) -> None:
    shown = fitting([ROW], width)
    assert len(shown) == columns
    assert {1, 2, 3} <= set(shown)


def test_what_is_inferred_is_told() -> None:
    record = replace(Shelf().closed("c1"), outcome=Outcome(Status.SUCCEEDED, "Deleted", "", inferred=True))
    assert row_of(record)[3:5] == ("succeeded", "Deleted (inferred)")
