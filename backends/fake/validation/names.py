"""What may stand in names, label keys and values, and other identifiers, with the server's texts.

Rules: k8s.io/apimachinery/pkg/util/validation and pkg/api/validation. Every function returns the texts of what is
wrong, none when nothing is. Called by the rules of all kinds and by label selectors.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

Texts = tuple[str, ...]


def _remembered(rule: Callable[[str], list[str]]) -> Callable[[str], Texts]:
    """The same rule, which remembers its latest answers: the same names come again and again."""

    @functools.lru_cache(maxsize=4096)
    def again(value: str) -> Texts:
        return tuple(rule(value))

    return functools.wraps(rule)(again)


_LABEL_1123 = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_1123 = rf"{_LABEL_1123}(\.{_LABEL_1123})*"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"

_LABEL_1123_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character"
)
_SUBDOMAIN_1123_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character"
)
_WILDCARD = rf"\*\.{_SUBDOMAIN_1123}"
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_CONFIG_KEY_TEXT = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


def _shape_error(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} ({'e.g. ' if examples else ''}{shown}regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


@_remembered
def label_1123_errors(value: str) -> list[str]:
    """A DNS label (RFC 1123): names of namespaces, containers, volumes, ports."""
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_1123, value):
        if re.fullmatch(_SUBDOMAIN_1123, value):
            errors.append("must not contain dots")
        else:
            errors.append(_shape_error(_LABEL_1123_TEXT, _LABEL_1123, "my-name", "123-abc"))
    return errors


@_remembered
def subdomain_1123_errors(value: str) -> list[str]:
    """A DNS subdomain (RFC 1123): the names of most kinds."""
    errors = [_too_long(253)] if len(value) > 253 else []
    if not re.fullmatch(_SUBDOMAIN_1123, value):
        errors.append(_shape_error(_SUBDOMAIN_1123_TEXT, _SUBDOMAIN_1123, "example.com"))
    return errors


@_remembered
def wildcard_subdomain_errors(value: str) -> list[str]:
    """A DNS subdomain below a star: hosts of Ingresses."""
    errors = [_too_long(253)] if len(value) > 253 else []
    if not re.fullmatch(_WILDCARD, value):
        errors.append(_shape_error(_WILDCARD_TEXT, _WILDCARD, "*.example.com"))
    return errors


def domain_prefixed_path(value: str) -> list[tuple[str, str]]:
    """`example.com/name`, as controllers of classes are named: what is wrong, and with which part."""
    host, _, path = value.partition("/")
    if not host or not path:
        return [(value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    found = [(host, text) for text in subdomain_1123_errors(host)]
    if not re.fullmatch(_HTTP_PATH, path):
        found.append((path, _shape_error("Invalid path", _HTTP_PATH)))
    return found


@_remembered
def label_1035_errors(value: str) -> list[str]:
    """A DNS label (RFC 1035), which starts with a letter: names of Services."""
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_1035, value):
        errors.append(_shape_error(_LABEL_1035_TEXT, _LABEL_1035, "my-name", "abc-123"))
    return errors


@_remembered
def any_name(value: str) -> list[str]:
    """Requests for certificates are called as one likes."""
    del value
    return []


@_remembered
def path_segment_errors(value: str) -> list[str]:
    """What can stand in a URL path: the names of kinds that are not DNS names, as RBAC roles."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in value]


@_remembered
def label_key_errors(value: str) -> list[str]:
    """A qualified name: keys of labels and annotations, finalizers."""
    errors: list[str] = []
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        shape = _shape_error(f"a qualified name {_QUALIFIED_TEXT}", _QUALIFIED, "MyName", "my.name", "123-abc")
        return [f"{shape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    if slash:
        if not prefix:
            errors.append("prefix part must be non-empty")
        else:
            errors += [f"prefix part {error}" for error in subdomain_1123_errors(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name) > 63:
        errors.append(f"name part {_too_long(63)}")
    if not re.fullmatch(_QUALIFIED, name):
        errors.append(_shape_error(f"name part {_QUALIFIED_TEXT}", _QUALIFIED, "MyName", "my.name", "123-abc"))
    return errors


@_remembered
def label_value_errors(value: str) -> list[str]:
    """The value of a label."""
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_VALUE, value):
        errors.append(_shape_error(_LABEL_VALUE_TEXT, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return errors


@_remembered
def config_key_errors(value: str) -> list[str]:
    """A key of a ConfigMap's or Secret's data."""
    errors = [_too_long(253)] if len(value) > 253 else []
    if not re.fullmatch(_CONFIG_KEY, value):
        errors.append(_shape_error(_CONFIG_KEY_TEXT, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    elif value == ".":
        errors.append("must not be '.'")
    elif value == "..":
        errors.append("must not be '..'")
    elif value.startswith(".."):
        errors.append("must not start with '..'")
    return errors
