"""Acting as somebody else: the Impersonate headers, and whether the asker may.

The rules of k8s.io/apiserver/pkg/endpoints/filters/impersonation.go: the verb `impersonate` on users, groups,
serviceaccounts, uids and userextras, each asked for by itself. Called by the server after authentication.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from backends.fake import statuses
from backends.fake.authentication import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, service_account
from backends.fake.authorization import Attributes, Authorizer, check
from backends.fake.messages import Identity

_PREFIX = "impersonate-"
_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"


class Asked(NamedTuple):
    """Whom the headers name."""

    user: str
    uid: str
    groups: tuple[str, ...]
    extra: tuple[tuple[str, tuple[str, ...]], ...]


def impersonated(headers: Mapping[str, str], asking: Identity, path: str, authorizer: Authorizer) -> Identity:
    """Whom the request acts as: `asking`, unless it names somebody else.

    Raises `ApiError` 403 for whoever may not, and 500 (plain text, as there) for groups, a uid or extra values without
    a user.
    """
    if _PREFIX not in " ".join(headers):
        return asking
    asked = _asked({name: value for name, value in headers.items() if name.startswith(_PREFIX)})
    if not asked.user:
        if not (asked.groups or asked.uid or asked.extra):
            return asking
        raise _nobody(path, asked)
    for attributes in _permissions(asking, asked):
        check(authorizer, attributes)
    return Identity(asked.user, asked.uid, _groups(asked), asked.extra)


def _asked(named: Mapping[str, str]) -> Asked:
    groups = tuple(group.strip() for group in named.get("impersonate-group", "").split(",") if group.strip())
    extra = tuple(
        (unquote(name[len(_EXTRA) :]), tuple(one.strip() for one in value.split(",")))
        for name, value in named.items()
        if name.startswith(_EXTRA)
    )
    return Asked(named.get("impersonate-user", ""), named.get("impersonate-uid", ""), groups, extra)


def _permissions(asking: Identity, asked: Asked) -> Iterator[Attributes]:
    """Everything that the asker must be allowed, in the order in which it is asked for."""
    account = service_account(asked.user)
    if account is not None:
        namespace, name = account
        yield Attributes(asking, "impersonate", resource="serviceaccounts", namespace=namespace, name=name)
    else:
        yield Attributes(asking, "impersonate", resource="users", name=asked.user)
    for group in asked.groups:
        yield Attributes(asking, "impersonate", resource="groups", name=group)
    for key, values in asked.extra:
        for value in values:
            yield Attributes(asking, "impersonate", _AUTHENTICATION, "userextras", key, name=value)
    if asked.uid:
        yield Attributes(asking, "impersonate", _AUTHENTICATION, "uids", name=asked.uid)


def _groups(asked: Asked) -> tuple[str, ...]:
    groups = asked.groups
    account = service_account(asked.user)
    if account is not None and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    if asked.user == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    return groups if AUTHENTICATED in groups or UNAUTHENTICATED in groups else (*groups, AUTHENTICATED)


def _nobody(path: str, asked: Asked) -> statuses.ApiError:
    wanted = [f"{{Group  {group}    }}" for group in asked.groups]
    wanted += [f"{{UserExtra  {value}    }}" for _, values in asked.extra for value in values]
    wanted += [f"{{UID  {asked.uid}    }}"] if asked.uid else []
    text = f'Internal Server Error: "{path}": requested [{" ".join(wanted)}] without impersonating a user\n'
    return statuses.ApiError(500, "", text, headers={"Content-Type": "text/plain; charset=utf-8"}, plain=text.encode())
