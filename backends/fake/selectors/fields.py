"""Field selectors.

Rules: k8s.io/apimachinery/pkg/fields; which fields a kind can be selected by follows the conversion functions that the
kinds register; of custom resources their definition tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from backends.fake.selectors.errors import SelectorError

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
        """Whether it selects every object."""
        return not self.terms

    @property
    def on_metadata_only(self) -> bool:
        """Whether name and namespace answer it alone, without the object's body."""
        return all(term.field in _META for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The value that `field` must have, None when any may do: what an index can be asked for."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)

    def __call__(self, found: Mapping[str, Any]) -> bool:
        """Whether it selects this object."""
        return all((read(found) == value) is equal for read, equal, value in self._checks)


def parse_fields(group: str, resource: str, text: str, selectable: tuple[str, ...] | None = None) -> FieldSelector:
    """Parse `metadata.name=a,status.phase!=Running` for a resource. Raises `SelectorError`, also for other fields.

    `selectable` are the paths (`.spec.color`) that a custom resource can be selected by, beside its name.
    """
    known = _FIELDS.get((group, resource)) if selectable is None else _selectable(selectable)
    terms = []
    for part in sorted(_split(text)):
        if part:
            term = _term(text, part)
            _check_field(term, known)
            terms.append(term)
    return FieldSelector(tuple(terms), known if known is not None else _META)


def _selectable(paths: tuple[str, ...]) -> dict[str, Getter]:
    return {**_NAME, **{path.removeprefix("."): _at(*path.removeprefix(".").split(".")) for path in paths}}


def exact_field(text: str, field: str) -> str | None:
    """The value that a selector demands of `field`, None without; which fields there are is not looked at.

    Raises `SelectorError` for what is no selector.
    """
    terms = [_term(text, part) for part in _split(text) if part]
    return next((term.value for term in terms if term.field == field and term.equal), None)


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
