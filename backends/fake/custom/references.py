"""Fields that a rule names and the schema does not have: refused when the definition is written, as cel-go does it.

The CEL library here is given values without types, so it cannot tell. What can be told without it are chains of names
from `self` and `oldSelf`: `self.spec.replicas`. Texts are those of cel-go (common/errors).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backends.fake.custom.expressions import escaped
from backends.fake.custom.structural import META, Structural

_LITERAL = re.compile(r"""[rb]?(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")""")
_CHAIN = re.compile(r"(?<![\w.])(?:self|oldSelf)((?:\.[A-Za-z_]\w*)+)(\s*\()?")
_HAS = re.compile(r"\bhas\($")
_NAMES_ALONE = frozenset({"name", "generateName"})
"""Of the metadata, rules see these."""


def undefined(rule: str, schema: Structural, *, at_root: bool) -> str:
    """What cel-go says of the fields that there are not; empty where all are there."""
    text = _LITERAL.sub(lambda found: "'" + " " * (len(found[0]) - 2) + "'", rule)
    errors = []
    for found in _CHAIN.finditer(text):
        place = found.start(1)
        names = found[1][1:].split(".")
        if found[2]:  # the last one is a function
            names.pop()
        for number, name in _unknown(names, schema, at_root=at_root):
            where = place + sum(len(one) + 1 for one in names[:number])
            asked = _HAS.search(text, 0, found.start())
            if asked is not None and number == len(names) - 1:
                where = asked.end() - 1  # a macro stands where its bracket does
            errors.append(_error(rule, where, f"undefined field '{name}'"))
    return "\n".join(errors)


def _unknown(names: list[str], schema: Structural, *, at_root: bool) -> Iterator[tuple[int, str]]:
    """The first name of a chain that leads nowhere, and its place in it."""
    node, whole = schema, at_root or schema.embedded
    for number, name in enumerate(names):
        if node.int_or_string or node.type != "object" or node.open:
            return
        if whole and name in META:
            if name == "metadata" and number + 1 < len(names) and names[number + 1] not in _NAMES_ALONE:
                yield number + 1, names[number + 1]
            return
        below = {escaped(member): child for member, child in node.properties.items()}
        if name not in below:
            if node.properties or not node.preserve:
                yield number, name
            return
        node = below[name]
        whole = node.embedded


def _error(rule: str, place: int, what: str) -> str:
    line = rule.count("\n", 0, place)
    begin = rule.rfind("\n", 0, place) + 1
    shown = rule[begin:].partition("\n")[0]
    column = place - begin
    return f"ERROR: <input>:{line + 1}:{column + 1}: {what}\n | {shown}\n | {'.' * column}^"
