"""How pods live, as data: which times hold for which pods, from a file (`fake serve --pods FILE`) or given as a list.

    - match: {labels: {app: slow}, namespace: shop}       # all that is named must fit; globs as in the shell
      ready-after-s: 30
    - match: {image: "registry.example/broken*"}
      stuck-reason: ErrImagePull
      stuck-for-s: 120

The first entry that fits holds; what it does not name stays as the cluster has it, and the pod's own annotations win.
It is what kwok's Stages say by selector and delay, for the table of `stages`. Refuses what it does not know, by a
`LifeError` that says which entry and what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from backends.base import BackendError
from backends.documents import mistake
from backends.kubelet.pods import Object
from backends.kubelet.stages import Timing

_MATCHES: Final = ("image", "labels", "name", "namespace", "node")


class LifeError(BackendError):
    """An entry that cannot be read: one line, which one and why."""


@dataclass(frozen=True, slots=True)
class Life:
    """The values of those pods that fit: patterns by what they are held against, and labels with their values."""

    values: Mapping[str, str]
    patterns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def fits(self, pod: Object) -> bool:
        """Whether every pattern and every label fits the pod; an image, whether that of any container does."""
        metadata, spec = pod["metadata"], pod["spec"]
        own = metadata.get("labels") or {}
        if any(key not in own or not fnmatchcase(own[key], pattern) for key, pattern in self.labels.items()):
            return False
        images = [one.get("image", "") for one in spec.get("containers") or ()]
        found = {
            "image": images,
            "name": [metadata.get("name", "")],
            "namespace": [metadata.get("namespace", "")],
            "node": [spec.get("nodeName", "")],
        }
        return all(any(fnmatchcase(one, pattern) for one in found[what]) for what, pattern in self.patterns.items())


@dataclass(frozen=True, slots=True)
class Lives:
    """The entries, in their order."""

    entries: tuple[Life, ...] = ()

    def of(self, pod: Object, otherwise: Timing) -> Timing:
        """The timing of `pod`: `otherwise` with the values of the first entry that fits."""
        for life in self.entries:
            if life.fits(pod):
                return otherwise.with_values(life.values)
        return otherwise


def load(path: Path) -> Lives:
    """The entries of a file, YAML or JSON. Raises `LifeError`, which names the file."""
    import yaml  # only needed by whoever has such a file

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return read(document)
    except OSError as error:
        raise LifeError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except LifeError as error:
        raise LifeError(f"{path}: {error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LifeError(f"{path}: is no YAML: {mistake(error)}") from error


def read(document: object) -> Lives:
    """The entries of a parsed YAML or JSON document. Raises `LifeError`."""
    if not isinstance(document, list):
        raise LifeError("how pods live is a list of entries, each with `match` and times")
    return Lives(tuple(_life(number, entry) for number, entry in enumerate(document, start=1)))


def _life(number: int, entry: object) -> Life:
    where = f"entry {number}"
    if not isinstance(entry, dict):
        raise LifeError(f"{where}: not a mapping")
    match = entry.get("match") or {}
    if not isinstance(match, dict):
        raise LifeError(f"{where}: match: not a mapping")
    for given in match:
        if given not in _MATCHES:
            raise LifeError(f"{where}: match: {given} is unknown; known are {', '.join(_MATCHES)}")
    labels = match.get("labels") or {}
    if not isinstance(labels, dict):
        raise LifeError(f"{where}: match: labels: not a mapping")
    values = _texts(f"{where}: ", {key: value for key, value in entry.items() if key != "match"})
    try:
        Timing().with_values(values)
    except ValueError as error:
        raise LifeError(f"{where}: {error}") from None
    patterns = _texts(f"{where}: match: ", {key: value for key, value in match.items() if key != "labels"})
    return Life(values, patterns, _texts(f"{where}: match: labels: ", labels))


def _texts(where: str, found: Mapping[Any, Any]) -> dict[str, str]:
    texts = {}
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise LifeError(f"{where}{key}: neither text nor a number")
        texts[str(key)] = str(value)
    return texts
