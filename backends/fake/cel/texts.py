"""Texts: regular expressions and URLs (apiserver/pkg/cel/library/regex.go and urls.go).

Patterns are those of RE2: the library itself refuses any other before Python's `re` sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from backends.fake.cel.declaring import OPAQUE, Function, Opaque, content

URL = "kubernetes.URL"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _split(text: str) -> SplitResult:
    """Go's url.ParseRequestURI: an absolute URI or an absolute path."""
    problem = f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text) or _BAD_ESCAPE.search(text.split("?")[0]):
        raise ValueError(problem)
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        raise ValueError(problem) from None
    if not (parts.scheme or text.startswith("/")):
        raise ValueError(problem)
    return parts


def _url(text: str) -> Opaque:
    _split(text)
    return {URL: text}


def _is_url(text: str) -> bool:
    try:
        _split(text)
    except ValueError:
        return False
    return True


def _part(read: Callable[[SplitResult], str]) -> Callable[[Opaque], str]:
    return lambda url: read(_split(content(url, URL)))


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _hostname(parts: SplitResult) -> str:
    host = _host(parts)
    return host[1 : host.index("]")] if host.startswith("[") and "]" in host else host.partition(":")[0]


def _path(parts: SplitResult) -> str:
    return quote(unquote(parts.path), safe="/$&+,:;=@!'()*~")


def _query(url: Opaque) -> dict[str, list[str]]:
    return parse_qs(_split(content(url, URL)).query, keep_blank_values=True)


def finding(check: Callable[[str], None]) -> tuple[Function, ...]:
    """The functions that search; `check` raises ValueError for what is no pattern of RE2."""

    def find(text: str, pattern: str) -> str:
        check(pattern)
        found = re.search(pattern, text)
        return found[0] if found else ""

    def find_all(text: str, pattern: str) -> list[str]:
        check(pattern)
        return [found[0] for found in re.finditer(pattern, text)]

    def find_some(text: str, pattern: str, limit: int) -> list[str]:
        found = find_all(text, pattern)
        return found if limit < 0 else found[:limit]

    return (
        Function("find", ("string", "string"), "string", find),
        Function("findAll", ("string", "string"), "list(string)", find_all),
        Function("findAll", ("string", "string", "int"), "list(string)", find_some),
    )


FUNCTIONS: tuple[Function, ...] = (
    Function("url", ("string",), OPAQUE, _url, member=False),
    Function("isURL", ("string",), "bool", _is_url, member=False),
    Function("getScheme", (OPAQUE,), "string", _part(lambda parts: parts.scheme)),
    Function("getHost", (OPAQUE,), "string", _part(_host)),
    Function("getHostname", (OPAQUE,), "string", _part(_hostname)),
    Function("getPort", (OPAQUE,), "string", _part(lambda parts: str(parts.port) if parts.port is not None else "")),
    Function("getEscapedPath", (OPAQUE,), "string", _part(_path)),
    Function("getQuery", (OPAQUE,), "map(string, list(string))", _query),
)
