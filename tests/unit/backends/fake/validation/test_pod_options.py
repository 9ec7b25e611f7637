"""DNS, security and gates of a pod are refused with the server's causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import pod_options


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"securityContext": {"runAsUser": -1}}, "s.securityContext.runAsUser",
         "Invalid value: -1: must be between 0 and 2147483647, inclusive"),
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
    found = pod_options.options(spec, "s") + pod_options.late_options(spec, "s")

    assert {cause.field for cause in found} == {field}


def test_sound_options_pass() -> None:
    spec = {
        "securityContext": {"runAsUser": 0, "fsGroup": 2147483647},
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "ndots", "value": "2"}]},
        "readinessGates": [{"conditionType": "example.com/ready"}],
        "preemptionPolicy": "Never",
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["a.b"]}],
    }

    assert pod_options.options(spec, "s") + pod_options.late_options(spec, "s") == []
