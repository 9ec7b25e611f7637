"""`submit` and `validate`: what is written, and one clear line for each mistake."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from kubeactions.clock import SystemClock
from kubeactions.sources.directory import DirectorySource
from tests.cli.conftest import Cli

SEED = {
    "action_type": "delete_pod",
    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": "my-pod-xyz"},
    "timestamp": {"seconds": 1734567890, "nanos": 0},
}


def config(tmp_path: Path, content: object, name: str = "a@1.json") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


# --- submit ---


def test_submit_writes_a_config_that_the_source_delivers(cli: Cli, tmp_path: Path) -> None:
    done = cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", tmp_path, "-p", "grace_period_seconds=0")
    assert done.code == 0, done.err
    (delivered,) = DirectorySource(tmp_path).pull().configs
    assert delivered.id.startswith("delete-pod-my-pod-")
    assert done.out.startswith(f"{delivered.id}:v1 submitted: {tmp_path}/{delivered.id}@1.json\n")
    (action,) = json.loads(delivered.payload)["actions"]
    assert action["delete_pod"] == {"grace_period_seconds": "0"}
    assert action["resource"] == {"kind": "Pod", "name": "my-pod", "namespace": "default"}
    assert action["requested_by"]
    assert cli("validate", tmp_path / f"{delivered.id}@1.json").code == 0


def test_submit_takes_id_version_uid_and_requester(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        "submit", "restart_deployment", "cart", "-n", "shop", "--source", tmp_path, "--id", "cart", "--version", 7,
        "--uid", "u-1", "--requested-by", "ops@example.org", "--json",
    )  # fmt: skip
    said = json.loads(done.out)
    assert (said["key"], said["file"]) == ("cart:v7", str(tmp_path / "cart@7.json"))
    (action,) = said["config"]["actions"]
    assert (action["resource"]["resource_id"], action["requested_by"]) == ("u-1", "ops@example.org")


def test_submit_orders_a_rehearsal_and_a_beginning_and_says_that_it_waits(cli: Cli, tmp_path: Path) -> None:
    begin = (SystemClock().wall() + timedelta(hours=1)).isoformat()
    told = cli("submit", "delete_pod", "x", "-n", "d", "--rehearse", "--not-before", begin, "--source", tmp_path)
    assert (told.code, "it would wait now: NotBefore: it may begin at" in told.err) == (0, True)
    (written,) = tmp_path.iterdir()
    (action,) = json.loads(written.read_text())["actions"]
    assert (action["dry_run"], action["not_before"]) == (True, begin)


def test_submit_never_overwrites(cli: Cli, tmp_path: Path) -> None:
    order = ("submit", "delete_pod", "x", "-n", "default", "--source", tmp_path, "--id", "a")
    assert cli(*order).code == 0
    before = (tmp_path / "a@1.json").read_bytes()
    refused = cli(*order)
    assert (refused.code, refused.out) == (4, "")
    assert refused.line.endswith("a@1.json is there already; give another --id, or a higher --version")
    assert (tmp_path / "a@1.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["a@1.json"]


def test_submit_works_where_links_do_not(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    order = ("submit", "delete_pod", "x", "-n", "default", "--source", tmp_path, "--id", "a")
    assert [cli(*order).code, cli(*order).code] == [0, 4]
    assert os.listdir(tmp_path) == ["a@1.json"]


def test_a_dry_run_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    done = cli("submit", "delete_pod", "x", "-n", "default", "--source", tmp_path, "--dry-run")
    assert json.loads(done.out)["actions"][0]["delete_pod"] == {}
    assert os.listdir(tmp_path) == []


def test_submit_says_what_would_be_refused_now(cli: Cli, tmp_path: Path) -> None:
    done = cli("submit", "delete_pod", "x", "-n", "kube-system", "--source", tmp_path)
    assert done.code == 0
    assert "it would be refused now: ProtectedNamespace" in done.line


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("delete_pot", "x", "-n", "d"), 2, "unknown action type 'delete_pot'; did you mean delete_pod?"),
        (("delete_pod", "x"), 1, "missing: delete_pod acts on an object in a namespace; give it with -n"),
        (("delete_pod", "x", "-n", "Kube-System"), 1, "actions[0].resource.namespace: 'Kube-System': a namespace is"),
        (("delete_pod", "../x", "-n", "d"), 1, "actions[0].resource.name: '../x': a name is"),
        (("delete_pod", "x", "-n", "d", "-p", "grace"), 2, "--param 'grace': write it as KEY=VALUE"),
        (("delete_pod", "x", "-n", "d", "-p", "a=1", "-p", "a=2"), 2, "--param a is given twice"),
        (
            ("delete_pod", "x", "-n", "d", "-p", "a=1"),
            1,
            "actions[0].delete_pod.a: unknown parameter; known: grace_period_seconds",
        ),
        (("delete_pod", "x", "-n", "d", "--id", "a/b"), 2, "--id: 'a/b' cannot be in a file's name"),
        (("delete_pod", "x", "-n", "d", "--version", "0"), 1, "metadata.version: missing or out of range: 0"),
        (("delete_pod", "x", "-n", "d", "--version", "x"), 2, "'x' is not a valid integer"),
        (("get_resource", "x", "-n", "d"), 1, "actions[0].resource.kind: missing; give it with --kind"),
        (("delete_pod", "x", "-n", "d", "--not-before", "2026-12-01T02:00"), 1, "not_before: '2026-12-01T02:00' is no"),
        ((), 2, "Missing argument 'TYPE'"),
    ],
)
def test_a_mistake_in_submit_is_one_line(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], code: int, text: str
) -> None:
    done = cli("submit", *arguments, "--source", tmp_path)
    assert done.code == code, done
    assert text in done.line
    assert os.listdir(tmp_path) == []


def test_submit_into_a_directory_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    done = cli("submit", "delete_pod", "x", "-n", "d", "--source", tmp_path / "none")
    assert (done.code, "no such source directory; create it with: mkdir -p" in done.line) == (4, True)


# --- validate ---


def test_validate_prints_each_action_and_what_would_stop_it(cli: Cli, tmp_path: Path) -> None:
    done = cli("validate", config(tmp_path, {"actions": [SEED]}))
    assert done.code == 0
    first, second = done.out.splitlines()
    assert first.endswith("valid   a:v1: delete_pod Pod default/my-pod-xyz, stamped 2024-12-19T00:24:50Z")
    assert "would be refused now: Expired: stamped 2024-12-19T00:24:50Z" in second


def test_validate_takes_several_files_and_yaml(cli: Cli, tmp_path: Path) -> None:
    good = config(tmp_path, {"actions": [SEED]})
    yaml = config(tmp_path, b"actions:\n- action_type: delete_pod\n", "b@2.yaml")
    done = cli("validate", "--json", good, yaml)
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert (done.code, first["actions"][0]["ok"], second["actions"][0]["ok"]) == (1, True, False)
    assert second["actions"][0]["text"] == "actions[0].resource: missing: it names the object to act on"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"x" * 10 * 1024 * 1024, "payload: 10485760 bytes; the limit is 1048576"),
        ({"actions": [{}] * 10_000}, "actions: 10000 actions; the limit is 100 per config"),
        (b'{"actions": [\xff]}', "payload: not UTF-8: byte 0xff at offset 13"),
        (b'{"actions": [], "actions": []}', "actions: given twice"),
        (b'{"actions": [{"x": 1, "x": 2}]}', "actions[0].x: given twice"),
        (b'{"actions": ' + b"[" * 50_000, "payload: nested far too deep"),
        (b'{"actions": [' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"]}", "nested deeper than 32 levels"),
        (b"{", "payload: not JSON: "),
        (b"", "payload: not JSON: "),
    ],
)
def test_validate_names_what_is_wrong_with_a_payload_in_one_line(
    cli: Cli, tmp_path: Path, content: object, text: str
) -> None:
    done = cli("validate", config(tmp_path, content))
    assert (done.code, done.err) == (1, "")
    assert text in done.out
    assert done.out.count("\n") == 1
    assert "INVALID" in done.out


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [("a@1.yaml", b"actions: [", "broken YAML"), ("a@1.yaml", b"[" * 50_000, "nested deeper than 200 levels")],
)
def test_validate_tells_broken_yaml_from_a_wrong_payload(
    cli: Cli, tmp_path: Path, name: str, content: bytes, text: str
) -> None:
    done = cli("validate", config(tmp_path, content, name))
    assert (done.code, text in done.line) == (4, True)


def test_validate_reads_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with config(tmp_path, {"actions": [SEED]}).open("r") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert "stdin:v1" in cli("validate", "-").out


def test_validate_of_a_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    done = cli("validate", tmp_path / "none.json")
    assert (done.code, done.line) == (4, f"kubeactions: {tmp_path}/none.json: cannot read: No such file or directory")


def test_limits_come_from_the_settings(cli: Cli, tmp_path: Path) -> None:
    settings = tmp_path / "datadog.yaml"
    settings.write_text("kubeactions: {limits: {actions_per_config: 1}}")
    done = cli("validate", "--settings", settings, config(tmp_path, {"actions": [SEED, SEED]}))
    assert "2 actions; the limit is 1 per config" in done.out


@pytest.mark.parametrize("name", ["noversion.json", "bad@x.json", "ver@01.json"])
def test_validate_says_that_a_source_would_not_read_a_file_of_this_name(cli: Cli, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps({"actions": [SEED]}))
    done = cli("validate", path)
    assert done.code == 0
    assert "a source directory would not read it under this name: no config: name it <id>@<version>.json" in done.out
    assert "would not read it" not in cli("validate", config(tmp_path, {"actions": [SEED]})).out
