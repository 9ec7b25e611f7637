"""What a list or a watch asks for: ListOptions, checked, and the selectors as one matcher.

Called by `reading` (get, list), `streaming` (watch) and `deleting` (deletecollection). Pure. Refusals are `ApiError` in
the words of k8s.io/apimachinery/pkg/apis/meta/internalversion/validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backends.fake import selectors, statuses
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import loaded
from backends.fake.options import integer
from backends.fake.selectors import FieldSelector, SelectorError
from backends.fake.store import Entry
from backends.fake.validation import Cause
from backends.fake.watching import Matcher


class Selection(NamedTuple):
    """Which objects are meant. `matches` None: all. `name` narrows to one name, where the selector says so."""

    matches: Matcher | None
    name: str = ""


class ListOptions(NamedTuple):
    """What the query of a list or watch says."""

    selection: Selection
    limit: int = 0
    token: str = ""
    rv: str = ""
    rv_match: str = ""
    timeout_s: int = 0
    bookmarks: bool = False
    initial_events: bool | None = None


_EVERYTHING = Selection(None)
_NOTHING = ListOptions(_EVERYTHING)
_EVERYTHING_NOW = ListOptions(_EVERYTHING, rv_match="NotOlderThan", initial_events=True)
_NO_MATCH_WITH_CONTINUE = "resourceVersionMatch is forbidden when continue is provided"


def options_of(call: Call, resource: Resource, *, watch: bool) -> ListOptions:
    """The options of a list or watch. Raises `ApiError` 400, 422."""
    query = call.query
    if not query:
        return _EVERYTHING_NOW if watch else _NOTHING
    # Numbers before selectors: they are converted first. An empty text is no number either.
    timeout_s = integer(query["timeoutSeconds"]) if "timeoutSeconds" in query else 0
    limit = integer(query["limit"]) if "limit" in query else 0
    options = ListOptions(
        selection=selection_of(query, resource),
        limit=max(0, limit),
        token=query.get("continue", ""),
        rv=query.get("resourceVersion", ""),
        rv_match=query.get("resourceVersionMatch", ""),
        timeout_s=timeout_s,
        bookmarks=call.flag("allowWatchBookmarks"),
        initial_events=call.flag("sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    if watch and options.initial_events is None and not options.rv_match and options.rv in ("", "0"):
        # SetListOptionsDefaults: a watch from now on begins with what is there, and says where that ends.
        options = options._replace(initial_events=True, rv_match="NotOlderThan")
    causes = _watch_causes(options) if watch else _list_causes(options)
    if causes:
        raise statuses.invalid("ListOptions", "", "meta.k8s.io", [cause._asdict() for cause in causes])
    return options


def selection_of(query: Mapping[str, str], resource: Resource) -> Selection:
    """The selectors of a query. Raises `ApiError` 400."""
    label_text, field_text = query.get("labelSelector"), query.get("fieldSelector")
    if not label_text and not field_text:
        return _EVERYTHING
    try:
        labels = selectors.parse_labels(label_text) if label_text else None
        selectable = resource.custom.selectable if resource.custom is not None else None
        fields = selectors.parse_fields(resource.group, resource.plural, field_text, selectable) if field_text else None
    except SelectorError as error:
        raise statuses.bad_request(str(error)) from None
    if labels is not None and labels.everything:
        labels = None
    if fields is None or fields.everything:
        return Selection((lambda entry: labels(entry.labels)) if labels is not None else None)
    by_fields = _field_matcher(resource, fields)
    name = fields.exact("metadata.name") or ""
    if labels is None:
        return Selection(by_fields, name)
    return Selection(lambda entry: labels(entry.labels) and by_fields(entry), name)


def _field_matcher(resource: Resource, fields: FieldSelector) -> Matcher:
    if fields.on_metadata_only:
        return lambda entry: fields({"metadata": {"name": entry.key.name, "namespace": entry.key.namespace}})
    return lambda entry: fields(loaded(resource, entry))


def _list_causes(options: ListOptions) -> list[Cause]:
    match = options.rv_match
    causes = []
    if match and not options.rv:
        causes.append(_match_forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
    if match and options.token:
        causes.append(_match_forbidden(_NO_MATCH_WITH_CONTINUE))
    if match not in ("", "Exact", "NotOlderThan"):
        text = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        causes.append(Cause("resourceVersionMatch", "FieldValueNotSupported", text))
    if match == "Exact" and options.rv == "0":
        causes.append(_match_forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.initial_events is not None:
        text = "Forbidden: sendInitialEvents is forbidden for list"
        causes.append(Cause("sendInitialEvents", "FieldValueForbidden", text))
    return causes


def _watch_causes(options: ListOptions) -> list[Cause]:
    match, initial = options.rv_match, options.initial_events
    causes = []
    if initial is not None and match != "NotOlderThan":
        causes.append(_match_forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if match and initial is None:
        causes.append(
            _match_forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        )
    if match and match != "NotOlderThan":
        text = f'Unsupported value: "{match}": supported values: "NotOlderThan"'
        causes.append(Cause("resourceVersionMatch", "FieldValueNotSupported", text))
    if match and options.token:
        causes.append(_match_forbidden(_NO_MATCH_WITH_CONTINUE))
    return causes


def _match_forbidden(why: str) -> Cause:
    return Cause("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {why}")


UNCACHED = frozenset({"events"})
"""What the real server keeps no watch cache of: what is asked of it is answered from its store."""


def too_new(rv: int, current: int, resource: Resource) -> statuses.ApiError:
    """504: a revision that has not happened yet. Who waited for the cache may come again in a second."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    text = f"Timeout: Too large resource version: {rv}, current: {current}"
    if resource.plural in UNCACHED:
        return statuses.ApiError(504, "Timeout", text, {"causes": causes})
    again = {"causes": causes, "retryAfterSeconds": 1}
    return statuses.ApiError(504, "Timeout", text, again, headers={"Retry-After": "1"})


def revision(text: str) -> int:
    """A resourceVersion of a get or watch. Raises `ApiError` 500 as the real server does for what is no number."""
    wrong = not_a_revision(text)
    if wrong is not None:
        raise statuses.ApiError(500, "", wrong)
    return int(text)


def not_a_revision(text: str) -> str | None:
    """How the real server says that a resourceVersion is no number of 64 bits; None for one that is."""
    digits = text.isascii() and text.isdigit()
    if digits and int(text) < 1 << 64:
        return None
    why = "value out of range" if digits else "invalid syntax"
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}'


def entries_that_match(entries: list[Entry], selection: Selection) -> list[Entry]:
    """The entries that the selectors let through, in their order."""
    matches = selection.matches
    return entries if matches is None else [entry for entry in entries if matches(entry)]
