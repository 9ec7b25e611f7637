"""Puts manifests into a cluster before anybody else uses it.

Called by `fake serve -f`. Three ways in, by what a manifest is:

- a saved cluster becomes the state of the cluster, whole: uids stay, revisions go on above the saved ones;
- an object that comes from a cluster (it has a uid) goes in as it is, its status too;
- any other is created, as `kubectl create --validate=strict` would: defaulted, validated, admitted.

Refuses with a `ManifestError` that names the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from backends.fake.authentication import ADMINISTRATOR
from backends.fake.catalogue import Resource
from backends.fake.manifests import Manifest, ManifestError, Manifests
from backends.fake.messages import Request, Response

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster


def seed(cluster: Cluster, manifests: Manifests) -> None:
    """Put `manifests` into `cluster`, Namespaces first. Raises `ManifestError`; some may be in by then."""
    resources = [_resource(cluster, manifest) for manifest in manifests.objects]
    if manifests.revision is not None:
        _restore(cluster, manifests.objects, resources, manifests.revision)
        return
    pairs = list(zip(manifests.objects, resources, strict=True))
    namespaces = [pair for pair in pairs if pair[1].plural == "namespaces"]
    _put(cluster, namespaces)
    if namespaces:
        # The ServiceAccounts that Pods need are made by a controller.
        cluster.clock.sleep(2 * cluster.reaction_s)
        cluster.catch_up()
    _put(cluster, [pair for pair in pairs if pair[1].plural != "namespaces"])


def _restore(cluster: Cluster, saved: Iterable[Manifest], resources: list[Resource], revision: int) -> None:
    with cluster.lock:
        for entry in list(cluster.store.everything()):
            cluster.store.delete(entry)
        # Whoever remembers a version of the saved cluster never sees a smaller one, nor another object under it.
        cluster.store.revision = max(cluster.store.revision, revision)
        for manifest, resource in zip(saved, resources, strict=True):
            _load(cluster, manifest, resource)
        cluster.store.compact(cluster.store.revision)


def _put(cluster: Cluster, pairs: Iterable[tuple[Manifest, Resource]]) -> None:
    for manifest, resource in pairs:
        if manifest.object["metadata"].get("uid"):
            _load(cluster, manifest, resource)
        else:
            _create(cluster, manifest, resource)


def _resource(cluster: Cluster, manifest: Manifest) -> Resource:
    kind, api_version = manifest.object["kind"], manifest.object["apiVersion"]
    try:
        return cluster.catalogue.of_object(manifest.object)
    except KeyError:
        raise ManifestError(f"{manifest.where}: no resource serves kind {kind!r} of {api_version!r}") from None


def _load(cluster: Cluster, manifest: Manifest, resource: Resource) -> None:
    metadata = manifest.object["metadata"]
    if not isinstance(metadata.get("name"), str):
        raise ManifestError(f"{manifest.where}: metadata.name is missing")
    if resource.namespaced != isinstance(metadata.get("namespace"), str):
        problem = "is missing" if resource.namespaced else f"has no place in a {resource.kind}"
        raise ManifestError(f"{manifest.where}: metadata.namespace {problem}")
    cluster.load([manifest.object])


def _create(cluster: Cluster, manifest: Manifest, resource: Resource) -> None:
    metadata = manifest.object["metadata"]
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    namespace = metadata.get("namespace") or "default"
    collection = f"{root}/namespaces/{namespace}" if resource.namespaced else root
    path = f"{collection}/{resource.plural}"
    answer = _send(cluster, "POST", f"{path}?fieldValidation=Strict", manifest.object)
    if answer.status == 409 and resource.plural == "namespaces":  # default and kube-system are there already
        answer = _send(cluster, "PATCH", f"{path}/{metadata.get('name')}", {"metadata": metadata})
    if answer.status not in (200, 201):
        raise ManifestError(f"{manifest.where}: {orjson.loads(answer.body)['message']}")


def _send(cluster: Cluster, method: str, target: str, body: Any) -> Response:
    media_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return cluster.handle(Request(method, target, {"content-type": media_type}, orjson.dumps(body), ADMINISTRATOR))
