"""The fields that a rule names: whether they are there, and what type they have in CEL.

The CEL library here is given JSON, without types. So what a real server's type check does is done by name, for chains
from `self` and `oldSelf` (`self.spec.replicas`): a field that the schema does not have is refused when the definition
is written, in the words of cel-go, and texts with the format of a time are converted where they are named. What a rule
reaches in another way, as the variable of a comprehension, is neither checked nor converted. Names are escaped as
apiserver/pkg/cel/escaping.go does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backends.fake.custom.structural import META, Structural

_LITERAL = re.compile(r"""[rb]?(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")""")
_CHAIN = re.compile(r"(?<![\w.])(?:self|oldSelf)((?:\.[A-Za-z_]\w*)+)(\s*\()?")
_HAS = re.compile(r"\bhas\($")
_NAMES_ALONE = frozenset({"name", "generateName"})
"""Of the metadata, rules see these."""


def undefined(rule: str, schema: Structural, *, at_root: bool) -> str:
    """What cel-go says of the fields that there are not; empty where all are there."""
    text = _blanked(rule)
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


# ---- types

_ANY_CHAIN = re.compile(r"(?<![\w.])(?:self|oldSelf)((?:\.[A-Za-z_]\w*)*)(\s*\()?")
_CONVERSIONS = {
    "date-time": "timestamp({})",
    "datetime": "timestamp({})",
    "date": "timestamp({} + 'T00:00:00Z')",
    "duration": "duration({})",
    "byte": "base64.decode({})",
}


def typed(rule: str, schema: Structural) -> str:
    """The rule with every time, duration and byte sequence that it names made one."""
    text = _blanked(rule)
    out, last = [], 0
    for found in _ANY_CHAIN.finditer(text):
        names = found[1][1:].split(".") if found[1] else []
        end = found.end(1)
        if found[2] and names:  # the last one is a function
            end -= len(names.pop()) + 1
        conversion = _CONVERSIONS.get(_format(names, schema))
        if conversion is None or _HAS.search(text, 0, found.start()) is not None:
            continue
        out += [rule[last : found.start()], conversion.format(rule[found.start() : end])]
        last = end
    return "".join([*out, rule[last:]])


def _format(names: list[str], schema: Structural) -> str:
    """The format of the text that a chain leads to; empty for anything else."""
    node = schema
    for name in names:
        below = {escaped(member): child for member, child in node.properties.items()}
        if name not in below:
            return ""
        node = below[name]
    return (node.source.get("format") or "") if node.type == "string" else ""


def _blanked(rule: str) -> str:
    """The rule with blanks in its literals, so that nothing is found there."""
    return _LITERAL.sub(lambda found: "'" + " " * (len(found[0]) - 2) + "'", rule)


# ---- names

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escaped(name: str) -> str:
    """A member's name as rules write it: `x-y` is `x__dash__y`, `namespace` is `__namespace__`."""
    if name in _RESERVED:
        return f"__{name}__"
    if _IDENTIFIER.fullmatch(name) and "__" not in name:
        return name
    return re.sub(r"__|[.\-/]", lambda found: _SIGNS[found[0]], name)
