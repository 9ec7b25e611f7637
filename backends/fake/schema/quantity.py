"""Kubernetes quantities ("500m", "1Gi", 2): parsing, comparing, and the canonical form in which the server answers.

Rules: k8s.io/apimachinery/pkg/api/resource.Quantity. Called by decoding (canonical form) and validation (comparing).
Precision below one nano is rounded up, as there.
"""

from __future__ import annotations

import functools
import re
from decimal import ROUND_UP, Decimal

FORMAT_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX_TEXT = "unable to parse quantity's suffix"

_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_BY_POWER = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIXES = ["", *_BINARY]
_NANO = Decimal("1e-9")
_MOST = Decimal(2**63 - 1)


class QuantityError(ValueError):
    """The text is no quantity; the message is the server's."""


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Decimal, str]:
    """The value and its format ("BinarySI", "DecimalSI" or "DecimalExponent"). Raises `QuantityError`."""
    if text == "":
        raise QuantityError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    match = _SHAPE.match(text)
    if match is None or not (match[2] or match[3]):
        raise QuantityError(FORMAT_TEXT)
    sign, whole, fraction, suffix = match[1], match[2] or "0", match[3] or "", match[4]
    factor, form = _factor(suffix)
    value = Decimal(f"{sign}{whole}.{fraction or 0}") * factor
    rounded = value.quantize(_NANO, rounding=ROUND_UP) if value != 0 and abs(value) < Decimal(10) ** 18 else value
    return max(min(rounded, _MOST), -_MOST), form


def _factor(suffix: str) -> tuple[Decimal, str]:
    if suffix in _BINARY:
        return Decimal(1024) ** _BINARY[suffix], "BinarySI"
    if suffix in _DECIMAL:
        return Decimal(10) ** _DECIMAL[suffix], "DecimalSI"
    if suffix[:1] in "eE" and re.fullmatch(r"[eE][-+]?[0-9]+", suffix):
        return Decimal(10) ** int(suffix[1:]), "DecimalExponent"
    raise QuantityError(SUFFIX_TEXT)


@functools.lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The form in which the server answers: no fraction, the biggest suffix that allows it. Raises `QuantityError`."""
    return written(*parse(text))


def written(value: Decimal, form: str) -> str:
    """An amount in a format of `parse`, as the server writes it."""
    if value == 0:
        return "0"
    if form == "BinarySI":
        if value == value.to_integral_value() and abs(value) >= 1024:
            return _in_binary(int(value))
        form = "DecimalSI"
    return _in_decimal(value, form)


def _in_binary(value: int) -> str:
    power = 0
    while value % 1024 == 0 and power < len(_BINARY_SUFFIXES) - 1:
        value //= 1024
        power += 1
    return f"{value}{_BINARY_SUFFIXES[power]}"


def _in_decimal(value: Decimal, form: str) -> str:
    mantissa = int(value.scaleb(9).to_integral_value())
    power = -9
    while mantissa % 1000 == 0 and power < 18:
        mantissa //= 1000
        power += 3
    if form == "DecimalExponent":
        return f"{mantissa}e{power}" if power else str(mantissa)
    return f"{mantissa}{_DECIMAL_BY_POWER[power]}"
