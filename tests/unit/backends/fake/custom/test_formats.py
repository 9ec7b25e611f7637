"""Which texts have which format."""

from __future__ import annotations

import pytest

from backends.fake.custom import formats

RIGHT = {
    "bsonobjectid": "507f1f77bcf86cd799439011",
    "byte": "aGVsbG8=",
    "cidr": "10.0.0.0/8",
    "creditcard": "4111 1111 1111 1111",
    "date": "2026-02-28",
    "date-time": "2026-02-28T01:02:03.5+02:00",
    "datetime": "2026-02-28T01:02:03Z",
    "duration": "1h30m",
    "email": "a@example.com",
    "hexcolor": "#ff0000",
    "hostname": "a.example.com",
    "ipv4": "10.0.0.1",
    "ipv6": "2001:db8::1",
    "isbn": "0-306-40615-2",
    "isbn10": "0306406152",
    "isbn13": "978-0-306-40615-7",
    "k8s-long-name": "a.b",
    "k8s-short-name": "a-b",
    "mac": "01:23:45:67:89:ab",
    "password": "x",
    "rgbcolor": "rgb(1, 2, 255)",
    "ssn": "123-45-6789",
    "uri": "https://example.com/a",
    "uuid": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "uuid3": "a3bb189e-8bf9-3888-9912-ace4e6543002",
    "uuid4": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "uuid5": "886313e1-3b8a-5372-9b90-0c9aee199e5d",
}
WRONG = {
    **dict.fromkeys(RIGHT, "-"),
    "date": "2026-02-30",
    "date-time": "2026-02-28",
    "rgbcolor": "rgb(1, 2, 256)",
    "creditcard": "4111 1111 1111 1112",
    "k8s-short-name": "a.b",
    "mac": "01:23:45",
    "cidr": "10.0.0.1",
}


@pytest.mark.parametrize("name", sorted(formats.CHECKS))
def test_a_format_tells_right_from_wrong(name: str) -> None:
    check = formats.check_of(name)
    assert check is not None
    assert check(RIGHT[name])
    assert name == "password" or not check(WRONG[name])


def test_formats_of_numbers_are_known_and_others_are_not() -> None:
    assert [formats.is_known(name) for name in ("int32", "double", "date-time", "bson-object-id", "odd")] == [
        True, True, True, True, False,
    ]  # fmt: skip
