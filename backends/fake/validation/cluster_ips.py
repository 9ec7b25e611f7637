"""How a Service's cluster IPs, their families and the policy for them must fit together.

From pkg/apis/core/validation (ValidateServiceClusterIPsRelatedFields, validateUpgradeDowngrade…). Called before
allocation, and again with the rest of the Service's rules.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_FAMILIES = ("IPv4", "IPv6")
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ADDRESSES, _POLICY = "spec.clusterIPs", "spec.ipFamilyPolicy"


def ip(path: str, value: str) -> list[Cause]:
    """An address."""
    return [] if _version(value) else [causes.invalid(path, value, _IP_TEXT)]


def cidr(path: str, value: str) -> list[Cause]:
    """A network; bits beyond its mask may be set."""
    try:
        if "/" in value:
            ipaddress.ip_network(value, strict=False)
            return []
    except ValueError:
        pass
    return [causes.invalid(path, value, _CIDR_TEXT)]


def not_special(path: str, value: str) -> list[Cause]:
    """An address that others can send to (ValidateNonSpecialIP)."""
    address = ipaddress.ip_address(value)
    local = address.is_link_local
    multicast = address.is_multicast and (
        address in ipaddress.ip_network("224.0.0.0/24") if address.version == 4 else value.lower().startswith("ff02")
    )
    texts = {
        f"may not be unspecified ({value})": address.is_unspecified,
        "may not be in the loopback range (127.0.0.0/8, ::1/128)": address.is_loopback,
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)": local,
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": multicast,
    }
    return [causes.invalid(path, value, text) for text, applies in texts.items() if applies]


def _version(value: str) -> int:
    """4 or 6; 0 for what is no address."""
    try:
        return ipaddress.ip_address(value).version
    except ValueError:
        return 0


def related_fields(spec: Obj) -> list[Cause]:
    """What is wrong with the addresses of a Service, its families and its policy."""
    if spec.get("type") == "ExternalName":
        return []
    addresses, single = spec.get("clusterIPs") or [], spec.get("clusterIP") or ""
    found = _in_step(single, addresses) + _families(spec.get("ipFamilies") or [])
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        found.append(causes.not_supported(_POLICY, policy, _POLICIES))
    wrong = _each(addresses)
    found += wrong
    if len(addresses) > 2:
        found.append(causes.invalid(_ADDRESSES, addresses, "may only hold up to 2 values"))
    if wrong:
        return found
    if len(addresses) > 1 and len({_version(each) for each in addresses}) < len(addresses):
        found.append(causes.invalid(_ADDRESSES, addresses, "may specify no more than one IP for each IP family"))
    return found + _of_their_families(addresses, spec.get("ipFamilies") or [])


def _in_step(single: str, addresses: list[str]) -> list[Cause]:
    if single and not addresses:
        return [causes.required(_ADDRESSES)]
    if single and addresses[0] != single:
        return [causes.invalid(_ADDRESSES, addresses, "first value must match `clusterIP`")]
    if not single and addresses:
        return [causes.invalid(_ADDRESSES, addresses, "must be empty when `clusterIP` is not specified")]
    return []


def _families(families: list[str]) -> list[Cause]:
    found: list[Cause] = []
    for number, family in enumerate(families):
        path = f"spec.ipFamilies[{number}]"
        if family not in _FAMILIES:
            found.append(causes.not_supported(path, family, _FAMILIES))
        if family in families[:number]:
            found.append(causes.duplicate(path, family))
    return found


def _each(addresses: list[str]) -> list[Cause]:
    if addresses[:1] == ["None"]:
        rest = len(addresses) > 1
        text = "'None' must be the first and only value"
        return [causes.invalid(_ADDRESSES, addresses, text)] if rest else []
    return [cause for number, value in enumerate(addresses) for cause in ip(f"{_ADDRESSES}[{number}]", value)]


def _of_their_families(addresses: list[str], families: list[str]) -> list[Cause]:
    if addresses == ["None"]:
        return []
    return [
        causes.invalid(
            f"{_ADDRESSES}[{number}]", value, f"expected an {family} value as indicated by `ipFamilies[{number}]`"
        )
        for number, (value, family) in enumerate(zip(addresses, families, strict=False))
        if family in _FAMILIES and family != f"IPv{_version(value)}"
    ]


def changes(new: Obj, old: Obj) -> list[Cause]:
    """What may not change: the first address and the first family, once there is one."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return []
    have, want = old.get("clusterIPs") or [], new.get("clusterIPs") or []
    headless = [each == ["None"] for each in (have, want)]
    found = [] if all(headless) else _changed_addresses(new, have, want)
    if not any(headless):
        found += _changed_families(new, old.get("ipFamilies") or [], new.get("ipFamilies") or [])
    return found


def _changed_addresses(spec: Obj, have: list[str], want: list[str]) -> list[Cause]:
    path, once = f"{_ADDRESSES}[%d]", "may not change once set"
    if len(have) == len(want):
        pairs = enumerate(zip(have, want, strict=True))
        return [causes.invalid(path % number, want, once) for number, (before, after) in pairs if before != after]
    found: list[Cause] = []
    if not want:
        found.append(causes.invalid(path % 0, None, "primary clusterIP can not be unset"))
    elif have and have[0] != want[0]:
        found.append(causes.invalid(path % 0, want, once))
    if len(have) > len(want) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        text = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        found.append(causes.invalid(_POLICY, spec.get("ipFamilyPolicy"), text))
    return found


def _changed_families(spec: Obj, have: list[str], want: list[str]) -> list[Cause]:
    path, once = "spec.ipFamilies[0]", "may not change once set"
    if len(have) == len(want):
        return [causes.invalid(path, want, once) for before, after in zip(have, want, strict=True) if before != after]
    found: list[Cause] = []
    if have and want and have[0] != want[0]:
        found.append(causes.invalid(path, spec.get("clusterIPs") or [], once))
    if len(have) > len(want) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        text = "must be set to 'SingleStack' when releasing the secondary ipFamily"
        found.append(causes.invalid(_POLICY, spec.get("ipFamilyPolicy"), text))
    return found
