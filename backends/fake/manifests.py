"""Manifest files: YAML (several documents), JSON, `kind: List`, folders of them; and saving a cluster as one.

Read by `fake serve -f`, written by `fake serve --save` and the demo. `seeding.py` puts what is read into a cluster. A
mistake is a `ManifestError`: one line with the file and the document in it. Nothing is guessed: what is no
JSON-like object with apiVersion, kind and a name is refused, and so is a key that appears twice.

A saved cluster is a List whose metadata.resourceVersion is the cluster's revision; kubectl leaves that empty.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from backends.base import BackendError
from backends.documents import kind_of, mistake
from backends.fake.files import replace_file

if TYPE_CHECKING:
    import yaml

SUFFIXES: Final = (".json", ".yaml", ".yml")
"""Which files of a folder are manifests, as for kubectl."""
NODE_LIMIT: Final = 10_000_000
"""Values that one document may have once its aliases are written out: no file of 1 kB may fill the memory."""
DEPTH_LIMIT: Final = 200


class ManifestError(BackendError):
    """A manifest cannot be read or used."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and where it was found (`pods.yaml: document 2`)."""

    where: str
    object: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """What was read, in order. `revision` is that of a saved cluster, None if none was among it."""

    objects: tuple[Manifest, ...]
    revision: int | None = None


def read(paths: Sequence[Path]) -> Manifests:
    """Every object in the files and folders `paths`. A saved cluster is read alone. Raises `ManifestError`."""
    objects: list[Manifest] = []
    revision: int | None = None
    files = [file for path in paths for file in _files(path)]
    for file in files:
        for where, document in _documents(file):
            found = _revision(document)
            if found is not None and len(files) > 1:
                raise ManifestError(f"{where}: a saved cluster is opened alone, not together with other manifests")
            revision = revision if found is None else found
            objects += _objects(where, document)
    return Manifests(tuple(objects), revision)


def parse(text: str, where: str = "text") -> Manifests:
    """Every object in a YAML or JSON text; `where` is what errors call it. Raises `ManifestError`."""
    found = [one for place, document in _yaml_documents(where, text.encode()) for one in _objects(place, document)]
    return Manifests(tuple(found))


def given(objects: Iterable[Any], where: str = "object") -> Manifests:
    """Objects that are parsed already, Lists among them; they are copied. Raises `ManifestError`."""
    found: list[Manifest] = []
    for number, document in enumerate(objects, 1):
        place = f"{where} {number}"
        _check(document, place)
        found += _objects(place, orjson.loads(orjson.dumps(document)))
    return Manifests(tuple(found))


def save(path: Path, objects: Iterable[dict[str, Any]]) -> None:
    """Write `objects`, a cluster's `dump()`, to `path` in one step: YAML by its suffix, otherwise JSON.

    Raises OSError, and leaves what was there.
    """
    items = list(objects)
    newest = max((int(item["metadata"].get("resourceVersion", 0)) for item in items), default=0)
    encode = _yaml_chunks if path.suffix in (".yaml", ".yml") else _json_chunks
    replace_file(path, encode(items, str(newest)), mode=0o600)


def _json_chunks(items: list[dict[str, Any]], revision: str) -> Iterator[bytes]:
    """One object a line, so that two saved clusters can be compared."""
    yield b'{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":"%s"},"items":[' % revision.encode()
    for n, item in enumerate(items):
        yield (b",\n" if n else b"\n") + orjson.dumps(item)
    yield b"\n]}\n"


def _yaml_chunks(items: list[dict[str, Any]], revision: str) -> Iterator[bytes]:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    yield b'apiVersion: v1\nkind: List\nmetadata:\n  resourceVersion: "%s"\nitems:\n' % revision.encode()
    for item in items:
        # One at a time: nothing is shared between two objects, so no anchors appear.
        yield yaml.dump([item], Dumper=dumper, sort_keys=False, allow_unicode=True, encoding="utf-8")
    if not items:
        yield b"  []\n"


# ---------------------------------------------------------------- files


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))
    if not found:
        raise ManifestError(f"{path}: no manifests in this folder ({', '.join(SUFFIXES)})")
    return found


def _documents(file: Path) -> Iterator[tuple[str, Any]]:
    """Every document in `file` that is not empty, with its place."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ManifestError(f"{file}: cannot be read: {os.strerror(error.errno or 0).lower()}") from error
    if file.suffix == ".json" or text.lstrip()[:1] == b"{":
        try:
            yield str(file), orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ManifestError(f"{file}: not JSON: {error}") from error
        return
    yield from _yaml_documents(file, text)


def _yaml_documents(file: Path | str, raw: bytes) -> Iterator[tuple[str, Any]]:
    import yaml

    number = 0
    try:
        text = raw.decode("utf-8")
        _check_depth(text, file)
        documents = yaml.load_all(text, Loader=_loader())
        while True:
            number += 1
            document = next(documents)
            if document is not None:
                where = f"{file}: document {number}"
                _check(document, where)
                yield where, document
    except StopIteration:
        return
    except UnicodeDecodeError as error:
        raise ManifestError(f"{file}: not UTF-8 at byte {error.start}") from error
    except yaml.YAMLError as error:
        raise ManifestError(f"{file}: document {number}: not YAML: {mistake(error)}") from error


@cache
def _loader() -> type[yaml.SafeLoader]:
    """A YAML loader that reads as Kubernetes does: times stay text, a key that appears twice is an error."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def mapping(loader: Any, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} appears twice", key.start_mark
                )
            seen.add(str(key.value))
        found: dict[Any, Any] = base.construct_mapping(loader, node, deep)
        return found

    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    members = {"construct_mapping": mapping, "yaml_implicit_resolvers": resolvers}
    return type("ManifestLoader", (base,), members)


def _check_depth(text: str, file: Path | str) -> None:
    """Refuse what is nested too deeply before libyaml's composer sees it: it recurses in C until the process ends.

    Few texts have marks enough to be deep; only those are looked at event by event.
    """
    import yaml

    indented = max((len(line) - len(line.lstrip(" -?")) for line in text.splitlines()), default=0)
    if text.count("[") + text.count("{") + indented < DEPTH_LIMIT:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT:
            raise ManifestError(f"{file}: nested too deeply: more than {DEPTH_LIMIT} levels")


def _check(document: Any, where: str) -> None:
    """Refuse what JSON cannot say, and what is too big or too deep once aliases are written out."""
    left = NODE_LIMIT
    level: list[Any] = [document]
    for _ in range(DEPTH_LIMIT):
        left -= len(level)
        if left < 0:
            raise ManifestError(f"{where}: too big: more than {NODE_LIMIT:,} values once its aliases are written out")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += _string_keyed(value, where).values()
            elif isinstance(value, list):
                below += value
            elif not (value is None or isinstance(value, str | int) or _is_finite(value)):
                raise ManifestError(f"{where}: JSON has no value like {value!r}")
        if not below:
            return
        level = below
    raise ManifestError(f"{where}: nested too deeply: more than {DEPTH_LIMIT} levels")


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _string_keyed(value: dict[Any, Any], where: str) -> dict[str, Any]:
    odd = next((key for key in value if not isinstance(key, str)), None)
    if odd is not None:
        raise ManifestError(f"{where}: the key {odd!r} is no string: quote it")
    return value


# ---------------------------------------------------------------- objects


def _revision(document: Any) -> int | None:
    """The revision of a saved cluster; None for every other document."""
    if not isinstance(document, dict) or document.get("kind") != "List":
        return None
    metadata = document.get("metadata")
    text = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return int(text) if isinstance(text, str) and text.isdigit() else None


def _objects(where: str, document: Any) -> Iterator[Manifest]:
    """The object that `document` is, or those in the List that it is."""
    if not isinstance(document, dict):
        raise ManifestError(f"{where}: not an object but {kind_of(document)}")
    items = document.get("items")
    if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
        for number, item in enumerate(items, 1):
            yield from _objects(f"{where}: item {number}", item)
        return
    for member in ("apiVersion", "kind"):
        if not isinstance(document.get(member), str) or not document[member]:
            raise ManifestError(f"{where}: {member} is missing")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        raise ManifestError(f"{where}: metadata is missing")
    if not isinstance(metadata.get("name") or metadata.get("generateName"), str):
        raise ManifestError(f"{where}: metadata.name is missing")
    yield Manifest(where, document)
