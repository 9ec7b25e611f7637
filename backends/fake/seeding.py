"""Puts manifests into a cluster: as they are, or as server-side apply would.

Called by `fake serve -f` and by tests' `load` and `apply`. Three ways in for `seed`, by what a manifest is:

- a saved cluster becomes the state of the cluster, whole: uids stay, revisions go on above the saved ones;
- an object that comes from a cluster (it has a uid) goes in as it is, its status too;
- any other is created, as `kubectl create --validate=strict` would: defaulted, validated, admitted.

Refuses with a `ManifestError` that names the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import orjson

from backends.fake.authentication import ADMINISTRATOR
from backends.fake.catalogue import Resource
from backends.fake.manifests import Manifest, ManifestError, Manifests
from backends.fake.messages import Request, Response
from backends.fake.options import APPLY_PATCH
from backends.fake.schema import DecodeError, Schema

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster

MERGE_PATCH: Final = "application/merge-patch+json"


NAMESPACE = ("v1", "Namespace")
DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def seed(cluster: Cluster, manifests: Manifests) -> None:
    """Put `manifests` into `cluster`: Namespaces first, then definitions, then what may be of their kinds.

    Raises `ManifestError`; some may be in by then.
    """
    if manifests.revision is not None:
        _restore(cluster, manifests.objects, manifests.revision)
        return
    first = [one for one in manifests.objects if _is(one, *NAMESPACE)]
    definitions = [one for one in manifests.objects if _is(one, *DEFINITION)]
    rest = [one for one in manifests.objects if not _is(one, *NAMESPACE) and not _is(one, *DEFINITION)]
    if not definitions:
        for one in rest:  # all or nothing, where that can be known before
            _resource(cluster, one)
    _put(cluster, first)
    if first:
        # The ServiceAccounts that Pods need are made by a controller.
        cluster.clock.sleep(2 * cluster.reaction_s)
        cluster.catch_up()
    _put(cluster, definitions)
    cluster.catch_up()
    _put(cluster, rest)


def apply(cluster: Cluster, manifests: Manifests, manager: str) -> list[dict[str, Any]]:
    """Apply `manifests` as `kubectl apply --server-side --force-conflicts` does; returns the objects.

    Namespaces come first, then definitions.

    Raises `ManifestError`; some may be applied by then.
    """
    ordered = sorted(manifests.objects, key=lambda one: (not _is(one, *NAMESPACE), not _is(one, *DEFINITION)))
    if not any(_is(one, *DEFINITION) for one in ordered):
        for one in ordered:  # all or nothing, where that can be known before
            _resource(cluster, one)
    return [_applied(cluster, manifest, _resource(cluster, manifest), manager) for manifest in ordered]


def _applied(cluster: Cluster, manifest: Manifest, resource: Resource, manager: str) -> dict[str, Any]:
    metadata = manifest.object["metadata"]
    if not metadata.get("name"):
        raise ManifestError(f"{manifest.where}: metadata.name is missing: what is applied has a name")
    target = f"{_collection(manifest, resource)}/{metadata['name']}?fieldManager={manager}&force=true"
    answer = _send(cluster, "PATCH", target, manifest.object, APPLY_PATCH)
    if resource.plural == "namespaces" and answer.status == 201 and hasattr(cluster.clock, "advance"):
        # The ServiceAccounts that Pods need are made by a controller.
        cluster.advance(2 * cluster.reaction_s)
    return _accepted(manifest, answer)


def _accepted(manifest: Manifest, answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(answer.body)
    if answer.status not in (200, 201):
        raise ManifestError(f"{manifest.where}: {found['message']}")
    return found


def _is(manifest: Manifest, api_version: str, kind: str) -> bool:
    return (manifest.object.get("apiVersion"), manifest.object.get("kind")) == (api_version, kind)


def _restore(cluster: Cluster, saved: Iterable[Manifest], revision: int) -> None:
    with cluster.lock:
        for entry in list(cluster.store.everything()):
            cluster.store.delete(entry)
        # Whoever remembers a version of the saved cluster never sees a smaller one, nor another object under it.
        cluster.store.revision = max(cluster.store.revision, revision)
        # A saved definition says that it is served, and so is what follows it.
        for manifest in sorted(saved, key=lambda one: not _is(one, *DEFINITION)):
            _load(cluster, manifest, _resource(cluster, manifest))
        cluster.store.compact(cluster.store.revision)


def _put(cluster: Cluster, manifests: Iterable[Manifest]) -> None:
    for manifest in manifests:
        resource = _resource(cluster, manifest)
        if manifest.object["metadata"].get("uid"):
            _load(cluster, manifest, resource)
        else:
            _create(cluster, manifest, resource)


def _resource(cluster: Cluster, manifest: Manifest) -> Resource:
    kind, api_version = manifest.object["kind"], manifest.object["apiVersion"]
    cluster.catch_up()  # a definition that has just been put in is served a moment later
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
    obj = _readable(cluster, manifest, resource)
    for number, owner in enumerate(obj["metadata"].get("ownerReferences") or ()):
        if not owner.get("uid"):
            raise ManifestError(f"{manifest.where}: metadata.ownerReferences[{number}].uid is missing")
    cluster.load([obj])


def _readable(cluster: Cluster, manifest: Manifest, resource: Resource) -> dict[str, Any]:
    """The object as it would be read from the storage of a real server: of the right types, what must be there is.

    Nothing else is asked of it: it was accepted once, by whatever server it comes from. Raises `ManifestError`.
    """
    kind = Schema.load().kind(*resource.gvk)
    if kind is None:
        return manifest.object
    try:
        obj = kind.decode(manifest.object, strictly=False).object
    except DecodeError as error:
        raise ManifestError(f"{manifest.where}: {error}") from error
    defaulted = kind.decode(manifest.object, strictly=False).object
    rules = cluster.registry.rules
    rules.default(resource, defaulted)
    causes = [cause for cause in rules.check_create(resource, defaulted) if cause.reason == "FieldValueRequired"]
    if causes:
        raise ManifestError(f"{manifest.where}: {causes[0].field}: {causes[0].message}")
    return obj


def _create(cluster: Cluster, manifest: Manifest, resource: Resource) -> None:
    metadata = manifest.object["metadata"]
    path = _collection(manifest, resource)
    answer = _send(cluster, "POST", f"{path}?fieldValidation=Strict", manifest.object)
    if answer.status == 409 and resource.plural == "namespaces":  # default and kube-system are there already
        answer = _send(cluster, "PATCH", f"{path}/{metadata.get('name')}", {"metadata": metadata})
    _accepted(manifest, answer)


def _collection(manifest: Manifest, resource: Resource) -> str:
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    namespace = manifest.object["metadata"].get("namespace") or "default"
    return f"{root}/namespaces/{namespace}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"


def _send(cluster: Cluster, method: str, target: str, body: Any, patch: str = MERGE_PATCH) -> Response:
    media_type = patch if method == "PATCH" else "application/json"
    return cluster.handle(Request(method, target, {"content-type": media_type}, orjson.dumps(body), ADMINISTRATOR))
