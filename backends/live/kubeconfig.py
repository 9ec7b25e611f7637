"""Which kubeconfig is meant, and what it says: found, merged and read as kubectl does. No client is made here.

Rules: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig. `$KUBECONFIG` is a list of files:
of entries with the same name, and of `current-context`, the first counts; files that are missing are passed over;
relative paths are relative to the file that names them. Whatever cannot be used is a `BackendError` of one line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from backends.base import BackendError
from backends.documents import mistake

Entry = dict[str, Any]

_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}
_PATHS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Keys of clusters and users whose values are files."""


@dataclass(frozen=True, slots=True)
class Context:
    """One context, resolved."""

    name: str
    cluster_name: str
    cluster: Entry
    user: Entry
    folder: Path
    """Where the user's file is: exec plugins run there."""


def find(given: Path | str | None, context: str | None, environment: Mapping[str, str]) -> list[Path] | None:
    """The files to read; None is the in-cluster account. Raises `BackendError` when there is neither."""
    if given is not None:
        return [Path(given)]
    if listed := [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]:
        return listed
    if "KUBERNETES_SERVICE_HOST" in environment and context is None:
        return None
    default = Path(os.path.expanduser("~/.kube/config"))  # As it is where there is no home.
    if default.exists():
        return [default]
    raise BackendError(
        "no cluster: give --kubeconfig FILE, set KUBECONFIG, or run in a pod (`kubeactions fake serve` makes one)"
    )


def read(files: Sequence[Path]) -> Entry:
    """The merged kubeconfig, with absolute paths. Raises `BackendError`."""
    there = files if len(files) == 1 else [path for path in files if path.exists()]
    if not there:
        raise BackendError(f"KUBECONFIG: none of these files exists: {', '.join(map(str, files))}")
    merged: Entry = {"apiVersion": "v1", "kind": "Config", "current-context": ""}
    merged |= {section: [] for section in _SECTIONS}
    for path in there:
        document = _read(path)
        merged["current-context"] = merged["current-context"] or document.get("current-context") or ""
        for section, inner in _SECTIONS.items():
            known = {entry["name"] for entry in merged[section]}
            merged[section] += [
                entry for entry in _entries(path, document, section, inner) if entry["name"] not in known
            ]
    if not merged["clusters"]:
        raise BackendError(f"{_names(there)}: this is no kubeconfig: it names no clusters")
    return merged


def resolve(merged: Entry, context: str | None, files: Sequence[Path]) -> Context:
    """The context called `context`, or the current one. Raises `BackendError`."""
    where = _names(files)
    known = {entry["name"]: entry for entry in merged["contexts"]}
    name = context or merged["current-context"]
    if not name:
        raise BackendError(f"{where}: there is no current context; choose one with --context: {', '.join(known)}")
    if name not in known:
        raise BackendError(f"{where}: there is no context {name!r}; there are: {', '.join(sorted(known)) or 'none'}")
    chosen = known[name]["context"]
    clusters = {entry["name"]: entry["cluster"] for entry in merged["clusters"]}
    users = {entry["name"]: entry for entry in merged["users"]}
    cluster_name = chosen.get("cluster", "")
    if cluster_name not in clusters:
        raise BackendError(f"{where}: context {name!r} names the cluster {cluster_name!r}, which is not there")
    cluster = clusters[cluster_name]
    if not isinstance(cluster.get("server"), str):
        raise BackendError(f"{where}: cluster {cluster_name!r} has no server")
    user_name = chosen.get("user", "")
    if user_name and user_name not in users:
        raise BackendError(f"{where}: context {name!r} names the user {user_name!r}, who is not there")
    user = users.get(user_name, {"user": {}})
    return Context(name, cluster_name, cluster, user["user"], Path(user.get("folder", ".")))


def portable(merged: Entry, context: str) -> Entry:
    """The document to write: everything, with `context` current."""
    plain = {
        section: [{"name": entry["name"], inner: entry[inner]} for entry in merged[section]]
        for section, inner in _SECTIONS.items()
    }
    return {"apiVersion": "v1", "kind": "Config", **plain, "current-context": context}


def _entries(path: Path, document: Entry, section: str, inner: str) -> list[Entry]:
    found = []
    for entry in document.get(section) or []:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise BackendError(f"{path}: malformed kubeconfig: {section} has an entry without a name")
        content = entry.get(inner) or {}
        if not isinstance(content, dict):
            raise BackendError(f"{path}: malformed kubeconfig: {section} {entry['name']!r}: {inner} is no mapping")
        folder = path.absolute().parent
        absolute = {key: str(folder / str(content[key])) for key in _PATHS if content.get(key)}
        found.append({"name": entry["name"], inner: {**content, **absolute}, "folder": str(folder)})
    return found


def _read(path: Path) -> Entry:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BackendError(f"{path}: cannot read the kubeconfig: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BackendError(f"{path}: the kubeconfig is not UTF-8 (byte {error.start})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BackendError(f"{path}: the kubeconfig is broken YAML: {mistake(error)}") from error
    if not isinstance(document, dict):
        raise BackendError(f"{path}: this is no kubeconfig: it names no clusters")
    for section in _SECTIONS:
        if not isinstance(document.get(section) or [], list):
            raise BackendError(f"{path}: malformed kubeconfig: {section} is no list")
    return document


def _names(files: Sequence[Path]) -> str:
    return os.pathsep.join(map(str, files))
