"""Every generated page of kubeactions/docs, by its path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kubeactions import registry
from kubeactions.cli.handbook import action_page, index_page
from kubeactions.model import Executor
from tests.handbook.holes import holes_page
from tests.handbook.matrix import proof_page

DOCS = Path(__file__).parents[2] / "kubeactions" / "docs"
EXECUTORS: Mapping[str, Executor] = registry.built_in()
"""What a third party has installed here gets no page of ours."""
SPECS = registry.specs(EXECUTORS)


def pages() -> dict[Path, str]:
    """Path to content."""
    actions = {DOCS / "actions" / f"{name}.md": action_page(spec) for name, spec in SPECS.items()}
    return {
        **actions,
        DOCS / "actions" / "index.md": index_page(SPECS),
        DOCS / "proof.md": proof_page(),
        DOCS / "holes.md": holes_page(),
    }
