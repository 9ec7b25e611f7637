"""Randomness with a seed: uids, name suffixes, audit ids. One a cluster, so that a seed gives the same run again."""

from __future__ import annotations

import random
from collections.abc import Mapping

from backends.fake.forking import Fork

# k8s.io/apimachinery/pkg/util/rand: no vowels, nothing that is easily misread.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Ids:
    """A sequence of identifiers that depends on `seed` alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose, nothing secret is made of it
        self._audit_prefix = f"{self._random.getrandbits(32):08x}-{self._random.getrandbits(16):04x}-4000-8000-"
        self._audits = 0

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork goes on as this one would, by itself."""
        del fork
        dice = random.Random()  # noqa: S311 - its state comes next
        dice.setstate(self._random.getstate())
        return {"_random": dice}

    def uid(self) -> str:
        """A version 4 UUID."""
        bits = self._random.getrandbits(128)
        bits = (bits & ~(0xF << 76)) | (4 << 76)
        bits = (bits & ~(0x3 << 62)) | (2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """What follows a generateName."""
        return "".join(self._random.choices(_ALPHABET, k=length))

    def audit_id(self) -> str:
        """A UUID for one request: cheap, unique within the cluster."""
        self._audits += 1
        return f"{self._audit_prefix}{self._audits:012x}"

    def fraction(self) -> float:
        """A number in [0, 1), for what the real server draws by lot."""
        return self._random.random()
