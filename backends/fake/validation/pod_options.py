"""The rules of a pod's DNS, host names and gates.

Rules: `validatePodDNSConfig`, `ValidateHostAliases`, `validateReadinessGates` and `validateSchedulingGates` in
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, subdomain_1123_errors

Obj = Mapping[str, Any]

_MOST_NAMESERVERS = 3
_MOST_SEARCHES = 32
_MOST_LETTERS = 2048
_MOST_NAME = 253
_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCH = rf"{_LABEL}(\.{_LABEL})*"
_SEARCH_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must "
    f"start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SEARCH}')"
)
_IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_SYSTEMS = ("linux", "windows")
_PREEMPTION = ("PreemptLowerPriority", "Never")


def options(spec: Obj, path: str) -> list[Cause]:
    """What is wrong with the options of a pod's spec, in the server's order."""
    found = _dns(spec, f"{path}.dnsConfig")
    for number, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        where = f"{path}.readinessGates[{number}].conditionType"
        found += [causes.invalid(where, kind, text) for text in label_key_errors(kind)]
    return found + _scheduling_gates(spec.get("schedulingGates") or [], f"{path}.schedulingGates")


def host_aliases(spec: Obj, path: str) -> list[Cause]:
    """What is wrong with a pod's additions to /etc/hosts."""
    found: list[Cause] = []
    for number, alias in enumerate(spec.get("hostAliases") or ()):
        where = f"{path}.hostAliases[{number}]"
        found += address(f"{where}.ip", alias.get("ip", ""))
        for place, name in enumerate(alias.get("hostnames") or ()):
            found += [causes.invalid(f"{where}.hostnames[{place}]", name, text) for text in subdomain_1123_errors(name)]
    return found


def late_options(spec: Obj, path: str) -> list[Cause]:
    """What the server looks at after the names of a pod's spec."""
    found: list[Cause] = []
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
        return [causes.required(f"{path}.nameservers", text)]
    if len(servers) > _MOST_NAMESERVERS:
        text = f"must not have more than {_MOST_NAMESERVERS} nameservers"
        found.append(causes.invalid(f"{path}.nameservers", servers, text))
    for number, server in enumerate(servers):
        found += address(f"{path}.nameservers[{number}]", server)
    found += _searches(searches, f"{path}.searches")
    for number, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            found.append(causes.required(f"{path}.options[{number}]", "must not be empty"))
    return found


def _searches(given: list[str], path: str) -> list[Cause]:
    found: list[Cause] = []
    if len(given) > _MOST_SEARCHES:
        found.append(causes.invalid(path, given, f"must not have more than {_MOST_SEARCHES} search paths"))
    if len(" ".join(given)) > _MOST_LETTERS:
        text = f"must not have more than {_MOST_LETTERS} characters (including spaces) in the search list"
        found.append(causes.invalid(path, given, text))
    for number, search in enumerate(given):
        name = search.removesuffix(".")
        if search != "." and not (len(name) <= _MOST_NAME and re.fullmatch(_SEARCH, name)):
            found.append(causes.invalid(f"{path}[{number}]", name, _SEARCH_TEXT))
    return found


def address(path: str, text: str) -> list[Cause]:
    """What is wrong with an IP address."""
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
