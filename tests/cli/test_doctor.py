"""`doctor`: every check says ok where things are well, and names what is wrong and what to do where they are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import backends as backends_package
from backends.base import BackendError
from backends.fake import FakeBackend
from kubeactions import rbac, registry
from kubeactions.cli.doctor import Check, Level, check_access
from kubeactions.clock import SystemClock
from kubeactions.errors import Unavailable
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import NAME, Pause, Requests
from kubeactions.model import Rule
from kubeactions.settings import Settings
from tests.cli.conftest import Cli, Result, World

SPECS = {
    name: spec
    for name, spec in registry.specs(registry.load()).items()
    if name in {"delete_pod", "restart_deployment", "cordon_node"}
}
PLACE = rbac.Place("kubeactions", "default", "default", Settings().election.lease_name)
ACCOUNT = "system:serviceaccount:default:kubeactions"


def lines(told: Result, about: str) -> list[str]:
    """What was said about one thing."""
    return [line for line in told.out.splitlines() if line[9:].startswith(about)]


def test_a_cluster_that_is_led_has_no_problem(cli: Cli, world: World) -> None:
    world.work(3)
    told = cli("doctor", "--source", world.directory)
    assert (told.code, told.err) == (0, "")
    assert [line for line in told.out.splitlines() if not line.startswith("ok ")] == []
    assert "replica-a leads" in lines(told, "leader")[0]
    assert "acquired" in lines(told, "leader")[0]
    assert "trusted: 0 records" in lines(told, "ledger")[0]
    access = [line.partition("access")[2].strip() for line in lines(told, "access")]
    assert access[0].startswith("in namespace default: what the Role kubeactions-ledger grants, ")
    assert access[0].endswith(" rules, is granted")
    assert len({line.partition(" grants, ")[0] for line in access}) == len(access), "no two lines read alike"


def test_before_the_first_start_there_are_warnings_and_no_problem(cli: Cli, world: World) -> None:
    told = cli("doctor", "--source", world.directory)
    assert told.code == 0
    assert lines(told, "leader")[0].startswith("warning")
    assert lines(told, "ledger")[0].startswith("warning")


def test_a_switch_that_is_off_is_named(cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_ENABLED", "false")
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert lines(told, "settings")[0].startswith("problem  settings  kubeactions.enabled is false; set it to true")


def test_settings_that_no_agent_takes_are_named(cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_PERMITS", "force_delete_statefulset_pod")
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert "did you mean force_delete_statefulset_pods?" in lines(told, "settings")[1]


def test_a_mistyped_action_type_is_a_problem(cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_ALLOWED_ACTIONS", "delete_pdo")
    told = cli("doctor", "--source", world.directory)
    assert "delete_pdo" in " ".join(lines(told, "settings"))
    assert not all(line.startswith("ok") for line in lines(told, "settings"))


def test_a_source_is_read(cli: Cli, world: World, tmp_path: Path) -> None:
    (world.directory / "mistyped.json").write_text("{}")
    told = cli("doctor", "--source", world.directory, "--source", tmp_path / "nowhere")
    assert told.code == 1
    readable, misnamed, missing = lines(told, "source")
    assert readable.startswith("ok")
    assert "0 configs" in readable
    assert misnamed.startswith("warning")
    assert "mistyped.json" in misnamed
    assert missing.startswith("problem")
    assert "no such source directory" in missing


def test_a_target_that_no_namespace_is_called_is_a_mistake(cli: Cli) -> None:
    done = cli("doctor", "--target-namespaces", "shop,A B")
    assert done.code == 2
    assert "--target-namespaces: 'A' is no namespace name" in done.line


def test_no_source_at_all_is_a_problem(cli: Cli, world: World) -> None:
    told = cli("doctor")
    assert told.code == 1
    assert lines(told, "source") == [
        "problem  source    there is none to read; set kubeactions.sources, or give --source DIR"
    ]


def test_a_leader_that_is_gone_is_a_problem(cli: Cli, world: World) -> None:
    world.clock.jump_wall(-120)
    world.work(3)
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert lines(told, "leader")[0].startswith("problem  leader    nobody leads: replica-a renewed the lease ")


def test_a_ledger_that_cannot_be_trusted_is_a_problem(cli: Cli, world: World) -> None:
    world.work(3)
    world.kube.patch(f"/api/v1/namespaces/default/configmaps/{NAME}", {"data": {"meta": "{"}}, type="merge")
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert lines(told, "ledger")[0].startswith("problem")


def test_a_pause_is_a_warning(cli: Cli, world: World) -> None:
    world.work(3)
    Requests(world.kube, "default").pause(Pause("manual", "black friday", "ops", world.clock.wall()))
    told = cli("doctor", "--source", world.directory)
    assert told.code == 0
    (said,) = lines(told, "pause")
    assert said.startswith("warning  pause     nothing is begun: black friday")


@pytest.mark.parametrize(("ahead_s", "level"), [(2, "ok"), (60, "warning"), (86400, "problem"), (-86400, "problem")])
def test_a_clock_that_is_off_is_seen(
    cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch, ahead_s: int, level: str
) -> None:
    monkeypatch.setenv("DD_KUBEACTIONS_FUTURE_TOLERANCE_S", "120")
    world.clock.jump_wall(ahead_s)
    told = cli("doctor", "--source", world.directory)
    (said,) = lines(told, "clock")
    assert said.startswith(level)
    assert ("too late" in said, "too early" in said) == (level != "ok" and ahead_s > 0, ahead_s < 0)


def test_no_cluster_is_a_problem_and_ends_the_questions(
    cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str, **_options: Any) -> None:
        raise BackendError("no kubeconfig")

    monkeypatch.setattr(backends_package, "open", refuse)
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert told.out.splitlines()[-1] == "problem  cluster   no kubeconfig; give --kubeconfig, and --context"


def test_an_api_server_that_does_not_answer_is_asked_nothing_more(
    cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_arguments: Any, **_options: Any) -> None:
        raise Unavailable("GET /version: no complete answer within 5 s")

    monkeypatch.setattr(Kube, "server_time", silent)
    told = cli("doctor", "--source", world.directory)
    assert told.code == 1
    assert told.out.splitlines()[-1].startswith(
        "problem  cluster   GET /version: no complete answer within 5 s; see to"
    )


def test_the_answer_is_json_where_that_is_asked_for(cli: Cli, world: World) -> None:
    told = json.loads(cli("doctor", "--source", world.directory, "--json").out)
    assert told["problems"] == 0
    assert {"settings", "source", "cluster", "clock", "access", "leader", "ledger"} <= {
        check["about"] for check in told["checks"]
    }


@pytest.fixture
def strict() -> Iterator[FakeBackend]:
    """A cluster that evaluates RBAC, with every role that these action types need."""
    with FakeBackend(authorization="rbac") as backend:
        yield backend


def grant(backend: FakeBackend, *, without: rbac.Grant | None = None) -> None:
    """Write the roles, as `kubeactions manifests` prints them, but for one grant."""
    admin = Kube(backend.client(), SystemClock())
    for role in rbac.roles(SPECS, PLACE):
        left = replace(role, grants=tuple(one for one in role.grants if one != without))
        for body in rbac.manifests(left, PLACE):
            admin.create(path_of(body["apiVersion"], f"{body['kind'].lower()}s", namespace=role.namespace), body)


def ask(backend: FakeBackend) -> list[Check]:
    """The access that the agent's account has."""
    kube = Kube(backend.client(ACCOUNT), SystemClock())
    return list(check_access(kube, Settings(), SPECS, ()))


def test_the_printed_roles_are_enough(strict: FakeBackend) -> None:
    grant(strict)
    assert {check.level for check in ask(strict)} == {Level.OK}


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param(one, id=f"{role.name}-{one.rule.resource}-{'-'.join(one.rule.verbs)}")
        for role in rbac.roles(SPECS, PLACE)
        for one in role.grants
    ],
)
def test_each_grant_that_lacks_is_named(strict: FakeBackend, lacking: rbac.Grant) -> None:
    grant(strict, without=lacking)
    (problem,) = [check for check in ask(strict) if check.level is Level.PROBLEM]
    assert lacking.rule.resource in problem.text
    assert all(verb in problem.text for verb in lacking.rule.verbs)
    assert lacking.why in problem.text


def test_a_grant_for_several_names_is_asked_for_each(strict: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = Rule("coordination.k8s.io", "leases", ("get",))
    wanted = rbac.Role("both", "default", "", (rbac.Grant(leases, "the test", ("one", "two")),))
    given = replace(wanted, grants=(rbac.Grant(leases, "the test", ("one",)),))
    admin = Kube(strict.client(), SystemClock())
    for body in rbac.manifests(given, PLACE):
        admin.create(path_of(body["apiVersion"], f"{body['kind'].lower()}s", namespace="default"), body)
    monkeypatch.setattr(rbac, "roles", lambda *_: (wanted,))
    (problem,) = ask(strict)
    assert "may not get leases.coordination.k8s.io one, two in namespace default" in problem.text


def test_what_reads_anything_is_told_to_be_the_operators_choice(strict: FakeBackend) -> None:
    kube = Kube(strict.client(ACCOUNT), SystemClock())
    spec = replace(SPECS["delete_pod"], type="read_it", rules=(Rule("*", "*", ("get",)),))
    (said,) = [one for one in check_access(kube, Settings(), {"read_it": spec}, ()) if one.level is Level.WARNING]
    assert "--read" in said.to_do
