"""Which kind has which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backends.fake.validation.causes import Cause
from backends.fake.validation.metadata import NameRule
from backends.fake.validation.names import subdomain_1123_errors

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KindRules:
    """The rules of a kind; None where it has none beyond metadata."""

    name: NameRule = subdomain_1123_errors
    defaults: Callable[[Obj], None] | None = None
    create: Callable[[Obj], list[Cause]] | None = None
    update: Callable[[Obj, Obj], list[Cause]] | None = None
    update_status: Callable[[Obj, Obj], list[Cause]] | None = None


_GENERIC = KindRules()
_RULES: Mapping[tuple[str, str], KindRules] = {}


def rules_of(gvk: tuple[str, str, str]) -> KindRules:
    """The rules of a kind, the generic ones where it has none of its own."""
    return _RULES.get((gvk[0], gvk[2]), _GENERIC)
