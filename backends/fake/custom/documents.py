"""Discovery of custom resources: the documents of their groups and versions, plain and aggregated.

From k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_discovery_controller.go and kube-aggregator's apis
handler: custom groups come after the built-in ones, by name, and their versions in the order of Kubernetes' versions.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from backends.fake.catalogue import Resource
from backends.fake.custom.definition import SUBRESOURCE_VERBS, VERBS, Definition
from backends.fake.custom.versions import priority

Document = dict[str, Any]

_TERMINATING = ("delete", "deletecollection", "get", "list", "watch")


def documents_of(definitions: Mapping[Definition, bool]) -> Mapping[str, Document]:
    """Path (and "/apis/<group> aggregated") -> document, for every group and version that is served.

    `definitions` are those that are established, each with whether it is terminating.
    """
    groups: dict[str, list[Definition]] = {}
    for one in definitions:
        if any(kind.served for kind in one.kinds.values()):
            groups.setdefault(one.group, []).append(one)
    found: dict[str, Document] = {}
    for group in sorted(groups):
        members = groups[group]
        versions = sorted(
            {version for one in members for version, kind in one.kinds.items() if kind.served}, key=priority
        )
        found[f"/apis/{group}"] = _group(group, versions)
        shown = []
        for version in versions:
            here = [one for one in members if version in one.kinds and one.kinds[version].served]
            found[f"/apis/{group}/{version}"] = _resources(group, version, here, definitions)
            shown.append(
                {
                    "version": version,
                    "resources": [_aggregated(one, version, definitions) for one in here],
                    "freshness": "Current",
                }
            )
        found[f"/apis/{group} aggregated"] = {"metadata": {"name": group}, "versions": shown}
    return found


def _group(group: str, versions: list[str]) -> Document:
    told = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": group,
        "versions": told,
        "preferredVersion": told[0],
    }


def _resources(group: str, version: str, here: list[Definition], ending: Mapping[Definition, bool]) -> Document:
    rows = [row for one in here for row in _rows(one, one.resources[version], _verbs(ending[one]))]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}",
        "resources": rows,
    }


def _verbs(terminating: bool) -> list[str]:
    return list(_TERMINATING if terminating else VERBS)


def _rows(definition: Definition, resource: Resource, verbs: list[str]) -> list[Document]:
    row: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs,
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if definition.storage is not None:
        row["storageVersionHash"] = storage_hash(*definition.storage.gvk)
    return [row, *(_subresource(resource, name) for name in ("status", "scale") if name in resource.subresources)]


def _subresource(resource: Resource, name: str) -> Document:
    row: Document = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
    if name == "scale":
        row |= {"group": "autoscaling", "version": "v1"}
    return row | {"kind": resource.subresources[name].kind, "verbs": list(SUBRESOURCE_VERBS)}


def _aggregated(definition: Definition, version: str, ending: Mapping[Definition, bool]) -> Document:
    resource = definition.resources[version]
    row: Document = {
        "resource": resource.plural,
        "responseKind": _kind(*resource.gvk),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(ending[definition]),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    told = [
        {
            "subresource": name,
            "responseKind": _kind(sub.group, sub.version, sub.kind),
            "verbs": list(SUBRESOURCE_VERBS),
        }
        for name, sub in resource.subresources.items()
    ]
    return row | {"subresources": told} if told else row


def _kind(group: str, version: str, kind: str) -> Document:
    return {"group": group, "version": version, "kind": kind}


def storage_hash(group: str, version: str, kind: str) -> str:
    """The storageVersionHash of a resource (apiserver/pkg/endpoints/discovery/storageversionhash.go)."""
    return base64.b64encode(hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()[:8]).decode()
