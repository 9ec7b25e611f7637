"""The values of `format` that are checked, each with its test of a text.

From k8s.io/kube-openapi/pkg/validation/strfmt (default.go, date.go, duration.go, time.go). Formats of numbers
describe and check nothing; any other format is ignored, and whoever writes the definition is told so.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from backends.fake.validation.names import label_1123_errors, subdomain_1123_errors

Check = Callable[[str], bool]

NUMERIC = frozenset({"int32", "int64", "float", "double"})

_DATE_TIME = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)"
    r"(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
)
_HOSTNAME = re.compile(
    r"([a-zA-Z0-9\u00a1-\uffff]([a-zA-Z0-9\u00a1-\uffff-]{0,62}[a-zA-Z0-9\u00a1-\uffff])?)"
    r"(\.[a-zA-Z0-9\u00a1-\uffff]([a-zA-Z0-9\u00a1-\uffff-]{0,62}[a-zA-Z0-9\u00a1-\uffff])?)*\.?"
)
_GO_DURATION = re.compile(r"[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)")
_WORD_DURATION = re.compile(
    r"\s*(\d+(\.\d+)?\s*(ns|nanos?|nanoseconds?|us|\u00b5s|micros?|microseconds?|ms|millis?|milliseconds?|"
    r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*)+"
)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_MAC = re.compile(
    r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|([0-9a-f]{2}[:-]){7}[0-9a-f]{2}|([0-9a-f]{4}\.){2,3}[0-9a-f]{4}", re.I
)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")


def _uuid(version: str) -> Check:
    shape = re.compile(
        rf"[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{version}[0-9a-f]{{3}}-?{'[0-9a-f]' if version == '3' else '[89ab]'}"
        r"[0-9a-f]{3}-?[0-9a-f]{12}",
        re.IGNORECASE,
    )
    return lambda text: shape.fullmatch(text) is not None


def _matches(shape: re.Pattern[str]) -> Check:
    return lambda text: shape.fullmatch(text) is not None


def _date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _date_time(text: str) -> bool:
    return _DATE_TIME.fullmatch(text) is not None and _date(text[:10])


def _hostname(text: str) -> bool:
    return len(text) <= 255 and _HOSTNAME.fullmatch(text) is not None


def _address(version: int) -> Check:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return check


def _cidr(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and text.rpartition("/")[2].isdigit()


def _base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return bool(text)


def _email(text: str) -> bool:
    from email.utils import parseaddr  # only needed by whoever checks addresses

    name, _, domain = parseaddr(text)[1].rpartition("@")
    return bool(name and domain) and " " not in domain


def _uri(text: str) -> bool:
    """url.ParseRequestURI: absolute, or a path from the root."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) or text.startswith("/")


def _duration(text: str) -> bool:
    return _GO_DURATION.fullmatch(text) is not None or _WORD_DURATION.fullmatch(text) is not None


def _rgb(text: str) -> bool:
    found = _RGB.fullmatch(text)
    return found is not None and all(int(part) <= 255 for part in found.groups())


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _credit_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    return 13 <= len(digits) <= 16 and _luhn(digits)


def _isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]+", "", text)
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits) is None:
        return False
    weighted = [(place + 1) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(digits)]
    return sum(weighted) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]+", "", text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


CHECKS: dict[str, Check] = {
    "bsonobjectid": _matches(re.compile(r"[0-9a-fA-F]{24}")),
    "byte": _base64,
    "cidr": _cidr,
    "creditcard": _credit_card,
    "date": _date,
    "date-time": _date_time,
    "datetime": _date_time,
    "duration": _duration,
    "email": _email,
    "hexcolor": _matches(re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")),
    "hostname": _hostname,
    "ipv4": _address(4),
    "ipv6": _address(6),
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "k8s-long-name": lambda text: not subdomain_1123_errors(text),
    "k8s-short-name": lambda text: not label_1123_errors(text),
    "mac": _matches(_MAC),
    "password": lambda _: True,
    "rgbcolor": _rgb,
    "ssn": _matches(re.compile(r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}")),
    "uri": _uri,
    "uuid": _matches(_UUID),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4"),
    "uuid5": _uuid("5"),
}
"""Format -> whether a text is one."""


def check_of(name: str) -> Check | None:
    """The test of a format, None where none is made. Dashes do not count, as there (`date-time` is `datetime`)."""
    return CHECKS.get(name) or (CHECKS.get(name.replace("-", "")) if name else None)


def is_known(name: str) -> bool:
    """Whether the server knows this format."""
    return name in NUMERIC or check_of(name) is not None
