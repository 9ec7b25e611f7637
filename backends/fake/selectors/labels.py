"""Label selectors. Rules: k8s.io/apimachinery/pkg/labels, lexer and parser, token for token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from backends.fake.forking import Immutable
from backends.fake.selectors.errors import SelectorError
from backends.fake.validation.names import label_key_errors, label_value_errors


class Requirement(NamedTuple):
    """One term of a label selector. `operator` is one of = != in notin exists !exists > <."""

    key: str
    operator: str
    values: frozenset[str]

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy the term."""
        value = labels.get(self.key)
        operator = self.operator
        if operator in ("=", "in"):
            return value is not None and value in self.values
        if operator in ("!=", "notin"):
            return value is None or value not in self.values
        if operator == "exists":
            return value is not None
        if operator == "!exists":
            return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        try:
            have, bound = int(value or "-"), int(next(iter(self.values)))
        except ValueError:
            return False
        return have > bound if self.operator == ">" else have < bound


class LabelSelector(Immutable):
    """A parsed label selector: call it with an object's labels."""

    def __init__(self, requirements: tuple[Requirement, ...]) -> None:
        self.requirements = requirements

    @property
    def everything(self) -> bool:
        """Whether it selects every object."""
        return not self.requirements

    def __call__(self, labels: Mapping[str, str] | None) -> bool:
        """Whether it selects an object with these labels (None: it has none)."""
        have = labels or {}
        return all(requirement.holds(have) for requirement in self.requirements)


def parse_labels(text: str) -> LabelSelector:
    """Parse `app=web,tier in (a,b),!old`; "" selects everything. Raises `SelectorError`."""
    return LabelSelector(tuple(_LabelParser(text).parse())) if text else LabelSelector(())


def labels_of(selector: Mapping[str, Any] | None) -> LabelSelector | None:
    """The matcher of a `LabelSelector` object (matchLabels, matchExpressions).

    None, as `metav1.LabelSelectorAsSelector` has it, selects nothing; so does the None that comes back. An empty
    selector selects everything.
    """
    if selector is None:
        return None
    found = [Requirement(key, "in", frozenset((value,))) for key, value in (selector.get("matchLabels") or {}).items()]
    names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!exists"}
    for entry in selector.get("matchExpressions") or ():
        operator = names.get(entry.get("operator", ""))
        if operator is None:
            raise SelectorError(f'"{entry.get("operator", "")}" is not a valid label selector operator')
        found.append(Requirement(entry.get("key", ""), operator, frozenset(entry.get("values") or ())))
    return LabelSelector(tuple(found))


_SPECIAL = "=!(),><"
_SYMBOLS = {"(", ")", ",", "!", "=", "==", "!=", ">", "<"}
_END = "end"
_IDENTIFIER = "identifier"
_ERROR = "error"
_BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_OPERATORS = {"in": "in", "notin": "notin", "=": "=", "==": "=", "!=": "!=", ">": ">", "<": "<"}


class _LabelParser:
    """labels.Parser: tokens are scanned first; "in" and "notin" are words where a value is expected."""

    def __init__(self, text: str) -> None:
        self._tokens = _scan(text)
        self._position = 0

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, literal = self._look()
            if kind == _END:
                return found
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self._take()
            if kind == _END:
                return found
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._look()
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _look(self) -> tuple[str, str]:
        kind, literal = self._tokens[self._position]
        return (_IDENTIFIER, literal) if kind in ("in", "notin") else (kind, literal)

    def _take(self, *, words: bool = True) -> tuple[str, str]:
        kind = self._look() if words else self._tokens[self._position]
        self._position += 1
        return kind

    def _requirement(self) -> Requirement:
        kind, literal = self._take()
        absent = kind == "!"
        if absent:
            kind, literal = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        key = literal
        _check_key(key)
        if absent:
            return Requirement(key, "!exists", frozenset())
        if self._look()[0] in (_END, ","):
            return Requirement(key, "exists", frozenset())
        kind, literal = self._take(words=False)
        if kind not in _OPERATORS:
            raise SelectorError(f"found '{literal}', expected: {_BINARY_OPERATORS}")
        operator = _OPERATORS[kind]
        values = self._values() if operator in ("in", "notin") else self._exact_value()
        _check_values(key, operator, values)
        return Requirement(key, operator, frozenset(values))

    def _values(self) -> set[str]:
        kind, literal = self._take()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self._look()
        if kind == ")":
            self._take()
            return set()
        if kind not in (_IDENTIFIER, ","):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        found = self._identifiers()
        self._take()
        return found

    def _identifiers(self) -> set[str]:
        found: set[str] = set()
        while True:
            kind, literal = self._take()
            if kind == _IDENTIFIER:
                found.add(literal)
                kind, literal = self._look()
                if kind == ")":
                    return found
                if kind != ",":
                    raise SelectorError(f"found '{literal}', expected: ',' or ')'")
            elif kind == ",":
                if not found:
                    found.add("")
                kind, _ = self._look()
                if kind == ")":
                    found.add("")
                    return found
                if kind == ",":
                    self._take()
                    found.add("")
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")

    def _exact_value(self) -> set[str]:
        if self._look()[0] in (_END, ","):
            return {""}
        kind, literal = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        return {literal}


def _scan(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char in " \t\r\n":
            position += 1
        elif char in _SPECIAL:
            kind, position = _scan_symbol(text, position)
            tokens.append(kind)
        else:
            end = position
            while end < len(text) and text[end] not in _SPECIAL and text[end] not in " \t\r\n":
                end += 1
            word = text[position:end]
            tokens.append((word if word in ("in", "notin") else _IDENTIFIER, word))
            position = end
    tokens += [(_END, "")] * 3
    return tokens


def _scan_symbol(text: str, start: int) -> tuple[tuple[str, str], int]:
    """The longest known symbol, as the lexer finds it: it stops at the first character that makes an unknown one."""
    end, found = start, ""
    while end < len(text) and text[end] in _SPECIAL:
        candidate = text[start : end + 1]
        if candidate in _SYMBOLS:
            found = candidate
        elif found:
            break
        end += 1
    if not found:
        return (_ERROR, f"error expected: keyword found '{text[start:end]}'"), end
    return (found, found), start + len(found)


def _check_key(key: str) -> None:
    errors = label_key_errors(key)
    if errors:
        raise SelectorError(f'<nil>: Invalid value: "{key}": {"; ".join(errors)}')


def _check_values(key: str, operator: str, values: set[str]) -> None:
    if operator in ("in", "notin") and not values:
        raise SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    found: list[str] = []
    for number, value in enumerate(sorted(values)):
        if operator in (">", "<") and not value.removeprefix("-").isdecimal():
            text = "for 'Gt', 'Lt' operators, the value must be an integer"
            found.append(f'values[{number}]: Invalid value: "{value}": {text}')
        errors = label_value_errors(value)
        if errors:
            found.append(f'values[{number}][{key}]: Invalid value: "{value}": {"; ".join(errors)}')
    if found:
        raise SelectorError(found[0] if len(found) == 1 else f"[{', '.join(found)}]")
