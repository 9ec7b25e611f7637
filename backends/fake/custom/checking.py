"""What the checks of values have in common: what they find, and how they are called.

Used by `values` and the modules with checks (`limits`, `alternatives`, `containers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.fake.validation import Cause, causes

Schema = Mapping[str, Any]

NOWHERE = "<nil>"
"""The field that Go names where alternatives do not fit: it has no path for them."""


@dataclass(slots=True)
class Result:
    """What was found. `matches` counts what fitted: the alternative with the most is the one that is explained."""

    found: list[Cause] = field(default_factory=list)
    matches: int = 0

    def merge(self, other: Result) -> None:
        """Take over what another part found."""
        self.found += other.found
        self.matches += other.matches


Check = Callable[[Any, str, Result], None]
Ratchet = Callable[[Any, str, Result, Any], None]
"""A check that is told what was there before (`ABSENT`: nothing, or nobody knows)."""
Compile = Callable[[Schema], Ratchet]
"""What makes the check of a schema."""


def invalid(path: str, value: Any, rule: str) -> Cause:
    """The value breaks a rule, in the words of kube-openapi."""
    return causes.invalid(path, value, f"{path} in body {rule}")


def at(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name}" if path else name
