"""The command lines: every flag is one that the releases in use have."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.envtest import flags
from backends.envtest.flags import Layout
from tests.envtest.programs import API_SERVER_FLAGS, ETCD_FLAGS, MUST

LAYOUT = Layout(Path("/x"))


def names(arguments: list[str]) -> list[str]:
    assert all(argument.startswith("--") and "=" in argument for argument in arguments)
    return [argument.removeprefix("--").partition("=")[0] for argument in arguments]


def test_kube_apiserver_gets_flags_that_it_has_each_once_and_those_without_which_it_does_not_start() -> None:
    given = names(flags.api_server(LAYOUT, 6443, 2379))
    assert set(given) <= API_SERVER_FLAGS
    assert set(given) >= MUST
    assert len(given) == len(set(given))


def test_etcd_gets_flags_that_it_has_and_does_not_wait_for_the_disk_if_it_can_help_it() -> None:
    quick, safe = names(flags.etcd(LAYOUT, 2379)), names(flags.etcd(LAYOUT, 2379, fsync=True))
    assert set(quick) <= ETCD_FLAGS
    assert set(quick) - set(safe) == {"unsafe-no-fsync"}


@pytest.mark.parametrize("gone", ["insecure-port", "port", "cloud-provider", "kubelet-https", "service-account-lookup"])
def test_nothing_is_passed_that_releases_have_dropped(gone: str) -> None:
    assert gone not in names(flags.api_server(LAYOUT, 1, 2))


def test_a_users_flags_come_last_so_that_they_win() -> None:
    assert flags.api_server(LAYOUT, 1, 2, ["--v=4"])[-1] == "--v=4"
    assert flags.etcd(LAYOUT, 1, ["--log-level=debug"])[-1] == "--log-level=debug"


def test_everything_that_is_written_is_inside_the_folder_and_everything_that_listens_is_on_the_loopback() -> None:
    for argument in [*flags.api_server(LAYOUT, 1, 2), *flags.etcd(LAYOUT, 2)]:
        name, _, value = argument.partition("=")
        if name.endswith(("-file", "-dir")):
            assert value.startswith("/x/"), argument
        if "url" in name or "address" in name:
            assert "127.0.0.1" in value, argument
