"""CustomResourceDefinitions: their rules are `backends.fake.custom`'s, which is imported when the first one comes."""

from __future__ import annotations

from typing import Any

from backends.fake.validation.causes import Cause

Obj = dict[str, Any]


def defaults(crd: Obj) -> None:
    """Fill in names and conversion. Raises `ApiError` 400 for schemas that are none."""
    from backends.fake.custom import rules

    rules.defaults(crd)


def create(crd: Obj) -> list[Cause]:
    """What is wrong with a new definition. Raises `ApiError` 501 for what is not imitated."""
    from backends.fake.custom import rules

    return rules.create(crd)


def update(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a changed definition. Raises `ApiError` 501 for what is not imitated."""
    from backends.fake.custom import rules

    return rules.update(new, old)


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a changed status."""
    from backends.fake.custom import rules

    return rules.update_status(new, old)
