"""The settings that keep actions harmless: what is read, and one clear line for what is not."""

from __future__ import annotations

import pytest

from kubeactions.errors import SettingsError
from kubeactions.safety import BlastRadius, Breaker, Rate, Safety
from kubeactions.settings import parse

WINDOW = """
kubeactions:
  windows:
    - schedule: "0 22 * * MON-FRI"
      duration: 4h
      time_zone: Europe/Paris
      kind: deny
      actions: [drain_node]
      namespaces: [shop]
"""


def read(**environment: str) -> Safety:
    return parse("", {f"DD_KUBEACTIONS_{name.upper()}": value for name, value in environment.items()}).safety


def test_without_settings_only_what_harms_nobody_is_bounded() -> None:
    assert parse("", {}).safety == Safety()
    assert (Safety().max_in_flight, Safety().breaker.failures, Safety().dry_run) == (32, 20, False)


def test_every_gate_can_be_set_in_the_file() -> None:
    text = """
kubeactions:
  allowed_namespaces: [shop]
  allowed_kinds: [Pod, apps/Deployment]
  dry_run: true
  approvals: {drain_node: 2, "*": 1}
  rate:
    per_action_type: {delete_pod: 10/1m, "*": 100/1h}
    per_namespace: {"*": 5/30}
  max_in_flight: 4
  not_before_limit_s: 1h
  blast_radius: {percent: 30%, absolute: 5, window_s: 5m}
  breaker: {failures: 3, window_s: 60}
"""
    assert parse(text, {}).safety == Safety(
        dry_run=True,
        namespaces=frozenset({"shop"}),
        kinds=frozenset({(None, "pod"), ("apps", "deployment")}),
        approvals={"drain_node": 2, "*": 1},
        rate_per_type={"delete_pod": Rate(10, 60), "*": Rate(100, 3600)},
        rate_per_namespace={"*": Rate(5, 30)},
        max_in_flight=4,
        not_before_limit_s=3600,
        blast_radius=BlastRadius(30, 5, 300),
        breaker=Breaker(3, 60),
    )


def test_the_environment_says_the_same_in_words_or_json() -> None:
    assert read(rate_per_action_type="delete_pod=10/1m *=1/1s").rate_per_type == {
        "delete_pod": Rate(10, 60),
        "*": Rate(1, 1),
    }
    assert read(approvals='{"drain_node": 2}').approvals == {"drain_node": 2}
    assert read(windows='[{"schedule": "0 1 * * *", "duration": "1h"}]').windows[0].zone.key == "UTC"


def test_a_window_is_read_with_all_its_members() -> None:
    (window,) = parse(WINDOW, {}).safety.windows
    assert (window.schedule, window.duration_s, window.zone.key) == ("0 22 * * MON-FRI", 14400, "Europe/Paris")
    assert (window.deny, window.actions, window.namespaces) == (True, frozenset({"drain_node"}), frozenset({"shop"}))
    assert parse(WINDOW, {}).safety.action_types() == {"drain_node"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("4h", "4 hours"), "window 1: a duration of"),
        (("4h", "8d"), "window 1: a duration of"),
        (("Europe/Paris", "Europe/Pari"), "'Europe/Pari' is not in the tz database"),
        (("Europe/Paris", "../Paris"), "is not in the tz database"),
        (("Europe/Paris", "Europe"), "is not in the tz database"),
        (("0 22 * * MON-FRI", "0 22 * *"), "five fields of cron"),
        (("0 22 * * MON-FRI", "0 0 22 * * *"), "five fields of cron"),
        (("0 22 * * MON-FRI", "0 25 * * *"), "no cron expression: Bad hour"),
        (("0 22 * * MON-FRI", "0 0 31 2 *"), "no cron expression"),
        (("deny", "forbid"), "one of allow, deny"),
        (("schedule:", "shedule:"), "unknown member 'shedule'; did you mean schedule?"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_its_place(change: tuple[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(WINDOW.replace(*change), {})
    assert "datadog.yaml:3: kubeactions.windows" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rate_per_action_type", "delete_pod=10", "delete_pod: a rate such as 10/1m"),
        ("rate_per_action_type", "delete_pod=0/1m", "a rate such as 10/1m"),
        ("rate_per_action_type", "delete_pod", "name=value is expected"),
        ("approvals", "drain_node=eleven", "drain_node: a whole number from 0 to 10"),
        ("approvals", "[]", "name=value is expected"),
        ("blast_radius_percent", "0", "a percentage above 0"),
        ("blast_radius_percent", "101", "a percentage above 0"),
        ("blast_radius_percent", "many", "a percentage above 0"),
        ("allowed_kinds", "core/", "no kind"),
        ("allowed_kinds", "v1/Pod", "a group is expected before the slash, no version"),
        ("allowed_namespaces", "Shop", "no namespace name"),
        ("max_in_flight", "0", "a whole number from 1"),
        ("breaker_failures", "-1", "a whole number from 0"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_line(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
