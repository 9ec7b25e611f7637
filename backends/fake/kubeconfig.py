"""The kubeconfig with which kubectl and every other client reaches a served cluster.

Written by `fake serve --kubeconfig` and by `FakeBackend.kubeconfig`. One context a user, the first one current. A file
with tokens in it is readable by its owner alone, and is replaced in one step.

The administrator's certificate is that of `kubernetes-admin`. kubectl sends tokens over TLS only (client-go, clientcmd:
"only try to read the auth information if we are secure"): over plain HTTP it acts as whoever has no token.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.fake.authentication import ADMINISTRATOR
from backends.fake.files import replace_file
from backends.fake.messages import Identity

if TYPE_CHECKING:
    from backends.fake.tls import Tls

ADMIN = "admin"
"""The one user of a cluster that asks nobody who he is; needs no credentials."""


def kubeconfig(
    url: str, tokens: Mapping[str, Identity] | None = None, tls: Tls | None = None, name: str = "fake"
) -> dict[str, Any]:
    """A kubeconfig for the server at `url`, complete in itself: certificates and keys are in it, not named by it.

    One user for each of `tokens` (with two tokens the first counts) and one for the administrator's certificate of
    `tls`; where there are neither, one without credentials.
    """
    users: dict[str, dict[str, str]] = {}
    for token, identity in (tokens or {}).items():
        users.setdefault(identity.name, {"token": token})
    cluster = {"server": url}
    if tls is not None:
        cluster["certificate-authority-data"] = _encoded(tls.authority_pem)
        if tls.administrator is not None:
            certificate, key = tls.administrator.certificate_pem, tls.administrator.key_pem
            credentials = {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)}
            users.setdefault(ADMINISTRATOR.name, credentials)
    users = users or {ADMIN: {}}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials} for user, credentials in users.items()],
        "contexts": [{"name": user, "context": {"cluster": name, "user": user}} for user in users],
        "current-context": next(iter(users)),
    }


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def write(path: Path, config: Mapping[str, Any]) -> None:
    """Write `config` to `path`, mode 0600, with the folders on the way. Raises OSError."""
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, [yaml.safe_dump(dict(config), sort_keys=False).encode()], mode=0o600)
