"""Levels and versions, and the namespace labels that ask for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause

PREFIX: Final = "pod-security.kubernetes.io/"
PRIVILEGED, BASELINE, RESTRICTED = "privileged", "baseline", "restricted"
_LEVELS: Final = (PRIVILEGED, BASELINE, RESTRICTED)
LATEST: Final = 34
"""The minor version that "latest" means."""
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)$")


class LevelVersion(NamedTuple):
    """A level as of a minor version; None is the latest."""

    level: str
    minor: int | None = None

    def __str__(self) -> str:
        """`restricted:latest`, `baseline:v1.30`."""
        return f"{self.level}:{'latest' if self.minor is None else f'v1.{self.minor}'}"


class Policy(NamedTuple):
    """What a namespace asks for."""

    enforce: LevelVersion
    audit: LevelVersion
    warn: LevelVersion

    @property
    def asks_nothing(self) -> bool:
        """Whether everything is allowed."""
        return self.enforce.level == self.audit.level == self.warn.level == PRIVILEGED


def compare(one: str, other: str) -> int:
    """How much stricter the first level is."""
    return _LEVELS.index(one) - _LEVELS.index(other)


def policy_of(labels: Mapping[str, str]) -> tuple[Policy, list[Cause]]:
    """What the labels ask for, and what is wrong with them.

    A level that there is none of counts as restricted where it is enforced, and as privileged elsewhere.
    """
    found: list[Cause] = []
    read = {}
    for mode in ("enforce", "audit", "warn"):
        level = labels.get(f"{PREFIX}{mode}")
        if level is not None and level not in _LEVELS:
            found.append(_wrong(mode, level, "must be one of privileged, baseline, restricted"))
            level = RESTRICTED if mode == "enforce" else PRIVILEGED
        read[mode] = LevelVersion(level or PRIVILEGED, _minor(labels, mode, found))
    if f"{PREFIX}warn" not in labels and compare(read["enforce"].level, read["warn"].level) > 0:
        minor = read["warn"].minor if f"{PREFIX}warn-version" in labels else read["enforce"].minor
        read["warn"] = LevelVersion(read["enforce"].level, minor)
    return Policy(**read), found


def _minor(labels: Mapping[str, str], mode: str, found: list[Cause]) -> int | None:
    text = labels.get(f"{PREFIX}{mode}-version")
    if text is None or text == "latest":
        return None
    match = _VERSION.match(text)
    if match is None:
        found.append(_wrong(f"{mode}-version", text, 'must be "latest" or "v1.x"'))
        return None
    return int(match[1])


def _wrong(label: str, value: str, text: str) -> Cause:
    return causes.invalid(f"metadata.labels[{PREFIX}{label}]", value, text)
