"""The rules of a pod's DNS, host names and gates.

Rules: `validatePodDNSConfig`, `ValidateHostAliases`, `validateReadinessGates` and `validateSchedulingGates` in
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from backends.fake.validation import causes, security
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, subdomain_1123_errors

Obj = Mapping[str, Any]

_MOST_NAMESERVERS = 3
_MOST_SEARCHES = 32
_IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_SYSTEMS = ("linux", "windows")
_PREEMPTION = ("PreemptLowerPriority", "Never")


def options(spec: Obj, path: str) -> list[Cause]:
    """What is wrong with the options of a pod's spec, in the server's order."""
    found = security.of_pod(spec, path) + _dns(spec, f"{path}.dnsConfig")
    for number, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        where = f"{path}.readinessGates[{number}].conditionType"
        found += [causes.invalid(where, kind, text) for text in label_key_errors(kind)]
    return found + _scheduling_gates(spec.get("schedulingGates") or [], f"{path}.schedulingGates")


def late_options(spec: Obj, path: str) -> list[Cause]:
    """What the server looks at after the names of a pod's spec."""
    found: list[Cause] = []
    for number, alias in enumerate(spec.get("hostAliases") or ()):
        where = f"{path}.hostAliases[{number}]"
        found += _address(f"{where}.ip", alias.get("ip", ""))
        for place, name in enumerate(alias.get("hostnames") or ()):
            found += [causes.invalid(f"{where}.hostnames[{place}]", name, text) for text in subdomain_1123_errors(name)]
    policy = spec.get("preemptionPolicy")
    if policy is not None and policy not in _PREEMPTION:
        found.append(causes.not_supported(f"{path}.preemptionPolicy", policy, _PREEMPTION))
    system = spec.get("os")
    if system is not None and not system.get("name"):
        found.append(causes.required(f"{path}.os.name", "cannot be empty"))
    elif system is not None and system["name"] not in _SYSTEMS:
        found.append(causes.not_supported(f"{path}.os", system["name"], _SYSTEMS))
    return found


def _dns(spec: Obj, path: str) -> list[Cause]:
    config = spec.get("dnsConfig")
    if config is None:
        text = "must provide `dnsConfig` when `dnsPolicy` is None"
        return [causes.required(path, text)] if spec.get("dnsPolicy") == "None" else []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    found: list[Cause] = []
    if spec.get("dnsPolicy") == "None" and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        found.append(causes.required(f"{path}.nameservers", text))
    for name, given, most in (("nameservers", servers, _MOST_NAMESERVERS), ("searches", searches, _MOST_SEARCHES)):
        if len(given) > most:
            what = "nameservers" if name == "nameservers" else "search paths"
            found.append(causes.invalid(f"{path}.{name}", given, f"must not have more than {most} {what}"))
    for number, server in enumerate(servers):
        found += _address(f"{path}.nameservers[{number}]", server)
    for number, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            found.append(causes.required(f"{path}.options[{number}]", "must not be empty"))
    return found


def _address(path: str, text: str) -> list[Cause]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return [causes.invalid(path, text, _IP_TEXT)]
    return []


def _scheduling_gates(given: list[Obj], path: str) -> list[Cause]:
    found: list[Cause] = []
    names: set[str] = set()
    for number, gate in enumerate(given):
        name = gate.get("name", "")
        found += [causes.invalid(f"{path}[{number}]", name, text) for text in label_key_errors(name)]
        if name in names:
            found.append(causes.duplicate(f"{path}[{number}]", name))
        names.add(name)
    return found
