"""DNS, security and gates of a pod are refused with the server's causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import pod_options

SEARCH = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
)


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"dnsConfig": {"searches": [".", "_tcp.example.com.", "-x"]}}, "s.dnsConfig.searches[2]",
         'Invalid value: "-x": ' + SEARCH),
        ({"dnsPolicy": "None"}, "s.dnsConfig", "Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        ({"dnsPolicy": "None", "dnsConfig": {}}, "s.dnsConfig.nameservers",
         "Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"),
        ({"dnsConfig": {"nameservers": ["x"]}}, "s.dnsConfig.nameservers[0]",
         'Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
        ({"dnsConfig": {"nameservers": ["1.1.1.1"] * 4}}, "s.dnsConfig.nameservers",
         'Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]: must not have more than 3 nameservers'),
        ({"dnsConfig": {"options": [{}]}}, "s.dnsConfig.options[0]", "Required value: must not be empty"),
        ({"schedulingGates": [{"name": "a"}, {"name": "a"}]}, "s.schedulingGates[1]", 'Duplicate value: "a"'),
    ],
)  # fmt: skip
def test_what_is_refused(spec: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in pod_options.options(spec, "s")] == [(field, message)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"readinessGates": [{"conditionType": "/"}]}, "s.readinessGates[0].conditionType"),
        ({"hostAliases": [{"ip": "x"}]}, "s.hostAliases[0].ip"),
        ({"hostAliases": [{"ip": "::1", "hostnames": ["A_"]}]}, "s.hostAliases[0].hostnames[0]"),
        ({"preemptionPolicy": "Odd"}, "s.preemptionPolicy"),
    ],
)
def test_where_the_others_are_refused(spec: dict[str, Any], field: str) -> None:
    found = pod_options.options(spec, "s") + pod_options.host_aliases(spec, "s") + pod_options.late_options(spec, "s")

    assert {cause.field for cause in found} == {field}


def test_sound_options_pass() -> None:
    spec = {
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "ndots", "value": "2"}]},
        "readinessGates": [{"conditionType": "example.com/ready"}],
        "preemptionPolicy": "Never",
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["a.b"]}],
    }

    assert pod_options.options(spec, "s") + pod_options.host_aliases(spec, "s") == []
    assert pod_options.late_options(spec, "s") == []
