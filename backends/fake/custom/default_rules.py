"""Whether the defaults of a schema fit it.

From k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting (validation.go): a default has no unknown fields,
and passes the validation of the field that it is for, rules in CEL included. Called for schemas that are structural.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from backends.fake.custom import embedded, pruning, values
from backends.fake.custom.expressions import Expressions
from backends.fake.custom.structural import ABSENT, META, Structural
from backends.fake.validation.causes import Cause, invalid


def problems(root: Structural, path: str) -> list[Cause]:
    """What is wrong with the defaults."""
    return list(_walk(root, path, at_root=True, in_meta=False))


def _walk(schema: Structural, path: str, *, at_root: bool, in_meta: bool) -> Iterator[Cause]:
    if schema.embedded:
        in_meta = False
    if schema.default is not ABSENT:
        yield from _default(schema, f"{path}.default", in_meta=in_meta)
    # Not into additionalProperties: there are no defaults.
    if schema.items is not None:
        yield from _walk(schema.items, f"{path}.items", at_root=False, in_meta=in_meta)
    for name, child in schema.properties.items():
        meta = in_meta or (name in META and (at_root or schema.embedded))
        yield from _walk(child, f"{path}.properties[{name}]", at_root=False, in_meta=meta)


def _default(schema: Structural, path: str, *, in_meta: bool) -> Iterator[Cause]:
    value = schema.default
    if not in_meta:
        pruned = copy.deepcopy(value)
        pruning.prune_value(pruned, schema)
        if pruned != value:
            yield invalid(path, value, "must not have unknown fields")
        found = embedded.problems(value, schema, path, at_root=not schema.embedded)
        if found:
            yield from found
            return
    found = values.problems(schema.source, value, path)
    yield from found
    rules = Expressions(schema)
    if not found and not rules.none and not in_meta:
        yield from rules.of_value(value, path)
