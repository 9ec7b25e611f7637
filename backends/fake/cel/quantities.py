"""Quantities: "500m", "1Gi" as values (apiserver/pkg/cel/library/quantity.go)."""

from __future__ import annotations

from decimal import Decimal

from backends.fake.cel.declaring import OPAQUE, Function, Opaque, content
from backends.fake.schema import quantity

QUANTITY = "kubernetes.Quantity"
_MOST = 2**63 - 1


def _value(given: object) -> Decimal:
    return quantity.parse(content(given, QUANTITY))[0]


def _of(value: Decimal) -> Opaque:
    """Every equal amount as the same text: without an exponent, without zeros at the end."""
    text = f"{value:f}"
    return {QUANTITY: text.rstrip("0").rstrip(".") if "." in text else text}


def _quantity(text: str) -> Opaque:
    return _of(quantity.parse(text)[0])


def _is_quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except quantity.QuantityError:
        return False
    return True


def _is_integer(given: Opaque) -> bool:
    value = _value(given)
    return value == value.to_integral_value() and abs(value) < _MOST


def _as_integer(given: Opaque) -> int:
    if not _is_integer(given):
        raise ValueError("cannot convert value to integer")
    return int(_value(given))


def _compare(left: Opaque, right: Opaque) -> int:
    one, other = _value(left), _value(right)
    return (one > other) - (one < other)


def _sign(given: Opaque) -> int:
    value = _value(given)
    return (value > 0) - (value < 0)


FUNCTIONS: tuple[Function, ...] = (
    Function("quantity", ("string",), OPAQUE, _quantity, member=False),
    Function("isQuantity", ("string",), "bool", _is_quantity, member=False),
    Function("sign", (OPAQUE,), "int", _sign, member=False),
    Function("sign", (OPAQUE,), "int", _sign),
    Function("isInteger", (OPAQUE,), "bool", _is_integer),
    Function("asInteger", (OPAQUE,), "int", _as_integer),
    Function("asApproximateFloat", (OPAQUE,), "double", lambda given: float(_value(given))),
    Function("compareTo", (OPAQUE, OPAQUE), "int", _compare),
    Function("isGreaterThan", (OPAQUE, OPAQUE), "bool", lambda left, right: _compare(left, right) > 0),
    Function("isLessThan", (OPAQUE, OPAQUE), "bool", lambda left, right: _compare(left, right) < 0),
    Function("add", (OPAQUE, OPAQUE), OPAQUE, lambda left, right: _of(_value(left) + _value(right))),
    Function("add", (OPAQUE, "int"), OPAQUE, lambda left, right: _of(_value(left) + right)),
    Function("sub", (OPAQUE, OPAQUE), OPAQUE, lambda left, right: _of(_value(left) - _value(right))),
    Function("sub", (OPAQUE, "int"), OPAQUE, lambda left, right: _of(_value(left) - right)),
)
