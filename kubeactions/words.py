"""Words for messages: what several files say alike. Pure; knows nothing of actions."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 record`, `2 records`; for nouns whose plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
