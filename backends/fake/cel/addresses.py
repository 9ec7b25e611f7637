"""IP addresses and networks as values (apiserver/pkg/cel/library/ip.go and cidr.go)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from backends.fake.cel.declaring import NO_OVERLOAD, OPAQUE, Function, Opaque, content, kind_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

IP, CIDR = "net.IP", "net.CIDR"
_TEXTS = "parse error during conversion from string"


def _parsed(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise ValueError(f'IP Address "{text}" {_TEXTS}: {error}') from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
        if address.scope_id is not None:
            raise ValueError(f'IP address "{text}" with zone value is not allowed')
    return address


def _parsed_network(text: str) -> Interface:
    address, slash, bits = text.partition("/")
    if not slash or not bits.isdigit() or (len(bits) > 1 and bits[0] == "0"):
        raise ValueError(f"network address {_TEXTS}: netip.ParsePrefix(\"{text}\"): no '/'")
    _parsed(address)
    try:
        return ipaddress.ip_interface(text)
    except ValueError as error:
        raise ValueError(f"network address {_TEXTS}: {error}") from None


def _ip(text: str) -> Opaque:
    return {IP: str(_parsed(text))}


def _cidr(text: str) -> Opaque:
    return {CIDR: str(_parsed_network(text))}


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def parses(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return parses


def _flag(read: Callable[[Address], bool]) -> Callable[[Opaque], bool]:
    return lambda given: read(_parsed(content(given, IP)))


def _global_unicast(address: Address) -> bool:
    """Go's IsGlobalUnicast: private addresses count."""
    if isinstance(address, ipaddress.IPv4Address) and int(address) == 2**32 - 1:
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)


def _link_local_multicast(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address in ipaddress.IPv4Network("224.0.0.0/24")
    return address.is_multicast and address.packed[1] & 0x0F == 2


def _contains_ip(network: Opaque, address: object) -> bool:
    found = _parsed(address if isinstance(address, str) else content(address, IP))
    return found in _parsed_network(content(network, CIDR)).network


def _contains_cidr(network: Opaque, other: object) -> bool:
    outer = _parsed_network(content(network, CIDR)).network
    inner = _parsed_network(other if isinstance(other, str) else content(other, CIDR))
    return inner.ip in outer and outer.prefixlen <= inner.network.prefixlen


def _masked(network: Opaque) -> Opaque:
    return {CIDR: str(_parsed_network(content(network, CIDR)).network)}


def _text(given: Opaque) -> str:
    if kind_of(given) in (IP, CIDR):
        return content(given, kind_of(given))
    raise ValueError(NO_OVERLOAD)


FUNCTIONS: tuple[Function, ...] = (
    Function("ip", ("string",), OPAQUE, _ip, member=False),
    Function("isIP", ("string",), "bool", _parses(_parsed), member=False),
    Function("ip.isCanonical", ("string",), "bool", lambda text: str(_parsed(text)) == text, member=False),
    Function("family", (OPAQUE,), "int", lambda given: _parsed(content(given, IP)).version),
    Function("isUnspecified", (OPAQUE,), "bool", _flag(lambda address: address.is_unspecified)),
    Function("isLoopback", (OPAQUE,), "bool", _flag(lambda address: address.is_loopback)),
    Function("isLinkLocalUnicast", (OPAQUE,), "bool", _flag(lambda address: address.is_link_local)),
    Function("isLinkLocalMulticast", (OPAQUE,), "bool", _flag(_link_local_multicast)),
    Function("isGlobalUnicast", (OPAQUE,), "bool", _flag(_global_unicast)),
    Function("cidr", ("string",), OPAQUE, _cidr, member=False),
    Function("isCIDR", ("string",), "bool", _parses(_parsed_network), member=False),
    Function("containsIP", (OPAQUE, "string"), "bool", _contains_ip),
    Function("containsIP", (OPAQUE, OPAQUE), "bool", _contains_ip),
    Function("containsCIDR", (OPAQUE, "string"), "bool", _contains_cidr),
    Function("containsCIDR", (OPAQUE, OPAQUE), "bool", _contains_cidr),
    Function("ip", (OPAQUE,), OPAQUE, lambda given: {IP: str(_parsed_network(content(given, CIDR)).ip)}),
    Function("masked", (OPAQUE,), OPAQUE, _masked),
    Function("prefixLength", (OPAQUE,), "int", lambda given: _parsed_network(content(given, CIDR)).network.prefixlen),
    Function("string", (OPAQUE,), "string", _text, member=False),
)
