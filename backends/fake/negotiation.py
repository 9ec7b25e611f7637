"""Content negotiation: what a request's Accept and Content-Type ask for, and whether that can be had here.

JSON is answered, and YAML or protobuf where it is asked for; all of them as metadata alone and those that are text as a
Table (`printing`). Kinds that have no protobuf fall through to the next alternative, or to 406.
"""

from __future__ import annotations

import functools
from typing import Literal, NamedTuple

from backends.fake import statuses

OFFERED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
STREAMED = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"

PROTOBUF = "application/vnd.kubernetes.protobuf"
Encoding = Literal["json", "yaml", "protobuf"]
Kind = Literal["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]

_GROUP = "meta.k8s.io"
ENCODINGS: dict[str, Encoding] = {
    "application/json": "json",
    "*/*": "json",
    "application/*": "json",
    "application/yaml": "yaml",
    PROTOBUF: "protobuf",
}


class Accepted(NamedTuple):
    """One alternative of an Accept header."""

    media: str
    parameters: dict[str, str]
    quality: float


class Form(NamedTuple):
    """What an object is shown as, in which version of meta.k8s.io ("v1", "v1beta1")."""

    kind: Kind
    version: str

    @property
    def api_version(self) -> str:
        """`meta.k8s.io/v1`."""
        return f"{_GROUP}/{self.version}"


class Chosen(NamedTuple):
    """In what an answer is encoded, and as what an object is shown; None: as it is."""

    encoding: Encoding
    form: Form | None = None


@functools.lru_cache(maxsize=256)
def choose(accept: str, *, tables: bool = True, binary: bool = True, routed: bool = True) -> Chosen:
    """The best of what the client accepts that can be had.

    `tables`: whether what it asks of can be put into one; `binary`: whether it has a protobuf message; `routed`:
    whether a router stands before it, as before all but custom resources.

    Raises `ApiError` 406, in the words of whoever refuses it in the real server: its router does not know the media
    type, or its negotiation has not got that form of it.
    """
    alternatives = parse_accept(accept)
    if routed and not any(_is_routed(one.media) and (binary or one.media != PROTOBUF) for one in alternatives):
        raise statuses.not_acceptable(OFFERED)
    for alternative in alternatives:
        encoding = ENCODINGS.get(alternative.media)
        if encoding == "protobuf" and not binary:
            continue
        if encoding is None or not _is_offered(alternative.parameters, encoding):
            continue
        asked = alternative.parameters.keys() & {"as", "g", "v"}
        form = _form(alternative.parameters, tables=tables and encoding != "protobuf") if asked else None
        if form is not None or not asked:
            return Chosen(encoding, form)
    raise statuses.not_acceptable_form(OFFERED)


def check_routed(accept: str, media: str) -> None:
    """Refuse with 406 who does not accept the one media type that a route has: the router knows no `application/*`."""
    if not any(one.media in (media, "*/*") for one in parse_accept(accept)):
        raise statuses.not_acceptable(media)


def _is_routed(media: str) -> bool:
    return media in ENCODINGS and media != "application/*"


def _is_offered(parameters: dict[str, str], encoding: Encoding) -> bool:
    """Whether the stream and the server's version that an alternative names are there."""
    stream, version = parameters.get("stream", ""), parameters.get("sv", "")
    return (not stream or (stream == "watch" and encoding != "yaml")) and version in ("", "v1")


def _form(parameters: dict[str, str], *, tables: bool) -> Form | None:
    """The form that an alternative's parameters name; None for one that there is not."""
    kind, version = parameters.get("as", ""), parameters.get("v", "")
    if parameters.get("g") != _GROUP or version not in ("v1", "v1beta1"):
        return None
    if kind == "Table" and tables:
        return Form("Table", version)
    if kind == "PartialObjectMetadata":
        return Form("PartialObjectMetadata", version)
    return Form("PartialObjectMetadataList", version) if kind == "PartialObjectMetadataList" else None


def of_refusals(accept: str) -> Encoding:
    """In what a refusal is encoded: JSON where nothing of what the client accepts can be had."""
    for alternative in parse_accept(accept):
        encoding = ENCODINGS.get(alternative.media)
        if encoding is not None and not alternative.parameters.keys() & {"as", "g", "v"}:
            return encoding
    return "json"


def reads_no_json(accept: str) -> bool:
    """Whether the client asks for nothing that a Status in JSON would be."""
    return not any(one.media in ("application/json", "*/*", "application/*") for one in parse_accept(accept))


def says_pretty(accept: str) -> bool:
    """Whether the best alternative of an Accept header asks for a text that people read."""
    return "pretty" in accept and parse_accept(accept)[0].parameters.get("pretty") == "1"


def parse_accept(accept: str) -> list[Accepted]:
    """The alternatives of an Accept header, best first, as the real server orders them (goautoneg).

    A wildcard comes after a media type whatever their qualities are, if it stands before it.
    """
    alternatives: list[Accepted] = []
    for part in accept.split(",") if accept else ["*/*"]:
        media, *raw = (piece.strip() for piece in part.split(";"))
        parameters = dict(pair.partition("=")[::2] for pair in raw if "=" in pair)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        place = len(alternatives)
        one = Accepted(media, parameters, quality)
        # Go's insertion sort: the order is not transitive, so where it ends depends on the way.
        while place and _comes_before(one, alternatives[place - 1]):
            place -= 1
        alternatives.insert(place, one)
    return alternatives


def _comes_before(one: Accepted, other: Accepted) -> bool:
    if one.quality > other.quality:
        return True
    (kind, _, sub), (other_kind, _, other_sub) = one.media.partition("/"), other.media.partition("/")
    return (kind != "*" and other_kind == "*") or (sub != "*" and other_sub == "*")
