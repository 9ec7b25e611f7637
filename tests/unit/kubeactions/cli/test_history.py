"""The table of `history` fits the terminal."""

from __future__ import annotations

import pytest

from kubeactions.cli.history import fitting

ROW = ("2026-08-20T10:15:00Z", "cart:v1", "delete_pod Pod shop/cart-0", "succeeded", "Deleted", "replica-a", "ops@here")


@pytest.mark.parametrize(("width", "columns"), [(200, 7), (105, 7), (90, 6), (80, 5), (70, 4), (10, 3)])
def test_the_least_needed_columns_go_first(width: int, columns: int) -> None:
    shown = fitting([ROW], width)
    assert len(shown) == columns
    assert {1, 2, 3} <= set(shown)
