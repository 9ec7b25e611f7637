"""`fake serve`: what it refuses, in one line; how it ends; and that nothing is lost or half written."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import backends
from backends.fake import Cluster, serving
from backends.fake.manifests import read
from backends.fake.messages import Request
from backends.fake.seeding import seed
from backends.fake.serving import listen
from tests.cli.conftest import Cli
from tests.conformance.served import serve

CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given}\ndata: {k: v}\n"
GIVEN = "/api/v1/namespaces/default/configmaps/given"


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(url + path, timeout=5) as answer:
        return json.loads(answer.read())


# ---------------------------------------------------------------- mistakes


def test_a_port_that_is_taken_is_one_line(cli: Cli) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = cli("fake", "serve", "--port", port)
    assert done.code == 5
    assert done.line.startswith(f"kubeactions: cannot listen on 127.0.0.1 port {port}: address already in use")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a: {", "document 1: not YAML"),
        ("kind: ConfigMap", "document 1: apiVersion is missing"),
        (
            CONFIGMAP + "---\n" + CONFIGMAP.replace("ConfigMap", "Gadget"),
            "document 2: no resource serves kind 'Gadget'",
        ),
        (CONFIGMAP.replace("\ndata:", "\ndataa:"), 'unknown field "dataa"'),
        (b"\xff\xff", "not "),
        ("- " * 50_000, "nested too deeply"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_one_line(
    cli: Cli, tmp_path: Path, content: str | bytes, problem: str
) -> None:
    manifest = file(tmp_path, "m.yaml", content)
    done = cli("fake", "serve", "-f", manifest)
    assert done.code == 5
    assert done.line.startswith(f"kubeactions: {manifest}: ")
    assert problem in done.line


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("token,user", "line 1: expected token,user,uid"),
        ("t,u,1\n\n,u,1", "line 3: expected token,user,uid"),
        (b"\xff", "can't decode byte 0xff"),
    ],
)
def test_a_token_table_that_cannot_be_used_is_one_line(
    cli: Cli, tmp_path: Path, content: str | bytes, problem: str
) -> None:
    table = file(tmp_path, "tokens.csv", content)
    done = cli("fake", "serve", "--token-auth-file", table)
    assert done.code == 5
    assert done.line.startswith(f"kubeactions: {table}: cannot be used as a token table: ")
    assert problem in done.line


@pytest.mark.parametrize("option", ["-f", "--token-auth-file"])
def test_a_file_that_is_not_there_is_one_line(cli: Cli, tmp_path: Path, option: str) -> None:
    done = cli("fake", "serve", option, tmp_path / "none")
    assert (done.code, done.line.endswith(": no such file or directory")) == (5, True)


@pytest.mark.parametrize("option", ["--save", "--kubeconfig"])
def test_a_file_that_cannot_be_written_is_found_before_anything_is_served(
    cli: Cli, tmp_path: Path, option: str
) -> None:
    for path, reason in (tmp_path, "is a directory"), (file(tmp_path, "f", "") / "x", "not a directory"):
        done = cli("fake", "serve", option, path)
        assert done.code == 5
        assert done.line == f"kubeactions: {path}: cannot be written ({option}): {reason}"


def test_a_certificate_without_its_key_is_a_mistyped_command(cli: Cli, tmp_path: Path) -> None:
    done = cli("fake", "serve", "--tls-cert-file", tmp_path / "c.pem")
    assert done.code == 2
    assert "--tls-cert-file and --tls-private-key-file go together" in done.line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--tls", "--tls-cert-file", "c", "--tls-private-key-file", "k"], "--tls makes its own certificates"),
        (["--tls", "--client-ca-file", "c"], "--tls makes its own certificates"),
        (["--tls-san", "a"], "--tls-san and --write-ca go with --tls"),
        (["--write-ca", "a"], "--tls-san and --write-ca go with --tls"),
        (["--client-ca-file", "c"], "--client-ca-file goes with --tls-cert-file"),
    ],
)
def test_options_of_tls_that_contradict_each_other_are_a_mistyped_command(
    cli: Cli, options: list[str], problem: str
) -> None:
    done = cli("fake", "serve", *options)
    assert done.code == 2
    assert problem in done.line


def test_a_name_that_cannot_stand_in_a_certificate_is_one_line(cli: Cli) -> None:
    done = cli("fake", "serve", "--tls", "--tls-san", "h\u00e9.example")
    assert done.code == 5
    assert done.line.startswith("kubeactions: cannot make a certificate: ")


def test_a_certificate_that_cannot_be_used_is_one_line(cli: Cli, tmp_path: Path) -> None:
    pem = file(tmp_path, "c.pem", "no certificate")
    done = cli("fake", "serve", "--tls-cert-file", pem, "--tls-private-key-file", pem)
    assert done.code == 5
    assert done.line == (
        f"kubeactions: cannot use the certificate {pem}: it or the key {pem} is not PEM, the key is encrypted, "
        "or it is another certificate's"
    )
    none = tmp_path / "none.pem"
    done = cli("fake", "serve", "--tls-cert-file", none, "--tls-private-key-file", pem)
    assert (
        done.line == f"kubeactions: cannot use the certificate {none}: it or the key {pem}: no such file or directory"
    )


# ---------------------------------------------------------------- which cluster is served


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> list[Cluster]:
    """Every cluster that would have been served: the server returns at once."""
    served: list[Cluster] = []
    monkeypatch.setattr(serving, "serve", lambda cluster, _listening, **_: served.append(cluster))
    return served


def uids(cluster: Cluster) -> dict[str, str]:
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in cluster.dump()}


def test_a_seed_repeats_uids_and_none_draws_them_by_lot(cli: Cli, clusters: list[Cluster]) -> None:
    for options in ["--seed", "5"], ["--seed", "5"], [], []:
        assert cli("fake", "serve", *options).code == 0
    first, second, third, fourth = (uids(cluster)["Namespace/default"] for cluster in clusters)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_a_seed_gives_no_uid_of_a_saved_cluster_a_second_time(
    cli: Cli, clusters: list[Cluster], tmp_path: Path
) -> None:
    saved, manifest = tmp_path / "saved.json", file(tmp_path, "m.yaml", CONFIGMAP)
    assert cli("fake", "serve", "--seed", 5, "--save", saved).code == 0
    assert cli("fake", "serve", "--seed", 5, "-f", saved).code == 0
    seed(clusters[1], read([manifest]))
    assert uids(clusters[1])["ConfigMap/given"] not in uids(clusters[0]).values()


def test_the_options_reach_the_cluster(cli: Cli, clusters: list[Cluster], tmp_path: Path) -> None:
    config = tmp_path / "new" / "kubeconfig"
    options = ["--nodes", 3, "--pod-ready-after", 7, "--kubeconfig", config]
    done = cli("fake", "serve", *options)
    assert clusters[0].pod_ready_after_s == 7.0
    assert sum(name.startswith("Node/") for name in uids(clusters[0])) == 3
    assert f"kubectl --kubeconfig {config} get pods -A" in done.out
    assert config.exists()
    cli("fake", "serve", "--no-controllers")
    assert not any(name.startswith("ServiceAccount/") for name in uids(clusters[1]))


def test_the_services_of_webhooks_are_where_an_option_says(cli: Cli, clusters: list[Cluster]) -> None:
    cli("fake", "serve", "--webhook-service", "n/s=https://127.0.0.1:8443")
    assert len(clusters) == 1
    for wrong in ("n/s", "s=https://h", "n/s=http://h"):
        done = cli("fake", "serve", "--webhook-service", wrong)
        assert done.code == 2
        assert "is not NAMESPACE/NAME=https://HOST:PORT" in done.line


# ---------------------------------------------------------------- the whole life, in processes of its own


@pytest.mark.http
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_saves_at_the_end_and_opens_what_it_saved(tmp_path: Path, number: signal.Signals) -> None:
    manifest, saved = file(tmp_path, "m.yaml", CONFIGMAP), tmp_path / "deep" / "saved.json"
    with serve(tmp_path, "-f", manifest, "--save", saved) as first:
        before = ask(first.url, GIVEN)
        watch = urllib.request.urlopen(f"{first.url}/api/v1/pods?watch=1", timeout=5)  # does not hold up the end
        code, output = first.stop(number)
        watch.close()
    assert code == 0
    assert "Traceback" not in output
    assert f"objects saved in {saved}" in output
    again = tmp_path / "again"
    again.mkdir()
    with serve(again, "-f", saved) as second:
        after = ask(second.url, GIVEN)
    older, newer = (int(each["metadata"].pop("resourceVersion")) for each in (before, after))
    assert after == before
    assert newer > older


@pytest.mark.http
def test_sigkill_leaves_the_old_file_and_nothing_half_written(tmp_path: Path) -> None:
    saved = file(tmp_path, "saved.json", "old")
    with serve(tmp_path, "--save", saved) as served:
        code, _ = served.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert saved.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["kubeconfig", "saved.json"]


@pytest.mark.http
def test_users_of_the_token_table_are_in_the_kubeconfig_and_others_are_refused(tmp_path: Path) -> None:
    table = file(tmp_path, "tokens.csv", 'secret,alice,1,"devs,ops"\n')
    with serve(tmp_path, "--token-auth-file", table) as served:
        with pytest.raises(urllib.error.HTTPError, match="403"):  # anonymous
            ask(served.url, GIVEN)
        stranger = urllib.request.Request(served.url + GIVEN, headers={"Authorization": "Bearer wrong"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(stranger, timeout=5)
        asked = urllib.request.Request(f"{served.url}/version", headers={"Authorization": "Bearer secret"})
        assert urllib.request.urlopen(asked, timeout=5).status == 200
        assert "token: secret" in served.kubeconfig.read_text()
        _, output = served.stop()
    assert "kubectl sends tokens over HTTPS only" in output


@pytest.mark.parametrize(
    ("options", "mode", "code"),
    [
        ([], "always-allow", 200),
        (["--authorization-mode", "RBAC"], "rbac", 403),
        (["--token-auth-file"], "rbac", 403),
        (["--token-auth-file", "--authorization-mode", "AlwaysAllow"], "always-allow", 401),
        (["--tls"], "rbac", 403),
        (["--tls", "--no-anonymous-auth"], "rbac", 401),
    ],
)
def test_rights_count_where_users_can_prove_who_they_are(
    cli: Cli, clusters: list[Cluster], tmp_path: Path, options: list[str], mode: str, code: int
) -> None:
    table = file(tmp_path, "tokens.csv", "t,alice,1\n")
    given = [part for option in options for part in ([option, table] if option == "--token-auth-file" else [option])]
    assert cli("fake", "serve", *given).code == 0
    assert clusters[0].authorization == mode
    assert clusters[0].handle(Request("GET", "/api/v1/nodes")).status == code


@pytest.mark.http
def test_over_tls_the_kubeconfig_is_all_that_a_client_needs(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    with (
        serve(tmp_path, "--tls", "--write-ca", authority, "--tls-san", "control-plane.example") as served,
        backends.open("live", kubeconfig=served.kubeconfig) as live,
    ):
        client = live.client()
        host = client.configuration.host
        assert host.startswith("https://127.0.0.1:")
        body = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        headers = {"Content-Type": "application/json"}
        answer = client.call_api("POST", f"{host}{path}", header_params=headers, body=body)
        who = json.loads(answer.read())["status"]["userInfo"]
        assert (who["username"], who["groups"]) == ("kubernetes-admin", ["system:masters", "system:authenticated"])
        published = client.call_api("GET", f"{host}/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt")
        assert json.loads(published.read())["data"]["ca.crt"] == authority.read_text()
        client.rest_client.pool_manager.clear()
        context = ssl.create_default_context(cafile=authority)
        with (
            socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), timeout=5) as connection,
            context.wrap_socket(connection, server_hostname="control-plane.example") as secured,
        ):
            assert secured.version() == "TLSv1.3"


def test_serving_does_not_import_the_official_client() -> None:
    modules = "kubeactions.cli.fake, backends.fake.serving, backends.fake.seeding, backends.fake.controllers"
    program = f"import sys, {modules}; sys.exit('kubernetes' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
