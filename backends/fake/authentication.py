"""Who is asking: bearer tokens from a table or of service accounts, anonymous users, or everybody an administrator.

The table is kube-apiserver's `--token-auth-file`: CSV lines of token, user, uid, "group,group". Somebody who shows no
credentials is anonymous where that is allowed, an administrator where nobody is asked who he is, and else refused
(401); a token that nobody has is always refused. Client certificates are read by the listener (`tls`). What somebody
may do is not decided here.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from backends.fake import statuses
from backends.fake.messages import Identity

ANONYMOUS: Final = "system:anonymous"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
MASTERS: Final = "system:masters"
ADMINISTRATOR: Final = Identity("kubernetes-admin", "", (MASTERS, AUTHENTICATED))
NOBODY: Final = Identity(ANONYMOUS, "", (UNAUTHENTICATED,))
INVALID: Final = "invalid bearer token"
_SERVICE_ACCOUNT: Final = "system:serviceaccount:"


def administrator(name: str) -> Identity:
    """A user of that name to whom nothing is forbidden."""
    return Identity(name, "", (MASTERS, AUTHENTICATED))


def service_account(user: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user name stands for; None for any other user."""
    namespace, separator, name = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if not user.startswith(_SERVICE_ACCOUNT) or not separator or not namespace or not name or ":" in name:
        return None
    return namespace, name


def service_account_identity(namespace: str, name: str, uid: str = "") -> Identity:
    """A service account as a user, in the groups that all of them are in."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return Identity(f"{_SERVICE_ACCOUNT}{namespace}:{name}", uid, groups)


def named(user: str) -> Identity:
    """The user of that name, in no other groups than it is in by its name."""
    account = service_account(user)
    if account is not None:
        return service_account_identity(*account)
    return NOBODY if user == ANONYMOUS else Identity(user, "", (AUTHENTICATED,))


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


class TokenError(Exception):
    """A token is refused: the text says why, in the words of the real server."""


TokenReader = Callable[[str, Sequence[str]], tuple[Identity, list[str]] | None]
"""Whom a token stands for and which of the given audiences it is for; None for what is no such token.

Raises `TokenError` for one that holds no longer.
"""


class Authenticator:
    """Finds the identity of a request. `anonymous` is who shows no credentials; None refuses him.

    `audience` is the API server's own: only tokens for it are let in.
    """

    def __init__(
        self, tokens: Mapping[str, Identity], issued: TokenReader, anonymous: Identity | None, audience: str
    ) -> None:
        self._tokens = tokens
        self._issued = issued
        self._anonymous = anonymous
        self._audiences = (audience,)
        self._lent: dict[str, Identity] = {}

    def lend(self, identity: Identity) -> str:
        """A token for somebody who is known already: a client in process, whose WebSocket comes over loopback."""
        token = secrets.token_urlsafe(24)
        self._lent[token] = identity
        return token

    def identity(self, headers: Mapping[str, str]) -> Identity:
        """Who asks. Raises `ApiError` 401."""
        authorization = headers.get("authorization")
        if authorization is not None:
            # Whatever follows a second blank is not looked at (bearertoken.go).
            scheme, token, *_ = [*authorization.strip().split(" ", 2), "", ""]
            if scheme.lower() == "bearer" and token:
                return self._of_token(token)
        if self._anonymous is None:
            raise statuses.unauthorized()
        return self._anonymous

    def find(self, token: str, audiences: Sequence[str] = ()) -> tuple[Identity, list[str]]:
        """Whom a token stands for, and which of `audiences` (none: the API server's own) it is for.

        Raises `TokenError`.
        """
        wanted = audiences or self._audiences
        known = self._tokens.get(token)
        if known is not None:
            # The table says nothing of audiences: its tokens are for this server.
            meant = [audience for audience in self._audiences if audience in wanted]
            if meant:
                return known, meant
            raise TokenError(INVALID)
        try:
            issued = self._issued(token, wanted)
        except TokenError as error:
            raise TokenError(f"[{INVALID}, {error}]") from error
        if issued is None:
            raise TokenError(INVALID)
        return issued

    def _of_token(self, token: str) -> Identity:
        known = self._tokens.get(token) or self._lent.get(token)
        if known is not None:
            return known
        try:
            return self.find(token)[0]
        except TokenError as error:
            raise statuses.unauthorized() from error
