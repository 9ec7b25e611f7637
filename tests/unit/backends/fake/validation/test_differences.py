"""What a refused change of a pod shows: the internal structs, side by side."""

from __future__ import annotations

from backends.fake.validation import differences

CONTAINER = {"name": "dbg", "image": "example.com/dbg:1"}
SPEC = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}], "dnsPolicy": "Default"}


def test_what_changed_stands_between_three_lines_of_what_did_not() -> None:
    """As recorded: subresources/pod, step 14."""
    changed = differences.containers(CONTAINER, {**CONTAINER, "image": "example.com/dbg:2"})
    assert changed == (
        '@@ -1,6 +1,6 @@\n {\n  "Name": "dbg",\n- "Image": "example.com/dbg:1",\n+ "Image": "example.com/dbg:2",\n'
        '  "Command": null,\n  "Args": null,\n  "WorkingDir": "",\n'
    )


def test_fields_have_gos_names_in_the_internal_order() -> None:
    changed = differences.pod_specs(SPEC, {**SPEC, "hostNetwork": True, "dnsPolicy": "ClusterFirst"})
    minus_and_plus = [line for line in changed.splitlines() if line.startswith(("-", "+"))]
    assert minus_and_plus == [
        '- "DNSPolicy": "Default",',
        '+ "DNSPolicy": "ClusterFirst",',
        '-  "HostNetwork": false,',
        '+  "HostNetwork": true,',
    ]


def test_nothing_is_shown_of_equal_values() -> None:
    assert differences.pod_specs(SPEC, dict(SPEC)) == ""
