"""Which checks a level has, in which order, and how their findings read together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from backends.fake.pod_security import baseline, restricted
from backends.fake.pod_security.levels import BASELINE, LATEST, PRIVILEGED, LevelVersion

Obj = dict[str, Any]
Check = Callable[[Obj, Obj, int], tuple[str, str] | None]


class Violation(NamedTuple):
    """One check that does not pass: why in short, and what exactly."""

    reason: str
    detail: str


# In the order of the checks' identifiers, as the registry of the original sorts them.
_BASELINE: tuple[Check, ...] = (
    baseline.app_armor_profile,
    baseline.capabilities_baseline,
    baseline.host_namespaces,
    baseline.host_path_volumes,
    baseline.host_ports,
    baseline.host_probes,
    baseline.privileged,
    baseline.proc_mount,
    baseline.se_linux_options,
    baseline.seccomp_profile_baseline,
    baseline.sysctls,
    baseline.windows_host_process,
)
_RESTRICTED: tuple[Check, ...] = (
    restricted.allow_privilege_escalation,
    restricted.capabilities_restricted,
    restricted.restricted_volumes,
    restricted.run_as_non_root,
    restricted.run_as_user,
    restricted.seccomp_profile_restricted,
)
_OVERRIDDEN: dict[Check, int] = {
    baseline.capabilities_baseline: 22,
    baseline.host_path_volumes: 0,
    baseline.seccomp_profile_baseline: 19,
}
"""Since which version a check of the restricted level says what these say."""


def violations(asked: LevelVersion, metadata: Obj, spec: Obj) -> list[Violation]:
    """What a pod violates of a level."""
    if asked.level == PRIVILEGED:
        return []
    minor = LATEST if asked.minor is None else min(asked.minor, LATEST)
    checks = _BASELINE
    if asked.level != BASELINE:
        checks = (*(one for one in _BASELINE if minor < _OVERRIDDEN.get(one, LATEST + 1)), *_RESTRICTED)
    found = (check(metadata, spec, minor) for check in checks)
    return [Violation(*one) for one in found if one is not None]


def detail(found: Iterable[Violation]) -> str:
    """All of it, as refusals and warnings say it."""
    return ", ".join(f"{one.reason} ({one.detail})" if one.detail else one.reason for one in found)


def reason(found: Iterable[Violation]) -> str:
    """The reasons alone, as warnings about existing pods say it."""
    return ", ".join(one.reason for one in found)
