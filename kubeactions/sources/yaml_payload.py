"""YAML to a JSON payload, for people who write configs by hand. Called by the directory source and `validate`.

Only what JSON can say is taken: a repeated key, an alias (they can multiply a small file into gigabytes), a tag or a
second document is refused, and a plain `2026-08-20T10:15:00Z` stays the text that it is in JSON. What the values mean
is not looked at: that is the validator's.

Built from libyaml's events, not its nodes: its composer recurses in C, and a few thousand brackets end the process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

MAX_DEPTH = 200
"""Far above any limit of the validator, which is what refuses a payload for its depth."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: ten times faster, same events."""
_TAG = "tag:yaml.org,2002:"
_PLAIN = frozenset({f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value"})
_TYPED = frozenset(f"{_TAG}{name}" for name in ("null", "bool", "int", "float"))


def to_json(text: str) -> bytes:
    """The payload's JSON as UTF-8; raises ValueError with one line that says what is wrong, and where."""
    try:
        loader = _Loader(text)
        return json.dumps(_document(loader), ensure_ascii=False).encode()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise ValueError(f"broken YAML: {error.problem or error.context}{where}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"broken YAML: {str(error).splitlines()[0]}") from error


def _events(loader: Any) -> Iterator[yaml.Event]:
    while loader.check_event():
        yield loader.get_event()


def _document(loader: Any) -> Any:
    """The one document, built bottom up with a stack of open containers."""
    documents: list[Any] = []
    stack: list[_Container] = []
    for event in _events(loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(stack) >= MAX_DEPTH:
                raise ValueError(f"broken YAML: nested deeper than {MAX_DEPTH} levels at {_where(event)}")
            stack.append(_Container(event))
            continue
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            value = stack.pop().close()
        elif isinstance(event, yaml.ScalarEvent):
            value = _scalar(event, loader, as_key=bool(stack) and stack[-1].wants_key)
        elif isinstance(event, yaml.AliasEvent):
            raise ValueError(f"broken YAML: an alias at {_where(event)}; write it out")
        else:
            continue
        if stack:
            stack[-1].add(value, event)
        else:
            documents.append(value)
    if len(documents) != 1:
        raise ValueError("the file is empty" if not documents else f"{len(documents)} documents; one is expected")
    return documents[0]


class _Container:
    """A mapping or sequence that is still open."""

    def __init__(self, start: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._is_map = isinstance(start, yaml.MappingStartEvent)
        expected = f"{_TAG}map" if self._is_map else f"{_TAG}seq"
        if start.tag not in {None, "!", expected}:
            raise ValueError(f"broken YAML: JSON has no {start.tag} ({_where(start)})")
        self._items: list[Any] = []
        self._members: dict[str, Any] = {}
        self._key: str | None = None

    @property
    def wants_key(self) -> bool:
        """True when the next scalar is a member's name."""
        return self._is_map and self._key is None

    def add(self, value: Any, event: yaml.Event) -> None:
        """Take the next item, or a member's name and then its value."""
        if not self._is_map:
            self._items.append(value)
        elif self._key is not None:
            self._members[self._key] = value
            self._key = None
        elif not isinstance(event, yaml.ScalarEvent):
            raise ValueError(f"broken YAML: a key at {_where(event)} is no plain text")
        elif value in self._members:
            raise ValueError(f"broken YAML: {value!r} is given twice ({_where(event)})")
        else:
            self._key = value

    def close(self) -> Any:
        """What it holds."""
        return self._members if self._is_map else self._items


def _scalar(event: yaml.ScalarEvent, loader: Any, *, as_key: bool) -> Any:
    tag = event.tag
    if tag is None or tag == "!":
        tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == f"{_TAG}merge":
        raise ValueError(f"broken YAML: a merge key at {_where(event)}; write it out")
    if as_key or tag in _PLAIN:
        return event.value
    if tag not in _TYPED:
        raise ValueError(f"broken YAML: JSON has no {tag.removeprefix(_TAG)} ({_where(event)})")
    try:
        return loader.construct_object(yaml.ScalarNode(tag, event.value))
    except (ValueError, KeyError, IndexError) as error:  # `!!int x`: PyYAML passes on whatever its conversion raised.
        raise ValueError(
            f"broken YAML: {event.value[:40]!r} is no {tag.removeprefix(_TAG)} ({_where(event)})"
        ) from error


def _where(event: yaml.Event) -> str:
    assert event.start_mark is not None, "events that were read have a place"
    return f"line {event.start_mark.line + 1} column {event.start_mark.column + 1}"
