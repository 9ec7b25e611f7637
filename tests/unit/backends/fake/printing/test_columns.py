"""The shipped columns are the recorded ones, and what their sources make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.fake.catalogue import Catalogue
from backends.fake.printing.columns import FILE, columns_of
from backends.fake.printing.rows import PRINTERS
from backends.fake.schema.derive.columns import columns
from backends.fake.schema.derive.compact import definitions

CONFORMANCE = Path(__file__).parents[4] / "conformance"
RECORDED: dict[str, list[dict[str, Any]]] = json.loads((CONFORMANCE / "table-columns.json").read_text())
NOT_SERVED = {"widgets"}


def _resource(path: str) -> str:
    *_, group, _, plural = ["", *path.removeprefix("/apis/").removeprefix("/api/").split("/")]
    stored = {("events.k8s.io", "events"): "/events"}
    return stored.get((group, plural), f"{group}/{plural}")


@pytest.mark.parametrize("path", [path for path in RECORDED if path.rsplit("/", 1)[1] not in NOT_SERVED])
def test_the_columns_are_as_recorded(path: str) -> None:
    keys = ("name", "type", "format", "priority")
    ours = [[column[key] for key in keys] for column in columns_of(_resource(path))]
    assert ours == [[column.get(key, "") for key in keys] for column in RECORDED[path]]


def test_the_descriptions_are_as_recorded() -> None:
    recording = json.loads((CONFORMANCE / "recordings" / "list" / "table.json").read_text())
    tables = [step["body"]["columnDefinitions"] for step in recording["steps"] if _is_table(step)]
    shipped = [columns_of(resource) for resource in PRINTERS]
    assert len(tables) == 12
    assert all(table in shipped for table in tables)


def _is_table(step: dict[str, Any]) -> bool:
    return isinstance(step.get("body"), dict) and step["body"].get("kind") == "Table"


def test_regenerating_gives_the_same_bytes() -> None:
    assert columns(definitions()) == FILE.read_text()


def test_every_printer_has_columns_of_its_own() -> None:
    assert set(json.loads(FILE.read_text())["tables"]) == set(PRINTERS)


def test_every_printed_resource_is_served() -> None:
    served = {"/".join(resource.storage) for resource in Catalogue.load()}
    assert set(PRINTERS) - served == {"default", "scale"}
