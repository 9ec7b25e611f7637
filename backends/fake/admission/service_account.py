"""ServiceAccount: a pod runs as an account that exists, and gets its token and its image pull secrets.

plugin/pkg/admission/serviceaccount/admission.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.ids import Ids
from backends.fake.store import Key, Store

Obj = dict[str, Any]

MIRROR = "kubernetes.io/config.mirror"
ENFORCE_SECRETS = "kubernetes.io/enforce-mountable-secrets"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
VOLUME = "kube-api-access-"
TOKEN_LIFETIME_S = 3607
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class ServiceAccounts(Base):
    """The plugin over one store."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods."""
        return self._complete if resource.storage == ("", "pods") and not subresource and operation == CREATE else None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods, and pods that get ephemeral containers."""
        if resource.storage != ("", "pods"):
            return None
        if subresource == "ephemeralcontainers" and operation == UPDATE:
            return self._check_references
        return self._check if not subresource and operation == CREATE else None

    def _complete(self, write: Attributes) -> None:
        spec = write.obj.get("spec")
        if not isinstance(spec, dict) or _is_mirror(write.obj):
            return
        name = spec.get("serviceAccountName") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = self._account(write, name)
        wanted = spec.get("automountServiceAccountToken")
        if wanted is None:
            wanted = account.get("automountServiceAccountToken", True)
        if wanted:
            self._mount_token(spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]

    def _account(self, write: Attributes, name: str) -> Obj:
        entry = self._store.get(Key("", "serviceaccounts", write.namespace, name))
        if entry is None:
            place = f"{write.namespace}/{name}"
            raise write.forbidden(f'error looking up service account {place}: serviceaccount "{name}" not found')
        return entry.load()

    def _mount_token(self, spec: Obj) -> None:
        containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        without = [one for one in containers if not _mounts(one, TOKEN_PATH)]
        if not without:
            return
        held = [one.get("name", "") for one in spec.get("volumes") or []]
        given = next((name for name in held if name.startswith(VOLUME)), "")
        volume = given or f"{VOLUME}{self._ids.suffix()}"
        for container in without:
            mount = {"name": volume, "readOnly": True, "mountPath": TOKEN_PATH}
            container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
        if not given:
            spec["volumes"] = [*(spec.get("volumes") or []), {"name": volume, "projected": _token_projection()}]

    def _check(self, write: Attributes) -> None:
        """A mirror pod, which only stands for a static one, has no account and nothing of one."""
        if not _is_mirror(write.obj):
            self._check_references(write)
            return
        spec = write.obj.get("spec") or {}
        if spec.get("serviceAccountName"):
            raise write.forbidden("a mirror pod may not reference service accounts")
        if any(_secret_names(container) for container in _containers(spec)):
            raise write.forbidden("a mirror pod may not reference secrets")
        for volume in spec.get("volumes") or []:
            for source in (volume.get("projected") or {}).get("sources") or []:
                if "serviceAccountToken" in source:
                    raise write.forbidden("a mirror pod may not use ServiceAccountToken volume projections")

    def _check_references(self, write: Attributes) -> None:
        """An account may be made to allow its own secrets only."""
        spec = write.obj.get("spec") or {}
        name = spec.get("serviceAccountName")
        if not name or _is_mirror(write.obj):
            return
        entry = self._store.get(Key("", "serviceaccounts", write.namespace, name))
        if entry is None or b"enforce-mountable-secrets" not in entry.tail:
            return
        account = entry.load()
        enforced = (account["metadata"].get("annotations") or {}).get(ENFORCE_SECRETS, "")
        if str(enforced).lower() not in ("1", "t", "true"):
            return
        own = {secret.get("name") for secret in account.get("secrets") or []}
        no_reference = f"is not allowed because service account {name} does not reference that secret"
        for volume in spec.get("volumes") or []:
            secret = (volume.get("secret") or {}).get("secretName")
            if secret and secret not in own:
                raise write.forbidden(f'volume with secret.secretName="{secret}" {no_reference}')
        for container in _containers(spec):
            for secret, kind in _secret_names(container):
                if secret not in own:
                    raise write.forbidden(f"container {container['name']} with {kind}{no_reference}")
        pulls = {secret.get("name") for secret in account.get("imagePullSecrets") or []}
        for index, secret in enumerate(spec.get("imagePullSecrets") or []):
            if secret.get("name") not in pulls:
                raise write.forbidden(
                    f'imagePullSecrets[{index}].name="{secret.get("name")}" is not allowed because service account '
                    f"{name} does not reference that imagePullSecret"
                )


def _is_mirror(pod: Obj) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def _containers(spec: Obj) -> Iterator[Obj]:
    for member in _CONTAINERS:
        yield from spec.get(member) or []


def _secret_names(container: Obj) -> Iterator[tuple[str, str]]:
    """Names of the secrets in a container's environment, and how messages say where."""
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if reference:
            name = reference.get("name", "")
            yield name, f'envVar {variable["name"]} referencing secret.secretName="{name}" '
    for source in container.get("envFrom") or []:
        if "secretRef" in source:
            name = source["secretRef"].get("name", "")
            yield name, f'envFrom referencing secret.secretName="{name}" '


def _mounts(container: Obj, path: str) -> bool:
    return any(mount.get("mountPath") == path for mount in container.get("volumeMounts") or [])


def _token_projection() -> Obj:
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_LIFETIME_S, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                    ]
                }
            },
        ],
        "defaultMode": 0o644,
    }
