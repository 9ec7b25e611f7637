"""YAML payloads: only what JSON can say."""

from __future__ import annotations

import pytest

from kubeactions.sources.yaml_payload import to_json


def test_scalars_keep_the_type_that_json_has_for_them() -> None:
    text = "a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf: '1'\ng: 2026-08-20T10:15:00Z\nh: [x, {y: z}]\n1: one\n"
    assert to_json(text) == (
        b'{"a": 1, "b": 1.5, "c": true, "d": null, "e": null, "f": "1", "g": "2026-08-20T10:15:00Z", '
        b'"h": ["x", {"y": "z"}], "1": "one"}'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "2 documents; one is expected"),
        ("a: &x 1\nb: *x\n", "an alias at line 2 column 4"),
        ("a: 1\na: 2\n", "'a' is given twice (line 2 column 1)"),
        ("<<: {a: 1}\n", "a merge key at line 1"),
        ("? [a]\n: 1\n", "a key at line 1"),
        ("a: !!python/name:os.system x\n", "JSON has no python/name"),
        ("a: !!set {x}\n", "JSON has no"),
        ("a: !!binary aGk=\n", "JSON has no binary"),
        ("a: !!int x\n", "'x' is no int"),
        ("a: [1,\n", "broken YAML: "),
        ("a: \x01\n", "broken YAML: "),
        ("[" * 100_000, "nested deeper than 200 levels"),
        ("- " * 100_000, "nested deeper than 200 levels"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(broken YAML|the file|2 documents)") as caught:
        to_json(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
