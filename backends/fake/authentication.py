"""Who is asking: bearer tokens from a table, or everybody an administrator; and impersonation.

The table is kube-apiserver's `--token-auth-file`: CSV lines of token, user, uid, "group,group". With it, requests
without a known token are 401: as in a real server with `--authorization-mode=AlwaysAllow`, which has no anonymous
users. Without it every request acts as a member of `system:masters`. Service account tokens
are not read. Authorization is not here: whoever is known may do everything.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from urllib.parse import unquote

from backends.fake import statuses
from backends.fake.messages import Identity

AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"
ADMINISTRATOR = Identity("kubernetes-admin", "", (MASTERS, AUTHENTICATED))
_SERVICE_ACCOUNT = "system:serviceaccount:"
_PREFIX = "impersonate-"
_EXTRA = "impersonate-extra-"


def administrator(name: str) -> Identity:
    """A user of that name to whom nothing is forbidden."""
    return Identity(name, "", (MASTERS, AUTHENTICATED))


def read_token_table(text: str) -> dict[str, Identity]:
    """Tokens and whom they stand for, from kube-apiserver's CSV. ValueError names the line that cannot be read."""
    table: dict[str, Identity] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        if not row or row[0].startswith("#"):
            continue
        fields = [field.strip() for field in row]
        if len(fields) < 3 or not all(fields[:2]):
            raise ValueError(f'line {number}: expected token,user,uid,"group,group", found {len(fields)} fields')
        groups = tuple(group.strip() for group in fields[3].split(",") if group.strip()) if len(fields) > 3 else ()
        table[fields[0]] = Identity(fields[1], fields[2], (*groups, AUTHENTICATED))
    return table


class Authenticator:
    """Finds the identity of a request."""

    def __init__(self, tokens: Mapping[str, Identity] | None) -> None:
        self._tokens = tokens

    def identity(self, headers: Mapping[str, str]) -> Identity:
        """Who asks. Raises `ApiError` 401 for a token that nobody has, and for none where there is a table."""
        if self._tokens is None:
            return ADMINISTRATOR
        scheme, _, token = headers.get("authorization", "").partition(" ")
        known = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            raise statuses.unauthorized()
        return known


def impersonated(headers: Mapping[str, str], asking: Identity, path: str) -> Identity:
    """Whom the request acts as: `asking`, unless it names somebody else.

    From k8s.io/apiserver/pkg/endpoints/filters/impersonation.go. Raises `ApiError` 500 (plain text, as there) for
    groups, a uid or extra values without a user.
    """
    if _PREFIX not in " ".join(headers):
        return asking
    named = {name: value for name, value in headers.items() if name.startswith(_PREFIX)}
    user = named.get("impersonate-user", "")
    groups = tuple(group.strip() for group in named.get("impersonate-group", "").split(",") if group.strip())
    extra = tuple((unquote(name[len(_EXTRA) :]), (value,)) for name, value in named.items() if name.startswith(_EXTRA))
    if not user:
        raise _nobody(
            path,
            [*(f"{{Group  {group}    }}" for group in groups), *(f"{{UserExtra  {one[1][0]}    }}" for one in extra)],
        )
    if user.startswith(_SERVICE_ACCOUNT) and not groups:
        namespace = user.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    if user != "system:anonymous" and AUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return Identity(user, named.get("impersonate-uid", ""), groups, extra)


def _nobody(path: str, asked: list[str]) -> statuses.ApiError:
    text = f'Internal Server Error: "{path}": requested [{" ".join(asked)}] without impersonating a user\n'
    return statuses.ApiError(500, "", text, headers={"Content-Type": "text/plain; charset=utf-8"}, plain=text.encode())
