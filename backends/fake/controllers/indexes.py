"""Sets of completion indexes as Jobs write them: `1,3-5,7`. Pure.

Used by the Job controller. The format is that of `status.completedIndexes` and of success policies
(kubernetes.io/docs/concepts/workloads/controllers/job, pkg/controller/job/indexed_job_utils.go).
"""

from __future__ import annotations

from collections.abc import Iterable


def parse(text: str | None, completions: int) -> set[int]:
    """The indexes that `text` names; those beyond `completions` are left out, since a Job can have shrunk.

    Raises `ValueError` for a text of another form.
    """
    found: set[int] = set()
    for part in (text or "").split(","):
        if part:
            first, _, last = part.partition("-")
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def text(indexes: Iterable[int]) -> str:
    """The indexes in order, neighbours drawn together: two as `1,2`, more as `1-3`."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return ",".join(_run(first, last) for first, last in runs)


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"
