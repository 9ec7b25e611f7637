"""Content negotiation: what a request's Accept and Content-Type ask for, and whether that can be had here.

JSON is answered, and YAML where it is asked for. Other representations (Table, PartialObjectMetadata, protobuf) are not
imitated: a list of alternatives falls through to JSON, a request for nothing else is refused with 406.
"""

from __future__ import annotations

import functools
from typing import Literal, NamedTuple

from backends.fake import statuses

OFFERED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
STREAMED = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"

Encoding = Literal["json", "yaml"]


class Accepted(NamedTuple):
    """One alternative of an Accept header."""

    media: str
    parameters: dict[str, str]
    quality: float


@functools.lru_cache(maxsize=256)
def encoding_of(accept: str) -> Encoding:
    """In what an answer is encoded. Raises `ApiError` 406."""
    for alternative in parse_accept(accept):
        if alternative.parameters.get("as"):
            continue
        if alternative.media in ("application/json", "*/*", "application/*"):
            return "json"
        if alternative.media == "application/yaml":
            return "yaml"
    raise statuses.not_acceptable(OFFERED)


def reads_no_json(accept: str) -> bool:
    """Whether the client asks for nothing that a Status in JSON would be."""
    return not any(one.media in ("application/json", "*/*", "application/*") for one in parse_accept(accept))


def parse_accept(accept: str) -> list[Accepted]:
    """The alternatives of an Accept header, best first (RFC 9110 12.5.1)."""
    alternatives = []
    for part in accept.split(",") if accept else ["*/*"]:
        media, *raw = (piece.strip() for piece in part.split(";"))
        parameters = dict(pair.partition("=")[::2] for pair in raw if "=" in pair)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        alternatives.append(Accepted(media.lower(), parameters, quality))
    return sorted(alternatives, key=lambda alternative: -alternative.quality)
