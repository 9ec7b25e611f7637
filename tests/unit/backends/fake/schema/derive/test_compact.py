"""The shipped files about the schema are what their sources make."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from backends.fake.openapi.gnostic import members
from backends.fake.openapi.texts import FILE as DESCRIPTIONS
from backends.fake.protobuf.table import FILE as NUMBERS
from backends.fake.schema.derive.compact import compact, definitions
from backends.fake.schema.derive.descriptions import descriptions
from backends.fake.schema.derive.gobinary import GoBinary
from backends.fake.schema.derive.numbers import numbers
from backends.fake.schema.types import FILE, document

KUBECTL = Path(shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "")


@pytest.mark.kubectl
def test_regenerating_gives_the_same_bytes() -> None:
    specs = definitions()
    assert compact(specs, KUBECTL) == FILE.read_text()
    assert numbers(specs, KUBECTL) == NUMBERS.read_text()
    assert descriptions(specs, document()["types"]) == DESCRIPTIONS.read_text()


@pytest.mark.kubectl
def test_the_openapi_messages_have_gnostics_numbers() -> None:
    binary = GoBinary(KUBECTL)
    structs = binary.structs()
    for message, member, number in members():
        fields = binary.fields(structs[f"github.com/google/gnostic-models/openapiv2.{message}"])
        tags = [field.tag for field in fields if f",{number}," in field.tag]
        assert any(member.lstrip("$") in tag or member.lstrip("$").capitalize() in tag for tag in tags), (
            message,
            member,
        )


def test_a_file_that_is_no_go_program_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")

    with pytest.raises(ValueError, match="no 64-bit little-endian ELF file"):
        GoBinary(text)
