"""Accept headers."""

from __future__ import annotations

import pytest

from backends.fake.negotiation import PROTOBUF, Chosen, Form, choose, parse_accept, reads_no_json
from backends.fake.statuses import ApiError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", Chosen("json")),
        ("application/*, */*;q=0.1", Chosen("json")),
        ("application/yaml;q=0.9, application/json;q=0.1", Chosen("yaml")),
        ("*/*, application/yaml", Chosen("yaml")),
        ("*/*, application/yaml;q=0.1", Chosen("yaml")),
        ("application/*, application/yaml, */*", Chosen("yaml")),
        ("application/yaml;q=0.1, */*", Chosen("json")),
        (TABLE, Chosen("json", Form("Table", "v1"))),
        (f"{TABLE},application/json", Chosen("json", Form("Table", "v1"))),
        (TABLE.replace("v=v1", "v=v1beta1"), Chosen("json", Form("Table", "v1beta1"))),
        (TABLE.replace("json", "yaml"), Chosen("yaml", Form("Table", "v1"))),
        (PARTIAL, Chosen("json", Form("PartialObjectMetadata", "v1"))),
        (PARTIAL.replace(";v=", "List;v="), Chosen("json", Form("PartialObjectMetadataList", "v1"))),
        (
            f"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,{TABLE}",
            Chosen("json", Form("Table", "v1")),
        ),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Chosen("json")),
        ("application/json;as=Table,application/yaml", Chosen("yaml")),
    ],
)
def test_the_best_that_can_be_had_wins(accept: str, chosen: Chosen) -> None:
    assert choose(accept) == chosen


def test_what_has_no_message_is_not_sent_as_one() -> None:
    assert choose(f"{PROTOBUF},application/yaml") == Chosen("protobuf")
    assert choose(f"{PROTOBUF},application/yaml", binary=False) == Chosen("yaml")
    with pytest.raises(ApiError, match="406: Not Acceptable"):
        choose(PROTOBUF, binary=False)


def test_what_is_no_object_has_no_table() -> None:
    assert choose(f"{TABLE},application/json", tables=False) == Chosen("json")
    assert choose(PARTIAL, tables=False) == Chosen("json", Form("PartialObjectMetadata", "v1"))
    with pytest.raises(ApiError):
        choose(TABLE, tables=False)


@pytest.mark.parametrize(
    ("accept", "words"),
    [
        ("text/html", "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml"),
        (";", "406: Not Acceptable"),
        (
            "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
            "only the following media types are accepted: application/json",
        ),
        ("application/json;as=PartialObjectMetadata", "only the following media types are accepted: application/json"),
        ("application/json;as=Nonsense;v=v1;g=meta.k8s.io", "only the following media types are accepted"),
        ("application/*", "406: Not Acceptable"),
        ("APPLICATION/JSON", "406: Not Acceptable"),
        ("application/json;stream=nonsense", "only the following media types are accepted"),
        ("application/yaml;stream=watch", "only the following media types are accepted"),
        ("application/json;sv=v2", "only the following media types are accepted"),
    ],
)
def test_what_cannot_be_had_is_406_in_the_words_of_who_refuses(accept: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        choose(accept)
    assert refused.value.code == 406
    assert refused.value.message.startswith(words)


def test_alternatives_are_ordered_by_quality_and_keep_their_order_otherwise() -> None:
    parsed = parse_accept("a/a;q=0.5, b/b, c/c;v=1;q=1, d/d;q=nonsense")
    assert [one.media for one in parsed] == ["b/b", "c/c", "a/a", "d/d"]
    assert parsed[1].parameters == {"v": "1"}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("application/json;as=Table;v=v1;g=meta.k8s.io, application/json", False),
        ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", True),
        ("application/yaml", True),
    ],
)
def test_who_reads_no_json_is_told_by_the_alternatives(accept: str, expected: bool) -> None:
    assert reads_no_json(accept) is expected
