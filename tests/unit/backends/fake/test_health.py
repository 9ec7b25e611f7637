"""The checks of health."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.door import Door


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/healthz", "ok"),
        ("/livez/poststarthook/rbac/bootstrap-roles", "ok"),
        ("/readyz/shutdown", "ok"),
        ("/readyz?exclude=etcd", "ok"),
        ("/readyz/ping?verbose", "ok"),
    ],
)
def test_all_is_well(door: Door, target: str, body: str) -> None:
    answer = door.get(target)
    assert (answer.code, answer.body) == (200, body.encode())


@pytest.mark.parametrize("target", ["/livez/shutdown", "/healthz/informer-sync", "/readyz/nonsense"])
def test_a_check_that_is_not_there_is_no_path(door: Door, target: str) -> None:
    assert door.get(target).code == 404


def test_verbose_tells_each_check_and_what_is_left_out(door: Door) -> None:
    lines = door.get("/readyz?verbose&exclude=etcd&exclude=none&exclude=no+such").body.decode().splitlines()
    assert lines[:4] == ["[+]ping ok", "[+]log ok", "[+]etcd excluded: ok", "[+]etcd-readiness ok"]
    assert lines[-3:] == [
        "[+]shutdown ok",
        'warn: some health checks cannot be excluded: no matches for "no such","none"',
        "readyz check passed",
    ]
    assert "[+]shutdown ok" not in door.get("/livez?verbose").body.decode()
