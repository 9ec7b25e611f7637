"""Who asks: the token table, and what a name says of its groups."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backends.fake.authentication import (
    ADMINISTRATOR,
    NOBODY,
    Authenticator,
    TokenError,
    administrator,
    named,
    read_token_table,
    service_account,
)
from backends.fake.messages import Identity
from backends.fake.statuses import ApiError

ALICE, ROBOT = Identity("alice"), Identity("robot")


def test_a_line_is_token_user_uid_and_groups() -> None:
    table = read_token_table('# a comment\nt1,alice,1,"devs,ops"\n\nt2,bob,2\n')
    assert table["t1"].groups == ("devs", "ops", "system:authenticated")
    assert (table["t2"].name, table["t2"].uid, table["t2"].groups) == ("bob", "2", ("system:authenticated",))


@pytest.mark.parametrize("line", ["only-a-token", "token,user", ",user,uid", "token,,uid"])
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_token_table(f"t,u,1\n{line}\n")


def test_an_administrator_is_in_the_group_of_masters() -> None:
    assert "system:masters" in administrator("x").groups
    assert "system:masters" not in read_token_table("t,u,1")["t"].groups


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("system:serviceaccount:n:a", ("n", "a")),
        ("system:serviceaccount:n:", None),
        ("system:serviceaccount::a", None),
        ("system:serviceaccount:n", None),
        ("system:serviceaccount:n:a:b", None),
        ("n:a", None),
    ],
)
def test_a_service_account_is_told_by_its_name(user: str, expected: tuple[str, str] | None) -> None:
    assert service_account(user) == expected


def test_a_name_says_which_groups_it_is_in() -> None:
    assert named("alice").groups == ("system:authenticated",)
    assert named("system:serviceaccount:n:a").groups[:2] == ("system:serviceaccounts", "system:serviceaccounts:n")
    assert named("system:anonymous") == NOBODY


def authenticator(anonymous: Identity | None) -> Authenticator:
    def issued(token: str, audiences: Sequence[str]) -> tuple[Identity, list[str]] | None:
        if token == "old":
            raise TokenError("it is over")
        return (ROBOT, list(audiences)) if token == "issued" else None

    return Authenticator({"known": ALICE}, issued, anonymous, "us")


@pytest.mark.parametrize(("anonymous", "expected"), [(NOBODY, NOBODY), (ADMINISTRATOR, ADMINISTRATOR), (None, None)])
@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer ", "Bearer"])
def test_without_a_token_one_is_anonymous_if_that_is_allowed(
    header: str | None, anonymous: Identity | None, expected: Identity | None
) -> None:
    headers = {"authorization": header} if header is not None else {}
    if expected is None:
        with pytest.raises(ApiError, match="401"):
            authenticator(anonymous).identity(headers)
    else:
        assert authenticator(anonymous).identity(headers) is expected


@pytest.mark.parametrize("anonymous", [NOBODY, ADMINISTRATOR, None])
def test_a_token_is_somebodys_or_refused_whoever_else_may_come(anonymous: Identity | None) -> None:
    known = authenticator(anonymous)
    assert known.identity({"authorization": "Bearer known"}) is ALICE
    assert known.identity({"authorization": "bearer issued and more"}) is ROBOT
    for wrong in "old", "other":
        with pytest.raises(ApiError, match="401"):
            known.identity({"authorization": f"Bearer {wrong}"})


def test_a_token_of_the_table_is_for_this_server_alone() -> None:
    known = authenticator(None)
    assert known.find("known") == (ALICE, ["us"])
    assert known.find("known", ["them", "us"]) == (ALICE, ["us"])
    with pytest.raises(TokenError, match=r"^invalid bearer token$"):
        known.find("known", ["them"])
    with pytest.raises(TokenError, match=r"^\[invalid bearer token, it is over\]$"):
        known.find("old")
