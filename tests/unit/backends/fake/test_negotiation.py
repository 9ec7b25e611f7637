"""Accept headers."""

from __future__ import annotations

import pytest

from backends.fake.negotiation import encoding_of, parse_accept, reads_no_json
from backends.fake.statuses import ApiError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", "json"),
        ("application/*", "json"),
        (f"{TABLE},application/json", "json"),
        (f"{TABLE},application/yaml", "yaml"),
        ("application/yaml;q=0.9, application/json;q=0.1", "yaml"),
        ("APPLICATION/JSON", "json"),
    ],
)
def test_the_best_that_can_be_had_wins(accept: str, encoding: str) -> None:
    assert encoding_of(accept) == encoding


@pytest.mark.parametrize("accept", [TABLE, "text/html", "application/json;as=PartialObjectMetadata", ";"])
def test_what_cannot_be_had_is_406(accept: str) -> None:
    with pytest.raises(ApiError) as refused:
        encoding_of(accept)
    assert refused.value.code == 406
    assert "application/json, application/yaml" in refused.value.message


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
