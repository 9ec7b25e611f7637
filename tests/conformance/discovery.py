"""Replays the discovery documents: what a client reads before it knows which resources there are.

`discovery/*.json` are the recorded answers of /api, /apis and below, plain and aggregated, and the index of OpenAPI v3.
`catalogue.json` among them is derived, not served: every resource and subresource in one table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.conformance.case import ACCEPTS, ROOT
from tests.conformance.comparison import differences, show
from tests.conformance.wire import Wire

_ADDRESS = re.compile(r'"serverAddress": ?"[^"]*"')
_HASH = re.compile(r"hash=[0-9A-F]+")
_DERIVED = "catalogue"


@cache
def load_documents() -> dict[str, dict[str, Any]]:
    """The recorded documents by name: path, status, content type and body of each."""
    files = sorted((ROOT / "discovery").glob("*.json"))
    return {file.stem: json.loads(file.read_bytes()) for file in files if file.stem != _DERIVED}


def served_documents(wire: Wire) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the server answers where the recorded one answered each document, in the recording's form."""
    for name, recorded in load_documents().items():
        accept = recorded.get("accept", ACCEPTS["json"])
        answer = wire.send("GET", recorded["path"], headers={"Accept": accept})
        text = _HASH.sub("hash=<hash>", _ADDRESS.sub('"serverAddress": "<address>"', answer.body.decode()))
        content_type = {key.title(): value for key, value in answer.headers.items()}.get("Content-Type")
        served = {"path": recorded["path"], "status": answer.status, "contentType": content_type}
        if "accept" in recorded:
            served["accept"] = accept
        yield name, {**served, "body": json.loads(text)}


def document_differences(wire: Wire) -> dict[str, list[str]]:
    """The lines in which each document differs from the recorded one; only documents that do."""
    found = {
        name: [
            f"{path}: want {show(want)} got {show(got)}"
            for path, want, got in differences(load_documents()[name], served)
        ]
        for name, served in served_documents(wire)
    }
    return {name: lines for name, lines in found.items() if lines}
