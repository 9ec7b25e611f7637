"""`then` for steps: pytest-bdd's, with the patience of the world. In a real world what holds soon, holds.

What must *not* happen is not helped by patience: a scenario lets the system work before it looks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest_bdd


def then(name: Any, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register an assertion. The step takes `world` by that name; raises TypeError for one that does not."""
    register = pytest_bdd.then(name, stacklevel=2, **options)

    def decorator(step: Callable[..., None]) -> Callable[..., None]:
        if "world" not in step.__code__.co_varnames[: step.__code__.co_argcount]:
            raise TypeError(f"a Then step looks at the `world`: {step.__code__.co_filename}")

        @functools.wraps(step)
        def patient(**arguments: Any) -> None:
            arguments["world"].eventually(lambda: step(**arguments))

        return register(patient)

    return decorator
