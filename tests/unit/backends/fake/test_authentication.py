"""The token table."""

from __future__ import annotations

import pytest

from backends.fake.authentication import administrator, read_token_table


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
