"""Texts that come out of the node image and are changed before use. Pure.

The CNI manifest (a template, and a patch that kindnet asks for), containerd's configuration, and the kubeconfig that
kubeadm writes for use inside the node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from backends.base import BackendError
from backends.kind.kubeadm import POD_SUBNET

TEMPLATE_MARK = "would you kindly template this file"
PATCH_MARK = "would you kindly patch this file"
"""How kind's manifests ask for it (`installcni/cni.go`)."""


def cni_manifest(manifest: str, endpoint: str) -> str:
    """The manifest with the pod subnet filled in, and with the API server's `endpoint` where it asks for a patch."""
    if TEMPLATE_MARK in manifest:
        manifest = re.sub(r"\{\{-?\s*\.PodSubnet\s*-?\}\}", POD_SUBNET, manifest)
    if PATCH_MARK not in manifest:
        return manifest
    documents = [document for document in yaml.safe_load_all(manifest) if document]
    for document in documents:
        if document.get("kind") == "DaemonSet":
            # Else kindnet waits for kube-proxy to make the service address work.
            container = document["spec"]["template"]["spec"]["containers"][0]
            container.setdefault("env", []).append({"name": "CONTROL_PLANE_ENDPOINT", "value": endpoint})
    return yaml.safe_dump_all(documents, sort_keys=False)


_CRI = re.compile(r"^\s*\[\s*plugins\.[\"']io\.containerd\.(?:grpc\.v1\.cri|cri\.v1\.runtime)[\"']\s*\]\s*$")
_OOM = re.compile(r"^(\s*)restrict_oom_score_adj\s*=\s*\w+\s*$")


def restrict_oom_score(configuration: str) -> str:
    """Containerd's `config.toml` with `restrict_oom_score_adj = true` in its CRI section, added where it is missing.

    Needed where CAP_SYS_RESOURCE is missing: only who has it may lower a process' OOM score, and without this setting
    every pod sandbox fails with "can't get final child's PID from pipe: EOF".
    """
    lines = configuration.splitlines()
    if any(_OOM.match(line) for line in lines):
        return "\n".join(_OOM.sub(r"\1restrict_oom_score_adj = true", line) for line in lines) + "\n"
    if any(_CRI.match(line) for line in lines):
        return "\n".join(_with_setting(lines)) + "\n"
    newer = re.search(r"^\s*version\s*=\s*([3-9])", configuration, re.MULTILINE)
    plugin = "io.containerd.cri.v1.runtime" if newer else "io.containerd.grpc.v1.cri"
    return f'{configuration.rstrip()}\n\n[plugins."{plugin}"]\n  restrict_oom_score_adj = true\n'


def _with_setting(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if _CRI.match(line):
            yield "  restrict_oom_score_adj = true"


_SNAPSHOTTER = re.compile(r"^\s*snapshotter\s*=\s*[\"']([\w.-]+)[\"']", re.MULTILINE)


def snapshotter(configuration: str) -> str:
    """Where containerd, by its `config.toml`, unpacks images: not overlayfs on ZFS, nor in some user namespaces."""
    found = _SNAPSHOTTER.search(configuration)
    return found[1] if found else "overlayfs"


def kubeconfig(text: str, server: str, name: str) -> dict[str, Any]:
    """The node's `admin.conf` for use outside: one cluster, user and context called `name`, at `server`.

    Raises `BackendError` when it is no kubeconfig.
    """
    try:
        document = yaml.safe_load(text)
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise BackendError(
            f"the node's /etc/kubernetes/admin.conf is no kubeconfig ({type(error).__name__})"
        ) from error
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {**cluster, "server": server}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
