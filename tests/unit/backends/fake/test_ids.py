"""Identifiers: they look right, differ, and follow the seed."""

from __future__ import annotations

import uuid

from backends.fake.ids import Ids


def test_a_uid_is_a_version_4_uuid() -> None:
    ids = Ids(3)
    for _ in range(50):
        parsed = uuid.UUID(ids.uid())
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_an_audit_id_is_a_uuid_and_unique() -> None:
    ids = Ids(3)
    made = [ids.audit_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(str(uuid.UUID(one)) == one for one in made)


def test_a_suffix_has_no_vowels() -> None:
    letters = set("".join(Ids(3).suffix() for _ in range(300)))
    assert letters <= set("bcdfghjklmnpqrstvwxz2456789")
    assert len(Ids(3).suffix(8)) == 8


def test_the_seed_decides_everything() -> None:
    def drawn(seed: int) -> list[object]:
        ids = Ids(seed)
        return [ids.uid(), ids.suffix(), ids.audit_id(), ids.fraction()]

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))
