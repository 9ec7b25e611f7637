"""What is known of a node that failed, in a directory of files: for a bug report, and for CI to keep.

Called by the backend before it removes the node. Whatever cannot be had (the engine is gone, the node hangs) is left
out, and the file says why: collecting never hides the error that it is about. Secrets are not collected.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from backends.base import BackendError
from backends.kind import engine
from backends.kind.node import Node

EACH_S = 20.0
"""For one file: a node that hangs must not hold up the error for long."""
_KUBECTL = ("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--request-timeout=10s")
COMMANDS: dict[str, tuple[str, ...]] = {
    "journal.log": ("journalctl", "--no-pager"),
    "kubelet.log": ("journalctl", "--no-pager", "-u", "kubelet"),
    "containerd.log": ("journalctl", "--no-pager", "-u", "containerd"),
    "containers.txt": ("crictl", "ps", "--all"),
    "images.txt": ("crictl", "images"),
    "nodes.yaml": (*_KUBECTL, "get", "nodes", "-o", "yaml"),
    "pods.yaml": (*_KUBECTL, "get", "pods", "--all-namespaces", "-o", "yaml"),
    "events.txt": (*_KUBECTL, "get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"),
    "kubeadm.conf": ("cat", "/kind/kubeadm.conf"),
}
"""File name and the command in the node whose output it holds."""


def collect(node: Node, directory: Path | None, transcript: Sequence[str]) -> Path:
    """Write everything into `directory` (default: a new one for temporary files) and return it. Raises OSError."""
    target = directory or Path(tempfile.mkdtemp(prefix=f"{node.name}-"))
    target.mkdir(parents=True, exist_ok=True)
    (target / "kubeadm.log").write_text("\n".join(transcript) + "\n")
    _write(target / "node.log", lambda: _log(node))
    _write(target / "container.json", lambda: _inspect(node))
    if _runs(node):
        for name, command in COMMANDS.items():
            _write(target / name, lambda command=command: _output(node, command))  # type: ignore[misc]  # see mypy#12557
    return target


def _write(path: Path, content: Callable[[], str]) -> None:
    try:
        path.write_text(content())
    except BackendError as error:
        path.write_text(f"not collected: {error}\n")


def _log(node: Node) -> str:
    with engine.errors("reading the node's log"):
        return str(node.container.logs(tail=5000).decode(errors="replace"))


def _inspect(node: Node) -> str:
    with engine.errors("inspecting the node"):
        node.container.reload()
    return json.dumps(node.container.attrs, indent=1)


def _runs(node: Node) -> bool:
    return bool(node.container.status == "running")


def _output(node: Node, command: tuple[str, ...]) -> str:
    done = node.run(*command, timeout_s=EACH_S)
    return done.out + done.err
