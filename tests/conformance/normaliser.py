"""What a server answered, with everything that differs from run to run replaced by names for it.

Two runs against the same server give the same recording; `README.md` lists the names (`<uid:1>`, `<rv:1#2>`, …). The
rules are the recorder's: changing one means recording again. Called by the replay, once for each played case.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.conformance.comparison import COMPARED_HEADERS, STRICT_HEADERS
from tests.conformance.player import Played, Player
from tests.conformance.pointers import drop, get, pick

UUID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
STAMP: Final = re.compile(r"\b20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
"""A time that the server set: those before 2020 come from the cases and stay."""
AGE: Final = re.compile(r"^(<invalid>|(\d+[smhd])+( \(x\d+ over .*\))?)$")
PRIVATE_IP: Final = re.compile(r"\b(10|127|172)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")

_STAMPED: Final = ("creationTimestamp", "deletionTimestamp")
_SUBSTITUTIONS: Final = (
    (PRIVATE_IP, "<ip>"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-<rand>"),
    (re.compile(r'(resourceVersion\\*"?: ?\\*"?)\d+'), r"\1<rv>"),
    (re.compile(r"(ResourceVersion in (?:the )?(?:precondition|record|object meta):? ?\(?)\d+"), r"\1<rv>"),
    (re.compile(r"(too old resource version: )\d+( \()\d+(\))"), r"\1<rv>\2<rv>\3"),
    (re.compile(r"(Too large resource version: )\d+(, current: )\d+"), r"\1<rv>\2<rv>"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "<jwt>"),
    (re.compile(r"((?:https://)?<ip>):\d+"), r"\1:<port>"),
)


class Normaliser:
    """Names the uids, versions and times of one played case. Used once: `recording()`."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._uids: dict[str, str] = {}
        self._versions: dict[str, set[int]] = {}
        """The resourceVersions seen of each uid: versions are named by their rank."""
        self._stamps: dict[tuple[str | None, str], list[str]] = {}
        self._offsets: dict[tuple[str | None, str, str], int] = {}
        run = player.run
        self._own_names = (
            (player.namespace, "ns"),
            (run, "run"),
            (run.upper(), "RUN"),
            (run.capitalize(), "Run"),
        )
        self._names = sorted(
            ((value, name) for name, value in player.captured.items() if _is_name(value)),
            key=lambda pair: -len(pair[0]),
        )

    def recording(self) -> dict[str, Any]:
        """The recording of the case: `{"case", "steps", "order"?}`."""
        for played in self._player.results:
            self._find_versions(played.body)
            for event in played.events or ():
                if event.get("type") != "BOOKMARK":
                    self._find_versions(event)
        case = self._player.case
        recording: dict[str, Any] = {"case": case.name, "steps": [self._step(each) for each in self._player.results]}
        if case.ordered:
            recording["order"] = self._order()
        return recording

    def text(self, text: str) -> str:
        """`text` without what differs from run to run."""
        for value, name in self._names:
            text = text.replace(value, "{{" + name + "}}")
        text = UUID.sub(lambda found: self._uid(found[0]), text)
        for own, name in self._own_names:
            text = text.replace(own, "{{" + name + "}}")
        text = STAMP.sub(lambda found: "<microtime>" if found[1] else "<time>", text)
        for pattern, replacement in _SUBSTITUTIONS:
            text = pattern.sub(replacement, text)
        return text

    # ---------------------------------------------------------------- steps

    def _step(self, played: Played) -> dict[str, Any]:
        out: dict[str, Any] = {"step": played.index, "do": played.do}
        out.update({key: played.step[key] for key in ("note", "strict") if played.step.get(key)})
        if played.count is not None:
            out["count"] = played.count
        elif played.events is not None:
            out["events"] = self._events(played, played.events)
            if played.closed is not None:
                out["closed"] = played.closed
        else:
            out["status"] = played.status
            if played.unmet:
                out["until"] = "not met"
            out["headers"] = self._headers(played)
            out["body"] = self._body(played)
        return out

    def _events(self, played: Played, events: list[dict[str, Any]]) -> list[Any]:
        out = []
        for event in events:
            kind = event.get("type")
            out.append({"type": kind, "object": self._value(event.get("object"), None, kind == "BOOKMARK")})
        for pointer in played.step.get("omit") or ():
            drop({"events": out}, pointer)
        if played.step.get("pick"):
            return [pick(event, played.step["pick"]) for event in out]
        return out

    def _body(self, played: Played) -> Any:
        body = self._value(played.body, _date(played.headers))
        for pointer in played.step.get("sort") or ():
            items = get(body, pointer)
            if isinstance(items, list):
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
        for pointer in played.step.get("omit") or ():
            drop(body, pointer)
        pointers = played.step.get("pick")
        return body if pointers is None else pick(body, pointers)

    def _headers(self, played: Played) -> dict[str, str]:
        answered, sent = _titled(played.headers), _titled(played.sent_headers)
        out: dict[str, str] = {
            name: self.text(answered[name]) for name in COMPARED_HEADERS + STRICT_HEADERS if name in answered
        }
        if "Audit-Id" in out:
            out["Audit-Id"] = "echo" if answered["Audit-Id"] == sent.get("Audit-Id") else "generated"
        return out

    def _order(self) -> list[str]:
        """All versions of all objects by rising number: `1#2 = 2#1` where two share one."""
        groups: dict[int, list[str]] = {}
        for uid, versions in self._versions.items():
            for rank, version in enumerate(sorted(versions), start=1):
                groups.setdefault(version, []).append(f"{self._uid_number(uid)}#{rank}")
        return [" = ".join(sorted(group)) for _, group in sorted(groups.items())]

    # ---------------------------------------------------------------- values

    def _uid(self, uid: str) -> str:
        return self._uids.setdefault(uid, f"<uid:{len(self._uids) + 1}>")

    def _uid_number(self, uid: str) -> str:
        return self._uid(uid).removeprefix("<uid:").removesuffix(">")

    def _find_versions(self, value: Any) -> None:
        """First pass: every version of every object, so that the second can name them by rank."""
        if isinstance(value, dict):
            meta = value.get("metadata")
            if isinstance(meta, dict) and isinstance(meta.get("uid"), str) and _is_version(meta.get("resourceVersion")):
                self._versions.setdefault(meta["uid"], set()).add(int(meta["resourceVersion"]))
                self._uid(meta["uid"])
            for member in value.values():
                self._find_versions(member)
        elif isinstance(value, list):
            for member in value:
                self._find_versions(member)

    def _value(self, value: Any, date: dt.datetime | None, bookmark: bool = False) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(member, date) for member in value]
        if not isinstance(value, dict):
            return value
        out: dict[str, Any] = {}
        for key, member in value.items():
            if key == "metadata" and isinstance(member, dict):
                out[key] = self._metadata(member, date, _items_of(value), bookmark)
            elif key == "rows" and isinstance(member, list) and value.get("kind") == "Table":
                out[key] = [self._row(row, date) for row in member]
            elif key == "kubernetes.io/config.hash":
                out[key] = "<hash>"
            else:
                out[self.text(key)] = self._value(member, date)
        return out

    def _row(self, row: dict[str, Any], date: dt.datetime | None) -> dict[str, Any]:
        out: dict[str, Any] = self._value(row, date)
        cells = out.get("cells") or []
        out["cells"] = ["<age>" if isinstance(cell, str) and AGE.match(cell) else cell for cell in cells]
        return out

    def _metadata(
        self, meta: dict[str, Any], date: dt.datetime | None, items: list[Any] | None, bookmark: bool
    ) -> dict[str, Any]:
        uid = meta.get("uid")
        out: dict[str, Any] = {}
        for key, value in meta.items():
            if key == "uid" and isinstance(value, str):
                out[key] = self._uid(value) if UUID.fullmatch(value) else self.text(value)
            elif key == "resourceVersion":
                out[key] = "<rv:bookmark>" if bookmark else self._version(value, uid, items)
            elif key in _STAMPED and isinstance(value, str) and STAMP.fullmatch(value):
                out[key] = self._stamp(uid, key, value, date)
            elif key == "continue" and value:
                out[key] = "<continue>"
            elif key == "managedFields" and isinstance(value, list):
                out[key] = sorted((self._value(entry, date) for entry in value), key=_manager)
            else:
                out[key] = self._value(value, date)
        return out

    def _version(self, value: Any, uid: Any, items: list[Any] | None) -> Any:
        if _is_version(value) and uid in self._versions:
            versions = sorted(self._versions[uid])
            rank = versions.index(int(value)) + 1 if int(value) in versions else "?"
            return f"<rv:{self._uid_number(uid)}#{rank}>"
        if items is not None:
            found = [(item.get("metadata") or {}).get("resourceVersion") for item in items if isinstance(item, dict)]
            newest = max((int(str(version)) for version in found if _is_version(version)), default=0)
            if str(value).isdigit() and int(value) >= newest:
                return "<rv:list>"
            return f"<rv:list:{value and 'stale'}>"
        return "<rv>" if str(value).isdigit() else value

    def _stamp(self, uid: str | None, key: str, value: str, date: dt.datetime | None) -> str:
        """A time as the n-th seen at this place; a deletionTimestamp also by its distance, in steps of 5 s."""
        seen = self._stamps.setdefault((uid, key), [])
        if value not in seen:
            seen.append(value)
        rank = seen.index(value) + 1
        label = f"<time#{rank}"
        if key == "deletionTimestamp" and date is not None:
            deleted = dt.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
            offset = round((deleted - date).total_seconds() / 5) * 5
            if rank == len(seen):
                # The first answer that shows a time is nearest to the request that set it.
                self._offsets.setdefault((uid, key, value), offset)
            if offset := self._offsets.get((uid, key, value), offset):
                label += f" now{offset:+d}s"
        return label + ">"


def _is_name(value: str) -> bool:
    """May a captured string be replaced wherever it appears? Not if it is short, or something that has a name."""
    return (
        len(value) >= 4
        and not value.isdigit()
        and not UUID.search(value)
        and not STAMP.search(value)
        and not value.startswith("<missing")
    )


def _is_version(value: Any) -> bool:
    return value is not None and str(value).isdigit()


def _titled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def _date(headers: Mapping[str, str]) -> dt.datetime | None:
    """The answer's Date header: what "now" was for the server."""
    try:
        return email.utils.parsedate_to_datetime(_titled(headers).get("Date", ""))
    except ValueError:
        return None


def _items_of(value: dict[str, Any]) -> list[Any] | None:
    """The items, if `value` is a list by its shape or its kind; None if it is not."""
    items = value.get("items")
    if isinstance(items, list):
        return items
    return [] if str(value.get("kind", "")).endswith(("List", "Table")) else None


def _manager(entry: dict[str, Any]) -> tuple[str, ...]:
    """The order of managedFields entries in a recording: the server orders them by time."""
    keys = ("operation", "manager", "subresource", "apiVersion")
    return (*(str(entry.get(key, "")) for key in keys), json.dumps(entry, sort_keys=True))
