"""Where the places and times of a feature's text are in a world: names of namespaces and objects, and the calendar.

Features say "shop/web-0" and "2026-08-20T10:00:00Z". In the simulated world that is so. A real cluster is shared, by
scenarios that run at the same time and perhaps by people: there each scenario has namespaces of its own, what must be
in a namespace of Kubernetes itself has a name of its own, and the calendar of the text begins when the scenario does.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tests.steps.clocks import START

CLUSTERS_OWN = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that are there already and cannot be had once more."""

_NAMESPACE = re.compile(r'(\bnamespace"?\s*:\s*"?)([a-z0-9][-a-z0-9]*)(?=["\s,}]|$)')
_PLACED = re.compile(
    r'("kind": "[A-Za-z]+", "namespace": ")(kube-system|kube-public|kube-node-lease)(", "name": ")([-a-z0-9.]+)"'
)
_A_NAMESPACE = re.compile(r'("kind": "Namespace", "namespace": "", "name": ")([-a-z0-9]+)"')
_A_NODE = re.compile(r'("kind": "Node", "namespace": "", "name": ")([-a-z0-9.]+)"')
_UNIX = re.compile(r"\b17872\d{5}\b")
_RFC3339 = re.compile(r"2026-08-20T(\d\d:\d\d:\d\d)((?:\.\d+)?)(Z|[+-]\d\d:\d\d)")


class Places:
    """The simulated world's: everything is what it is called."""

    def namespace(self, name: str) -> str:
        """The namespace that the text calls `name`."""
        return name

    def real(self, place: str) -> str:
        """The `namespace/name` that the text calls `place`."""
        return place

    def settings(self, environment: dict[str, str]) -> dict[str, str]:
        """The settings of an agent, with namespaces as they are here."""
        return environment

    def names_in(self, content: bytes) -> bytes:
        """A payload that names places as the text does, with this world's names."""
        return content

    def times_in(self, content: bytes) -> bytes:
        """A payload that is written out in the text, with this world's times."""
        return content


class OwnPlaces(Places):
    """A real world's: `tag` (a few letters) makes everything this scenario's own; the text's 10:00 is at `start`."""

    def __init__(self, tag: str, start: datetime) -> None:
        self.tag = tag
        self._later = timedelta(seconds=int((start - START).total_seconds()))

    def namespace(self, name: str) -> str:
        """A namespace of this scenario, unless it is one of Kubernetes itself."""
        return name if name in CLUSTERS_OWN or not name else f"{self.tag}-{name}"

    def real(self, place: str) -> str:
        """The scenario's own; what must be in a namespace of Kubernetes itself, or in none, has a name of its own."""
        namespace, _, name = place.rpartition("/")
        if not namespace or namespace in CLUSTERS_OWN:
            return f"{namespace}/{name}-{self.tag}"
        return f"{self.namespace(namespace)}/{name}"

    def settings(self, environment: dict[str, str]) -> dict[str, str]:
        """Those that name namespaces, translated."""
        named = {"POD_NAMESPACE", "DD_KUBEACTIONS_PROTECTED_NAMESPACES"} & environment.keys()
        return environment | {key: self.namespace(environment[key]) for key in named}

    def names_in(self, content: bytes) -> bytes:
        """Translated as text: what is malformed stays exactly as malformed as it was."""
        text = _decoded(content)
        if text is None:
            return content
        text = _PLACED.sub(lambda m: f'{m[1]}{m[2]}{m[3]}{m[4]}-{self.tag}"', text)
        text = _A_NAMESPACE.sub(lambda m: f'{m[1]}{self.namespace(m[2])}"', text)
        text = _A_NODE.sub(lambda m: f'{m[1]}{m[2]}-{self.tag}"', text)
        return _NAMESPACE.sub(lambda m: m[1] + self.namespace(m[2]), text).encode()

    def times_in(self, content: bytes) -> bytes:
        """The times of the text's calendar, as late in this one."""
        text = _decoded(content)
        if text is None:
            return content
        text = _UNIX.sub(lambda m: str(int(m[0]) + int(self._later.total_seconds())), text)
        return _RFC3339.sub(self._moved, text).encode()

    def _moved(self, found: re.Match[str]) -> str:
        """A time of the text's calendar, with its own fraction and offset."""
        zone = "+00:00" if found[3] == "Z" else found[3]
        at = datetime.fromisoformat(f"2026-08-20T{found[1]}{zone}") + self._later
        return f"{at:%Y-%m-%dT%H:%M:%S}{found[2]}{found[3]}"


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
