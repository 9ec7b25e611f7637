"""The kubeconfig with which kubectl and every other client reaches a served cluster.

Written by `fake serve --kubeconfig` and by `FakeBackend.kubeconfig`. One context a user, the first one current. A file
with tokens in it is readable by its owner alone, and is replaced in one step.

kubectl sends tokens over TLS only (client-go, clientcmd: "only try to read the auth information if we are secure"):
over plain HTTP it acts as whoever has no token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backends.fake.files import replace_file
from backends.fake.messages import Identity

ADMIN = "admin"
"""The one user of a cluster without a token table; needs no credentials."""


def kubeconfig(
    url: str, tokens: Mapping[str, Identity] | None = None, certificate: Path | None = None, name: str = "fake"
) -> dict[str, Any]:
    """A kubeconfig for the server at `url`: one user for each of `tokens`, or one without credentials.

    `certificate` is the PEM file that the server's certificate is checked with. A user with two tokens keeps the first.
    """
    users: dict[str, dict[str, str]] = {}
    for token, identity in (tokens or {}).items():
        users.setdefault(identity.name, {"token": token})
    users = users or {ADMIN: {}}
    cluster = {"server": url}
    if certificate is not None:
        cluster["certificate-authority"] = str(certificate.absolute())
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials} for user, credentials in users.items()],
        "contexts": [{"name": user, "context": {"cluster": name, "user": user}} for user in users],
        "current-context": next(iter(users)),
    }


def write(path: Path, config: Mapping[str, Any]) -> None:
    """Write `config` to `path`, mode 0600, with the folders on the way. Raises OSError."""
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, [yaml.safe_dump(dict(config), sort_keys=False).encode()], mode=0o600)
