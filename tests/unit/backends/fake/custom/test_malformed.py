"""Definitions and objects with anything in any place: each gets an answer, none of them a fault of the server."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.unit.backends.fake.custom.definitions import CRDS, GROUP, WIDGETS, definition, version, widget
from tests.unit.backends.fake.door import MERGE, Door

APPLY = "application/apply-patch+yaml"
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.s",
}
SPEC: Any = {
    "type": "object",
    "required": ["size"],
    "oneOf": [{"required": ["size"]}],
    "not": {"required": ["none"]},
    "x-kubernetes-validations": [{"rule": "self.size > 0", "messageExpression": "'x'", "fieldPath": ".size"}],
    "properties": {
        "size": {"type": "integer", "maximum": 10, "default": 1},
        "color": {"type": "string", "default": "red", "enum": ["red"], "pattern": "^r"},
        "map": {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
        "inner": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "both": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "replicas": {"type": "integer"},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a"],
            "items": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
        },
    },
}
COLUMN = {"name": "A", "type": "string", "jsonPath": ".spec.ports[?(@.a=='b')].a"}
BASE = definition(
    version(
        "v1",
        SPEC,
        deprecated=True,
        subresources={"status": {}, "scale": SCALE},
        selectableFields=[{"jsonPath": ".spec.color"}],
        additionalPrinterColumns=[COLUMN],
    )
)
INNER = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
OBJECT = widget("w", {"size": 3, "ports": [{"a": "1"}], "map": {"k": "v"}, "inner": INNER, "both": 5, "replicas": 3})
OBJECT["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]
ANYTHING: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, "", "x", ".spec", "\0", [], {}, [1], ["x"], {"a": 1}, [[]], [{}],
    {"type": "object"}, {"type": "string"},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield from places(member, (*path, key))


def spoiled(value: Any, chance: random.Random) -> Any:
    """The value with something else, or nothing, in one place or two."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 2))):
        found = list(places(value))
        if found:
            *path, last = chance.choice(found)
            holder = value
            for key in path:
                holder = holder[key]
            if chance.random() < 0.2:
                del holder[last]
            else:
                holder[last] = copy.deepcopy(chance.choice(ANYTHING))
    return value


@pytest.mark.parametrize(
    "seeds", [pytest.param(range(5), id="few"), pytest.param(range(100, 300), id="many", marks=pytest.mark.slow)]
)
def test_anything_in_any_place_gets_an_answer(seeds: range) -> None:
    codes = set()
    for seed in seeds:
        chance, door = random.Random(seed), Door()
        if door.post(CRDS, spoiled(BASE, chance)).code != 201:
            assert door.post(CRDS, BASE).code == 201
        door.post(WIDGETS, OBJECT)
        for target, method, media in (
            (WIDGETS, "POST", "application/json"),
            (f"{WIDGETS}/w", "PATCH", MERGE),
            (f"{WIDGETS}/w?fieldManager=m&force=true", "PATCH", APPLY),
            (f"{WIDGETS}/w/status", "PATCH", MERGE),
            (f"{WIDGETS}/w/scale", "PUT", "application/json"),
            (f"{CRDS}/widgets.{GROUP}", "PATCH", MERGE),
        ):
            body = BASE if target.startswith(CRDS) else OBJECT
            codes.add(door.ask(method, target, spoiled(body, chance), content_type=media).code)
        for accept in ("application/json", "application/json;as=Table;g=meta.k8s.io;v=v1"):
            answer = door.send("GET", f"{WIDGETS}?fieldSelector=spec.color%3Dred", accept=accept)
            assert orjson.loads(answer.body) if answer.status != 404 else True
    assert codes <= {200, 201, 400, 404, 409, 422, 500}
    assert {200, 400, 422} <= codes
