"""What a feature's text becomes on a shared cluster: names of its own, times of today, malformed as before."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.steps import payloads
from tests.steps.clocks import START
from tests.steps.places import OwnPlaces, Places

LATER = timedelta(days=90, hours=3, seconds=7)
OWN = OwnPlaces("ka-1", START + LATER)


def resource(kind: str, place: str) -> dict[str, str]:
    """The resource of an order, as it is delivered."""
    ordered = payloads.payload(payloads.action("any", "v1", kind, place, START))
    found: dict[str, str] = json.loads(OWN.names_in(ordered))["actions"][0]["resource"]
    return found


@pytest.mark.parametrize(
    ("called", "real"),
    [
        ("shop/web-0", "ka-1-shop/web-0"),
        ("default/settings", "ka-1-default/settings"),
        ("kube-system/dns", "kube-system/dns-ka-1"),
        ("/node-1", "/node-1-ka-1"),
    ],
)
def test_an_object_is_ordered_where_it_was_put(called: str, real: str) -> None:
    assert OWN.real(called) == real
    ordered = resource("Node" if called.startswith("/") else "Pod", called)
    assert f"{ordered['namespace']}/{ordered['name']}" == real


def test_a_namespace_is_a_name_too() -> None:
    assert resource("Namespace", "/shop")["name"] == OWN.namespace("shop") == "ka-1-shop"


@pytest.mark.parametrize(
    "text",
    [
        '{"actions": [], "actions": []}',
        '{"resource": {"namespace": "Kube-System"}}',
        '{"resource": {"namespace": "shop/../kube-system"}}',
        '{"namespace": "kube-system%2f"}',
        "delete the pod, please",
    ],
)
def test_what_is_malformed_stays_as_it_is(text: str) -> None:
    assert OWN.times_in(OWN.names_in(text.encode())) == text.encode()


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert OWN.times_in(OWN.names_in(b"\xff\xfe{}")) == b"\xff\xfe{}"


def test_yaml_is_understood_too() -> None:
    written = b"resource: {kind: Pod, namespace: shop, name: web-0}"
    assert OWN.names_in(written) == b"resource: {kind: Pod, namespace: ka-1-shop, name: web-0}"


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ('"seconds": 1787220000', f'"seconds": {int((START + LATER).timestamp())}'),
        ('"2026-08-20T10:00:00Z"', '"2026-11-18T13:00:07Z"'),
        ('"2026-08-20T11:59:59.999999999+02:00"', '"2026-11-18T15:00:06.999999999+02:00"'),
        ('"2031-01-01T00:00:00Z"', '"2031-01-01T00:00:00Z"'),
    ],
)
def test_the_times_of_a_feature_are_as_late_in_its_own_calendar(written: str, moved: str) -> None:
    assert OWN.times_in(written.encode()).decode() == moved


def test_the_later_calendar_means_the_same_moment_in_both_ways_to_write_it() -> None:
    assert datetime.fromisoformat("2026-11-18T13:00:07+00:00") == (START + LATER).astimezone(UTC)


def test_in_the_simulated_world_everything_is_what_it_is_called() -> None:
    places = Places()
    assert (places.real("kube-system/dns"), places.namespace("shop")) == ("kube-system/dns", "shop")
    assert places.times_in(places.names_in(b'{"namespace": "shop"}')) == b'{"namespace": "shop"}'


def test_settings_that_name_namespaces_are_translated_and_no_others() -> None:
    given = {"POD_NAMESPACE": "datadog", "DD_KUBEACTIONS_PROTECTED_NAMESPACES": "payments", "DD_CLUSTER_NAME": "shop"}
    assert OWN.settings(given) == {
        "POD_NAMESPACE": "ka-1-datadog",
        "DD_KUBEACTIONS_PROTECTED_NAMESPACES": "ka-1-payments",
        "DD_CLUSTER_NAME": "shop",
    }
