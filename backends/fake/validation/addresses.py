"""Where Services have their addresses from: ServiceCIDR and IPAddress. Rules.

From pkg/apis/networking/validation (ValidateServiceCIDR, ValidateIPAddress). The objects are stored as they are: the
addresses of Services come from the range of `service_addresses`.

Called by `registered`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from backends.fake.validation import causes, cluster_ips
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import path_segment_errors, subdomain_1123_errors

Obj = dict[str, Any]

_IMMUTABLE = "field is immutable"
_FAMILIES = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def name_errors(value: str) -> tuple[str, ...]:
    """An IPAddress is called by its address, in the one way to write it."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    if address.version == 6 and address.ipv4_mapped is not None:
        return ("must not be an IPv4-mapped IPv6 address",)
    return () if str(address) == value else (f'must be in canonical form ("{address}")',)


def address(obj: Obj) -> list[Cause]:
    """Somebody has it."""
    parent = obj["spec"].get("parentRef")
    if parent is None:
        return [causes.required("spec.parentRef")]
    found, group = list[Cause](), parent.get("group", "")
    if group:
        found += [causes.invalid("spec.parentRef.group", group, text) for text in subdomain_1123_errors(group)]
    for member in ("resource", "name", "namespace"):
        path, value = f"spec.parentRef.{member}", parent.get(member, "")
        if not value and member != "namespace":
            found.append(causes.required(path))
        found += [causes.invalid(path, value, text) for text in path_segment_errors(value)]
    return found


def address_update(new: Obj, old: Obj) -> list[Cause]:
    """It keeps who has it."""
    want, have = new["spec"].get("parentRef"), old["spec"].get("parentRef")
    if want == have:
        return address(new)
    members = ("group", "resource", "namespace", "name")
    shown = None if want is None else {member.capitalize(): want.get(member, "") for member in members}
    return [*address(new), causes.invalid("spec.parentRef", shown, _IMMUTABLE)]


def ranges(obj: Obj) -> list[Cause]:
    """One range, or one of each family."""
    cidrs = obj["spec"].get("cidrs") or []
    if not cidrs:
        return [causes.required("spec.cidrs", "at least one CIDR required")]
    if len(cidrs) > 2:
        return [causes.invalid("spec.cidrs", {"CIDRs": cidrs}, "may only hold up to 2 values")]
    found = [cause for number, one in enumerate(cidrs) for cause in cluster_ips.cidr(f"spec.cidrs[{number}]", one)]
    if not found and len({":" in one for one in cidrs}) < len(cidrs):
        found.append(causes.invalid("spec.cidrs", cidrs, _FAMILIES))
    return found


def ranges_update(new: Obj, old: Obj) -> list[Cause]:
    """What is there stays; the other family may join."""
    want, have = new["spec"].get("cidrs") or [], old["spec"].get("cidrs") or []
    if len(want) != len(have) and (len(have), len(want)) != (1, 2):
        return [causes.invalid("spec.cidrs", want, _IMMUTABLE)]
    found = [
        causes.invalid(f"spec.cidrs[{number}]", want[number], _IMMUTABLE)
        for number, one in enumerate(have)
        if one != want[number]
    ]
    return found + (ranges(new) if len(want) != len(have) else [])
