"""What the OpenAPI definitions say about types and fields, compactly. Called by `scripts/schema`.

The text is JSON: `shared`, a list of texts that come more than twice, and `types`, a type's name to `[text, fields]`
where `fields` has a text for each field by JSON name. A number stands for a shared text. Read by
`backends.fake.openapi.texts`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from backends.fake.schema.derive.compact import Definition, short_name

_REPEATED = 3


def descriptions(specs: Mapping[str, Definition], types: Iterable[str]) -> str:
    """The descriptions of `types`, which are names of the compact schema, one line a type."""
    wanted = set(types)
    told = {short_name(name): spec for name, spec in sorted(specs.items()) if short_name(name) in wanted}
    counts = Counter(text for spec in told.values() for text in _texts(spec))
    shared = sorted(text for text, times in counts.items() if times >= _REPEATED)
    numbers: dict[str, int] = {text: number for number, text in enumerate(shared)}
    lines = [f"{json.dumps(name)}:{_compact(_entry(spec, numbers))}" for name, spec in told.items()]
    texts = ",\n".join(json.dumps(text) for text in shared)
    return '{"shared":[\n' + texts + '\n],\n"types":{\n' + ",\n".join(lines) + "\n}}\n"


def _texts(spec: Definition) -> Iterable[str]:
    yield spec.get("description", "")
    for field in spec.get("properties", {}).values():
        yield field.get("description", "")


def _entry(spec: Definition, numbers: Mapping[str, int]) -> list[Any]:
    def kept(text: str) -> str | int:
        return numbers.get(text, text)

    fields = spec.get("properties", {})
    texts = {name: kept(field["description"]) for name, field in fields.items() if field.get("description")}
    return [kept(spec.get("description", "")), texts]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
