"""Who is asking: bearer tokens from a table, or everybody an administrator.

The table is kube-apiserver's `--token-auth-file`: CSV lines of token, user, uid, "group,group". Without a table every
request acts as a member of `system:masters`. Client certificates and service account tokens are not imitated;
impersonation is refused loudly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from backends.fake import statuses
from backends.fake.messages import Identity

AUTHENTICATED = "system:authenticated"
ADMINISTRATOR = Identity("kubernetes-admin", "", ("system:masters", AUTHENTICATED))
ANONYMOUS = Identity("system:anonymous", "", ("system:unauthenticated",))


def administrator(name: str) -> Identity:
    """A user of that name to whom nothing is forbidden."""
    return Identity(name, "", ("system:masters", AUTHENTICATED))


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
        """Who asks. Raises `ApiError` 401 for a token that nobody has."""
        if self._tokens is None:
            return ADMINISTRATOR
        given = headers.get("authorization", "")
        scheme, _, token = given.partition(" ")
        if not given:
            return ANONYMOUS
        known = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            raise statuses.unauthorized()
        return known


def refuse_impersonation(headers: Mapping[str, str]) -> None:
    """Impersonation headers change who acts: not imitated, so never ignored."""
    for name in headers:
        if name.startswith("impersonate-"):
            raise statuses.not_imitated("impersonation (Impersonate-User, Impersonate-Group)")
