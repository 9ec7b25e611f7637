"""What may stand in names, label keys and values, and other identifiers, with the server's texts.

Rules: k8s.io/apimachinery/pkg/util/validation and pkg/api/validation. Every function returns the texts of what is
wrong, an empty list when nothing is. Called by the rules of all kinds and by label selectors.
"""

from __future__ import annotations

import functools
import re

_LABEL_1123 = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_1123 = rf"{_LABEL_1123}(\.{_LABEL_1123})*"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"
_ENV_NAME = r"[-._a-zA-Z][-._a-zA-Z0-9]*"

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
_CONFIG_KEY_TEXT = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_ENV_NAME_TEXT = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit"
)


def _shape_error(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


def label_1123_errors(value: str) -> list[str]:
    """A DNS label (RFC 1123): names of namespaces, containers, volumes, ports."""
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_1123, value):
        if re.fullmatch(_SUBDOMAIN_1123, value):
            errors.append("must not contain dots")
        else:
            errors.append(_shape_error(_LABEL_1123_TEXT, _LABEL_1123, "my-name", "123-abc"))
    return errors


def subdomain_1123_errors(value: str) -> list[str]:
    """A DNS subdomain (RFC 1123): the names of most kinds."""
    errors = [_too_long(253)] if len(value) > 253 else []
    if not re.fullmatch(_SUBDOMAIN_1123, value):
        errors.append(_shape_error(_SUBDOMAIN_1123_TEXT, _SUBDOMAIN_1123, "example.com"))
    return errors


def label_1035_errors(value: str) -> list[str]:
    """A DNS label (RFC 1035), which starts with a letter: names of Services."""
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_1035, value):
        errors.append(_shape_error(_LABEL_1035_TEXT, _LABEL_1035, "my-name", "abc-123"))
    return errors


def path_segment_errors(value: str) -> list[str]:
    """What can stand in a URL path: the names of kinds that are not DNS names, as RBAC roles."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in value]


@functools.lru_cache(maxsize=4096)
def _qualified_name_errors(value: str) -> tuple[str, ...]:
    errors: list[str] = []
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        shape = _shape_error(f"a qualified name {_QUALIFIED_TEXT}", _QUALIFIED, "MyName", "my.name", "123-abc")
        return (f"{shape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",)
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
    return tuple(errors)


def label_key_errors(value: str) -> list[str]:
    """A qualified name: keys of labels and annotations, finalizers."""
    return list(_qualified_name_errors(value))


@functools.lru_cache(maxsize=4096)
def _label_value_errors(value: str) -> tuple[str, ...]:
    errors = [_too_long(63)] if len(value) > 63 else []
    if not re.fullmatch(_LABEL_VALUE, value):
        errors.append(_shape_error(_LABEL_VALUE_TEXT, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return tuple(errors)


def label_value_errors(value: str) -> list[str]:
    """The value of a label."""
    return list(_label_value_errors(value))


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


def env_name_errors(value: str) -> list[str]:
    """The name of an environment variable."""
    errors = []
    if not re.fullmatch(_ENV_NAME, value):
        errors.append(_shape_error(_ENV_NAME_TEXT, _ENV_NAME, "my.env-name", "MY_ENV.NAME", "MyEnvName1"))
    if value in (".", ".."):
        errors.append(f"must not be '{value}'")
    elif value.startswith(".."):
        errors.append("must not start with '..'")
    return errors
