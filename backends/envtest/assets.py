"""Where the binaries of a bare control plane are: by the variables that controller-runtime's users have set already.

`$TEST_ASSET_ETCD` and `$TEST_ASSET_KUBE_APISERVER` name one binary each, `$KUBEBUILDER_ASSETS` the folder with both,
and `/usr/local/kubebuilder/bin` is looked at last. Nothing is downloaded: `setup-envtest use` does that, and prints the
path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backends.base import BackendError

DEFAULT: Final = Path("/usr/local/kubebuilder/bin")
ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"

_HINT = "install them with `setup-envtest use` and set KUBEBUILDER_ASSETS to the folder that it prints"


@dataclass(frozen=True, slots=True)
class Assets:
    """The two programs."""

    etcd: Path
    api_server: Path


def find(folder: Path | str | None, environment: Mapping[str, str]) -> Assets:
    """The binaries in `folder`, or where the environment says. Raises `BackendError`, one line."""
    return Assets(_binary(ETCD, folder, environment), _binary(API_SERVER, folder, environment))


def missing(environment: Mapping[str, str]) -> str:
    """Why there are no binaries by the environment alone; "" when there are."""
    try:
        find(None, environment)
    except BackendError as error:
        return str(error)
    return ""


def _binary(name: str, folder: Path | str | None, environment: Mapping[str, str]) -> Path:
    path, source = _candidate(name, folder, environment)
    if not path.exists():
        raise BackendError(f"envtest: there is no {name} at {path} ({source}); {_HINT}")
    if not path.is_file() or not os.access(path, os.X_OK):
        raise BackendError(f"envtest: {path} ({source}) is not an executable file")
    return path.absolute()


def _candidate(name: str, folder: Path | str | None, environment: Mapping[str, str]) -> tuple[Path, str]:
    """The path, and by what it was chosen."""
    if folder is not None:
        return Path(folder) / name, "the folder that was given"
    variable = "TEST_ASSET_" + re.sub(r"[^A-Z0-9]+", "_", name.upper())
    if value := environment.get(variable):
        return Path(value), f"${variable}"
    if value := environment.get("KUBEBUILDER_ASSETS"):
        return Path(value) / name, "$KUBEBUILDER_ASSETS"
    return DEFAULT / name, "the default; KUBEBUILDER_ASSETS is not set"
