"""The cases: reading `cases/<topic>/<name>.yaml` and the vocabulary that their steps are written in.

Read by the player and the tests. Nothing here sends anything. The format is described in `README.md`.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent
"""The folder that holds cases/, recordings/, discovery/ and kubectl/."""

TOKENS: Final = {
    "admin": "parity-admin-token",
    "alice": "parity-alice-token",
    "bob": "parity-bob-token",
    "carol": "parity-carol-token",
}
"""The bearer token of every user that a step may act `as`; any other name gets one that no server knows."""

TOKEN_FILE: Final = (
    "parity-admin-token,admin,admin-uid,system:masters\n"
    "parity-alice-token,alice,alice-uid,devs\n"
    'parity-bob-token,bob,bob-uid,"devs,ops"\n'
    "parity-carol-token,carol,carol-uid\n"
)
"""The same users in the format of kube-apiserver's `--token-auth-file`."""

UNKNOWN_TOKEN: Final = "parity-unknown-token"

MEDIA_TYPES: Final = {
    "json": "application/json",
    "merge": "application/merge-patch+json",
    "jsonpatch": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
    "yaml": "application/yaml",
}
"""Short names for `type`."""

ACCEPTS: Final = {
    "json": "application/json",
    "table": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "partial": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
    "partiallist": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
    "discovery2": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "yaml": "application/yaml",
    "any": "*/*",
}
"""Short names for `accept`."""

PATHS: Final = {
    "core": "/api/v1/namespaces/${ns}",
    "cm": "/api/v1/namespaces/${ns}/configmaps",
    "secrets": "/api/v1/namespaces/${ns}/secrets",
    "pods": "/api/v1/namespaces/${ns}/pods",
    "svc": "/api/v1/namespaces/${ns}/services",
    "sa": "/api/v1/namespaces/${ns}/serviceaccounts",
    "events": "/api/v1/namespaces/${ns}/events",
    "nodes": "/api/v1/nodes",
    "namespaces": "/api/v1/namespaces",
    "apps": "/apis/apps/v1/namespaces/${ns}",
    "deploy": "/apis/apps/v1/namespaces/${ns}/deployments",
    "rs": "/apis/apps/v1/namespaces/${ns}/replicasets",
    "sts": "/apis/apps/v1/namespaces/${ns}/statefulsets",
    "ds": "/apis/apps/v1/namespaces/${ns}/daemonsets",
    "jobs": "/apis/batch/v1/namespaces/${ns}/jobs",
    "cronjobs": "/apis/batch/v1/namespaces/${ns}/cronjobs",
    "pdb": "/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets",
    "lease": "/apis/coordination.k8s.io/v1/namespaces/${ns}/leases",
    "rbac": "/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}",
    "crds": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "authz": "/apis/authorization.k8s.io/v1",
    "authn": "/apis/authentication.k8s.io/v1",
}
"""What `${cm}`, `${pods}`, … stand for in every case."""

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One case: a namespace of its own, steps in order, what to clean up afterwards."""

    id: str
    """`<topic>/<name>`; also names the recording."""
    name: str
    topic: str
    why: str
    tags: frozenset[str]
    steps: Sequence[Step]
    vars: dict[str, Any]
    namespace: bool
    """Does the case want a namespace made for it?"""
    namespace_labels: dict[str, str]
    cleanup: Sequence[str]
    """Paths of what the namespace does not take with it."""
    finalize: Sequence[str]
    """Collections whose objects may be held by finalizers at the end."""
    ordered: bool
    """Is the order of all writes compared? Not where controllers write too."""


def matches(case: Case, globs: Collection[str]) -> bool:
    """Is `case` named, in full or without its topic, by one of `globs`? No globs name every case."""
    return not globs or any(fnmatch.fnmatch(case.id, glob) or fnmatch.fnmatch(case.name, glob) for glob in globs)


def load_yaml(text: str) -> Any:
    """Parse `text` with libyaml where it is there: ten times as fast, and the cases are 300 kB."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def load_cases() -> tuple[Case, ...]:
    """Every case, by topic and name."""
    files = sorted(path for path in (ROOT / "cases").rglob("*.yaml") if not path.name.startswith("_"))
    return tuple(read_case(path) for path in files)


def read_case(path: Path) -> Case:
    """The case in a file."""
    raw = load_yaml(path.read_text(encoding="utf-8"))
    tags = frozenset(raw.get("tags") or ())
    return Case(
        id=f"{path.parent.name}/{path.stem}",
        name=path.stem,
        topic=path.parent.name,
        why=raw.get("why", ""),
        tags=tags,
        steps=raw["steps"],
        vars=raw.get("vars") or {},
        namespace=raw.get("namespace", True),
        namespace_labels=raw.get("namespaceLabels") or {},
        cleanup=raw.get("cleanup") or (),
        finalize=raw.get("finalize") or (),
        ordered=raw.get("order", "controllers" not in tags),
    )


@cache
def load_library() -> dict[str, Any]:
    """The bodies that steps name with `use`. Whoever takes one copies it."""
    library: dict[str, Any] = load_yaml((ROOT / "cases" / "_lib.yaml").read_text(encoding="utf-8"))
    return library


def load_recording(case: Case) -> dict[str, Any]:
    """What the real server answered to `case`: `{"case", "steps": [...], "order": [...]}`, normalised."""
    recording: dict[str, Any] = json.loads((ROOT / "recordings" / f"{case.id}.json").read_bytes())
    recording.pop("kubernetes", None)
    return recording
