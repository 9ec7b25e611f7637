"""Label and field selectors: parsing with the server's error texts, and matching.

Called by list, watch and deletecollection, and by the controllers. Rules: k8s.io/apimachinery/pkg/labels (lexer and
parser, token for token) and pkg/fields; which fields a kind can be selected by follows the kinds' registered conversion
functions. Selectable fields of custom resources are not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from backends.fake.validation.names import label_key_errors, label_value_errors


class SelectorError(ValueError):
    """The selector cannot be read: answered as 400 with this text."""


class Requirement(NamedTuple):
    """One term of a label selector. `operator` is one of = != in notin exists !exists > <."""

    key: str
    operator: str
    values: frozenset[str]

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Do these labels satisfy the term?"""
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


class LabelSelector:
    """A parsed label selector: call it with an object's labels."""

    def __init__(self, requirements: tuple[Requirement, ...]) -> None:
        self.requirements = requirements

    @property
    def everything(self) -> bool:
        """Does it select every object?"""
        return not self.requirements

    def __call__(self, labels: Mapping[str, str] | None) -> bool:
        """Does it select an object with these labels (None: it has none)?"""
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
            token, literal = self._look()
            if token == _END:
                return found
            if token not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            token, literal = self._take()
            if token == _END:
                return found
            if token != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            token, literal = self._look()
            if token not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _look(self) -> tuple[str, str]:
        token, literal = self._tokens[self._position]
        return (_IDENTIFIER, literal) if token in ("in", "notin") else (token, literal)

    def _take(self, *, words: bool = True) -> tuple[str, str]:
        token = self._look() if words else self._tokens[self._position]
        self._position += 1
        return token

    def _requirement(self) -> Requirement:
        token, literal = self._take()
        absent = token == "!"
        if absent:
            token, literal = self._take()
        if token != _IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        key = literal
        _check_key(key)
        if absent:
            return Requirement(key, "!exists", frozenset())
        if self._look()[0] in (_END, ","):
            return Requirement(key, "exists", frozenset())
        token, literal = self._take(words=False)
        if token not in _OPERATORS:
            raise SelectorError(f"found '{literal}', expected: {_BINARY_OPERATORS}")
        operator = _OPERATORS[token]
        values = self._values() if operator in ("in", "notin") else self._exact_value()
        _check_values(key, operator, values)
        return Requirement(key, operator, frozenset(values))

    def _values(self) -> set[str]:
        token, literal = self._take()
        if token != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        token, literal = self._look()
        if token == ")":
            self._take()
            return set()
        if token not in (_IDENTIFIER, ","):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        found = self._identifiers()
        self._take()
        return found

    def _identifiers(self) -> set[str]:
        found: set[str] = set()
        while True:
            token, literal = self._take()
            if token == _IDENTIFIER:
                found.add(literal)
                token, literal = self._look()
                if token == ")":
                    return found
                if token != ",":
                    raise SelectorError(f"found '{literal}', expected: ',' or ')'")
            elif token == ",":
                if not found:
                    found.add("")
                token, _ = self._look()
                if token == ")":
                    found.add("")
                    return found
                if token == ",":
                    self._take()
                    found.add("")
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")

    def _exact_value(self) -> set[str]:
        if self._look()[0] in (_END, ","):
            return {""}
        token, literal = self._take()
        if token != _IDENTIFIER:
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
            token, position = _scan_symbol(text, position)
            tokens.append(token)
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


# ---------------------------------------------------------------------------------------------------------- fields

Getter = Callable[[Mapping[str, Any]], str]


def _at(*path: str) -> Getter:
    """Reads a text member; what is missing or no text reads as Go would print it."""

    def read(found: Mapping[str, Any]) -> str:
        value: Any = found
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)

    return read


def _flag(*path: str) -> Getter:
    read = _at(*path)
    return lambda found: read(found) or "false"


def _number(*path: str) -> Getter:
    read = _at(*path)
    return lambda found: read(found) or "0"


def _pod_ip(found: Mapping[str, Any]) -> str:
    status = found.get("status") or {}
    addresses = status.get("podIPs") or ()
    return str(addresses[0].get("ip", "")) if addresses else str(status.get("podIP") or "")


def _event_source(found: Mapping[str, Any]) -> str:
    """The component that reported a core event; the newer field where the older is empty."""
    return _at("source", "component")(found) or _at("reportingComponent")(found)


def _event_series_source(found: Mapping[str, Any]) -> str:
    return _at("deprecatedSource", "component")(found) or _at("reportingController")(found)


_NAME = {"metadata.name": _at("metadata", "name")}
_META = {**_NAME, "metadata.namespace": _at("metadata", "namespace")}
_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

_FIELDS: dict[tuple[str, str], dict[str, Getter]] = {
    ("", "pods"): {
        **_META,
        "spec.nodeName": _at("spec", "nodeName"),
        "spec.host": _at("spec", "nodeName"),
        "spec.restartPolicy": _at("spec", "restartPolicy"),
        "spec.schedulerName": _at("spec", "schedulerName"),
        "spec.serviceAccountName": _at("spec", "serviceAccountName"),
        "spec.hostNetwork": _flag("spec", "hostNetwork"),
        "status.phase": _at("status", "phase"),
        "status.podIP": _pod_ip,
        "status.podIPs": _pod_ip,
        "status.nominatedNodeName": _at("status", "nominatedNodeName"),
    },
    ("", "nodes"): {**_NAME, "spec.unschedulable": _flag("spec", "unschedulable")},
    ("", "namespaces"): {**_NAME, "status.phase": _at("status", "phase")},
    ("", "secrets"): {**_META, "type": _at("type")},
    ("", "services"): {**_META, "spec.clusterIP": _at("spec", "clusterIP"), "spec.type": _at("spec", "type")},
    ("", "replicationcontrollers"): {**_META, "status.replicas": _number("status", "replicas")},
    ("", "events"): {
        **_META,
        **{f"involvedObject.{name}": _at("involvedObject", name) for name in _REFERENCE},
        "reason": _at("reason"),
        "reportingComponent": _at("reportingComponent"),
        "source": _event_source,
        "type": _at("type"),
    },
    ("events.k8s.io", "events"): {
        **_META,
        **{f"regarding.{name}": _at("regarding", name) for name in _REFERENCE},
        "reason": _at("reason"),
        "reportingController": _event_series_source,
        "type": _at("type"),
    },
    ("apps", "statefulsets"): {**_META, "status.successful": lambda _: ""},
    ("batch", "jobs"): {**_META, "status.successful": _number("status", "succeeded")},
    ("certificates.k8s.io", "certificatesigningrequests"): {**_NAME, "spec.signerName": _at("spec", "signerName")},
    ("resource.k8s.io", "resourceslices"): {
        **_NAME,
        "spec.nodeName": _at("spec", "nodeName"),
        "spec.driver": _at("spec", "driver"),
    },
}


class FieldTerm(NamedTuple):
    """One term of a field selector: the field equals, or does not equal, the value."""

    field: str
    equal: bool
    value: str


class FieldSelector:
    """A parsed field selector of one resource: call it with an object."""

    def __init__(self, terms: tuple[FieldTerm, ...], getters: Mapping[str, Getter]) -> None:
        self.terms = terms
        self._checks = tuple((getters[term.field], term.equal, term.value) for term in terms)

    @property
    def everything(self) -> bool:
        """Does it select every object?"""
        return not self.terms

    @property
    def on_metadata_only(self) -> bool:
        """Can it be answered from name and namespace alone, without the object's body?"""
        return all(term.field in _META for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The value that `field` must have, None when any may do: what an index can be asked for."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)

    def __call__(self, found: Mapping[str, Any]) -> bool:
        """Does it select this object?"""
        return all((read(found) == value) is equal for read, equal, value in self._checks)


def parse_fields(group: str, resource: str, text: str) -> FieldSelector:
    """Parse `metadata.name=a,status.phase!=Running` for a resource. Raises `SelectorError`, also for other fields."""
    known = _FIELDS.get((group, resource))
    terms = []
    for part in sorted(_split(text)):
        if part:
            term = _term(text, part)
            _check_field(term, known)
            terms.append(term)
    return FieldSelector(tuple(terms), known if known is not None else _META)


def _check_field(term: FieldTerm, known: Mapping[str, Getter] | None) -> None:
    if known is not None:
        if term.field not in known:
            raise SelectorError(f"field label not supported: {term.field}")
    elif term.field not in _META:
        only = ", ".join(f'"{name}"' for name in _META)
        raise SelectorError(f'"{term.field}" is not a known field selector: only {only}')


def _split(text: str) -> list[str]:
    """Split at commas that no backslash escapes."""
    parts, start, escaped = [], 0, False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _term(text: str, part: str) -> FieldTerm:
    for position in range(len(part)):
        for operator in ("!=", "==", "="):
            if part.startswith(operator, position):
                value = _unescape(part[position + len(operator) :])
                return FieldTerm(part[:position], operator != "!=", value)
    raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")


def _unescape(value: str) -> str:
    if "\\" not in value and "," not in value and "=" not in value:
        return value
    out, position = "", 0
    while position < len(value):
        char = value[position]
        if char == "\\":
            following = value[position + 1 : position + 2]
            if following not in ("\\", ",", "=") or not following:
                raise SelectorError(f"invalid field selector: invalid escape sequence: {char}{following}")
            out += following
            position += 2
        elif char in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {char}")
        else:
            out += char
            position += 1
    return out
