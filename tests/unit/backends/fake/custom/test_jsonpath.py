"""Paths of printer columns, as kubectl's JSONPath has them, and the simple ones of scales."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.custom import jsonpath
from backends.fake.custom.jsonpath import PathError

OBJ: dict[str, Any] = {
    "spec": {"size": 3, "a.b": 1, "names": ["x", "y", "z"], "flag": True},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "n": 2},
            {"type": "Synced", "status": "False", "n": 5},
            {"type": "Odd"},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        (".", [OBJ]),
        (".spec.none", []),
        (".spec.none.deeper", []),
        (r".spec.a\.b", [1]),
        (".spec['a.b']", [1]),
        (".spec.names[0]", ["x"]),
        (".spec.names[-1]", ["z"]),
        (".spec.names[5]", []),
        (".spec.names[0:2]", ["x", "y"]),
        (".spec.names[*]", ["x", "y", "z"]),
        (".spec.names[0,2]", ["x", "z"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Synced')].status", ["False"]),
        (".status.conditions[?(@.n>2)].type", ["Synced"]),
        (".status.conditions[?(@.n)].type", ["Ready", "Synced"]),
        (".status..status", ["True", "False"]),
        (".spec.*", [3, 1, ["x", "y", "z"], True]),
    ],
)
def test_a_path_leads_to_what_kubectl_shows(path: str, found: list[Any]) -> None:
    assert jsonpath.find(path, OBJ) == found


@pytest.mark.parametrize("path", [".spec[", ".spec[a]", ".spec[?(@.a==b)]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        jsonpath.parse(path)


def test_a_simple_path_has_a_type_and_says_what_is_in_its_way() -> None:
    assert jsonpath.typed(OBJ, ".spec.size", int, 0) == (3, True)
    assert jsonpath.typed(OBJ, ".spec.none", int, 0) == (0, False)
    with pytest.raises(PathError, match=r"^\.spec\.flag accessor error: True is of the type bool, expected int64$"):
        jsonpath.typed(OBJ, ".spec.flag", int, 0)
    with pytest.raises(PathError, match=r"^\.spec\.size accessor error: 3 is of the type int64, expected map\["):
        jsonpath.typed(OBJ, ".spec.size.deeper", int, 0)
