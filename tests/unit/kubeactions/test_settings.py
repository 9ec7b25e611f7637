"""Settings: what is read from where, and that nothing mistyped under `kubeactions` passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeactions import settings as module
from kubeactions.errors import SettingsError
from kubeactions.settings import KEYS, Election, Limits, Own, Plug, Settings, load, parse

FULL = """
api_key: abc
cluster_name: test-cluster
logs_enabled: true
kubeactions:
  enabled: true
  persistent_store:
    namespace: datadog
  limits:
    actions_per_config: 10
  expiry_s: 1h30m
  future_tolerance_s: 5
  protected_namespaces: [vault, istio-system]
  allowed_actions: [delete_pod]
  safety_hook: shop.rules:check
  sources:
  - type: directory
    path: /etc/actions
  reporters: [log, {type: jsonl, path: /var/log/actions.jsonl}]
remote_configuration:
  enabled: true
leader_lease_name: my-lease
leader_lease_duration: "60"
"""


def test_a_whole_file_is_read() -> None:
    found = parse(FULL, {})
    assert found.active
    assert (found.cluster_name, found.ledger_namespace) == ("test-cluster", "datadog")
    assert found.limits == Limits(actions_per_config=10)
    assert (found.expiry_s, found.future_tolerance_s) == (5400, 5)
    assert found.protected_namespaces == {"vault", "istio-system"}
    assert found.allowed_actions == frozenset({"delete_pod"})
    assert found.safety_hook == "shop.rules:check"
    assert found.sources == (Plug("directory", {"path": "/etc/actions"}),)
    assert found.reporters == (Plug("log"), Plug("jsonl", {"path": "/var/log/actions.jsonl"}))
    assert found.election == Election("my-lease", 60, 40, 8)


def test_nothing_given_is_the_defaults_and_off() -> None:
    assert parse("", {}) == Settings()
    assert not Settings().active
    assert "DD_KUBEACTIONS_ENABLED" in Settings().why_inactive


def test_without_remote_configuration_it_is_off() -> None:
    found = parse("kubeactions: {enabled: true}\nremote_configuration: {enabled: false}", {})
    assert not found.active
    assert found.why_inactive.startswith("remote_configuration.enabled is false")


def test_the_environment_wins_over_the_file() -> None:
    environment = {
        "DD_KUBEACTIONS_ENABLED": "false",
        "DD_KUBEACTIONS_PERSISTENT_STORE_NAMESPACE": "other",
        "DD_LEADER_LEASE_NAME": "from-env",
        "DD_LEADER_LEASE_DURATION": "30",
        "DD_KUBEACTIONS_LIMITS_NESTING_DEPTH": "16",
        "DD_KUBEACTIONS_PROTECTED_NAMESPACES": "a b,c",
        "DD_KUBEACTIONS_SOURCES": '[{"type": "directory", "path": "/x"}]',
        "DD_KUBEACTIONS_REPORTERS": "log",
        "DD_API_KEY": "not ours",
    }
    found = parse(FULL, environment)
    assert not found.enabled
    assert (found.ledger_namespace, found.election.lease_name) == ("other", "from-env")
    assert (found.election.lease_duration_s, found.election.renew_deadline_s) == (30, 20)
    assert found.limits.nesting_depth == 16
    assert found.protected_namespaces == {"a", "b", "c"}
    assert (found.sources, found.reporters) == ((Plug("directory", {"path": "/x"}),), (Plug("log"),))


def test_one_number_sets_the_whole_election() -> None:
    short = parse("leader_lease_duration: 3", {})
    assert (short.election.renew_deadline_s, short.election.retry_period_s) == (2.0, 0.4)
    assert short.request_timeout_s == 1.0
    assert parse("leader_lease_duration: 60", {}).request_timeout_s == 5.0
    assert parse("leader_lease_duration: 3\nkubeactions: {request_timeout_s: 0.5}", {}).request_timeout_s == 0.5


def test_every_key_can_be_set_by_the_environment() -> None:
    assert len({setting.variable for setting in KEYS}) == len(KEYS)
    assert all(setting.variable.startswith("DD_") for setting in KEYS)


def test_who_we_are_comes_from_the_downward_api() -> None:
    environment = {"POD_NAMESPACE": "datadog", "POD_NAME": "agent-0", "POD_UID": "u-1"}
    assert parse("", environment).own == Own("datadog", "agent-0", "u-1")
    assert parse("", {**environment, "DD_POD_NAME": "agent-1"}).own.pod_name == "agent-1"


def test_in_a_cluster_the_service_accounts_file_names_the_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "namespace"
    file.write_text("from-file\n")
    monkeypatch.setattr(module, "SERVICE_ACCOUNT_NAMESPACE", file)
    assert parse("", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).own.namespace == "from-file"
    assert parse("", {}).own.namespace == ""
    file.unlink()
    assert parse("", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).own.namespace == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kubeaction:\n  enabled: true", "d.yaml:1: unknown key kubeaction; did you mean kubeactions?"),
        (
            "leader_lease_duratoin: 30",
            "d.yaml:1: unknown key leader_lease_duratoin; did you mean leader_lease_duration?",
        ),
        (
            "remote_configuration:\n  enabeld: false",
            "d.yaml:2: unknown key remote_configuration.enabeld; did you mean remote_configuration.enabled?",
        ),
        ("kubeactions:\n  enabld: true", "d.yaml:2: unknown key kubeactions.enabld; did you mean kubeactions.enabled?"),
        ("kubeactions:\n  limits:\n    bytes: 1", "d.yaml:3: unknown key kubeactions.limits.bytes"),
        (
            "a: 1\nkubeactions:\n  enabled: maybe",
            "d.yaml:3: kubeactions.enabled: true or false is expected, not 'maybe'",
        ),
        ("kubeactions: {enabled: true, enabled: false}", "d.yaml:1: kubeactions.enabled is given twice"),
        ("kubeactions: 5", "d.yaml:1: kubeactions: an object of keys is expected"),
        ("kubeactions: {expiry_s: -1}", "d.yaml:1: kubeactions.expiry_s: a duration of 1 s to 2592000 s is expected"),
        ("kubeactions: {expiry_s: .nan}", "d.yaml:1: kubeactions.expiry_s: a duration"),
        ("kubeactions: {expiry_s: true}", "d.yaml:1: kubeactions.expiry_s: a duration"),
        (
            "kubeactions: {limits: {actions_per_config: 1.5}}",
            "d.yaml:1: kubeactions.limits.actions_per_config: a whole",
        ),
        (
            "kubeactions: {persistent_store: {namespace: A_b}}",
            "d.yaml:1: kubeactions.persistent_store.namespace: 'A_b'",
        ),
        ("leader_lease_name: 5", "d.yaml:1: leader_lease_name: a string is expected, not 5"),
        ("leader_lease_duration: 1", "d.yaml:1: leader_lease_duration: a duration of 3 s"),
        ("leader_lease_duration: 3.5", "d.yaml:1: leader_lease_duration: whole seconds are expected"),
        (
            "kubeactions: {sources: [{path: /x}]}",
            "d.yaml:1: kubeactions.sources: each item is a name or an object with",
        ),
        ("kubeactions: {sources: 5}", "d.yaml:1: kubeactions.sources: a list is expected"),
        ("kubeactions: {allowed_actions: [1]}", "d.yaml:1: kubeactions.allowed_actions: a list of strings"),
        ("kubeactions: {forwarder: {dd_url: x}}", "d.yaml:1: kubeactions.forwarder: the event platform"),
        ("kubeactions: {enabled: true}\nleader_election: false", "d.yaml:2: leader_election: only an elected leader"),
        (
            "kubeactions: {enabled: true}\nleader_election_default_resource: configmap",
            "d.yaml:2: leader_election_default_resource: this version elects with a coordination.k8s.io Lease only",
        ),
        ("kubeactions: [", "d.yaml:1: broken YAML: "),
        ("a: b: c", "d.yaml:1: broken YAML: mapping values are not allowed here"),
        ("- 1", "d.yaml:1: settings are an object of keys"),
        ("kubeactions: {cluster: !!python/name:os.x 1}", "d.yaml:1: unknown key kubeactions.cluster"),
        ("cluster_name: 2026-13-45", "d.yaml: broken YAML: month must be in 1..12"),
        ("[" * 1000, "d.yaml: broken YAML: maximum recursion"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_its_place(content: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(content, {}, origin="d.yaml")
    assert str(caught.value).startswith(message), str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DD_KUBEACTIONS_ENABLE": "1"}, "unknown environment variable DD_KUBEACTIONS_ENABLE; did you mean"),
        (
            {"DD_KUBEACTIONS_ENABLED": "yes"},
            "environment variable DD_KUBEACTIONS_ENABLED: kubeactions.enabled: true or",
        ),
        (
            {"DD_KUBEACTIONS_SOURCES": "[{"},
            "environment variable DD_KUBEACTIONS_SOURCES: kubeactions.sources: '[{' is no",
        ),
        ({"DD_KUBEACTIONS_SOURCES": "[" * 1000}, "environment variable DD_KUBEACTIONS_SOURCES: "),
    ],
)
def test_a_mistake_in_the_environment_is_one_line(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse("", environment)
    assert str(caught.value).startswith(message), str(caught.value)


def test_other_features_keys_are_ignored_whatever_they_hold() -> None:
    assert (
        parse("logs_config: {x: [1, {y: 2}]}\napm_config: [1]\norchestrator_explorer: {enabled: true}", {})
        == Settings()
    )


def test_without_kubeactions_the_agents_election_settings_do_not_matter() -> None:
    assert parse("leader_election: false\nleader_election_default_resource: configmap", {}) == Settings()


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SettingsError, match=message):
            load(path, {})
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"not UTF-8 \(byte 0\)"):
        load(binary, {})
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (module.MAX_FILE_BYTES + 1))
    with pytest.raises(SettingsError, match="no settings file"):
        load(huge, {})


def test_an_empty_section_is_no_mistake() -> None:
    assert parse("kubeactions:\n", {}) == Settings()


def test_a_variable_that_is_all_but_one_of_ours_is_ignored_with_a_warning() -> None:
    environment = {"DD_LEADER_LEASE_DURATON": "20", "DD_KUBEACTION_ENABLED": "1", "DD_LOG_LEVEL": "debug", "HOME": "/"}
    found = parse("", {**environment, "DD_LEADER_LEASE_DURATION": "30", "DD_LEADER_ELECTION": "true"})
    assert found.warnings == (
        "environment variable DD_KUBEACTION_ENABLED is ignored; did you mean DD_KUBEACTIONS_ENABLED?",
        "environment variable DD_LEADER_LEASE_DURATON is ignored; did you mean DD_LEADER_LEASE_DURATION?",
    )


@pytest.mark.parametrize("key", ["expiry_s", "max_in_flight", "blast_radius.percent", "rate.per_namespace"])
@pytest.mark.parametrize("value", ["9" * 400, "-" + "9" * 400, ".inf", ".nan", "true", "[]"])
def test_a_number_that_is_none_is_said_in_one_line_whatever_it_is(key: str, value: str) -> None:
    section, _, name = key.rpartition(".")
    given = f"{{{section}: {{{name}: {value}}}}}" if section else f"{{{name}: {value}}}"
    with pytest.raises(SettingsError, match="expected"):
        parse(f"kubeactions: {given}", {})
