"""YAML as the real server writes it: sigs.k8s.io/yaml, whose texts are bare, literal or in double quotes, never folded.

Called by `server` for whoever accepts application/yaml.
"""

from __future__ import annotations

from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """PyYAML's, but for its quotes."""

    def choose_scalar_style(self) -> str:
        """The style of the text that comes next."""
        style: str = super().choose_scalar_style()
        return '"' if style == "'" else style

    def ignore_aliases(self, data: Any) -> bool:
        """What comes twice is written twice."""
        del data
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def dump(document: Any) -> bytes:
    """The document, its members by name."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=float("inf"))
    return text.encode()
