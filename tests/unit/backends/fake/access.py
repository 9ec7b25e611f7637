"""A cluster that judges by RBAC, and the objects that it judges by, for tests of access."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake.authentication import ADMINISTRATOR, named
from backends.fake.messages import Identity, Request
from tests.unit.backends.fake.door import Answer, Door

GROUP = "rbac.authorization.k8s.io"
Obj = dict[str, Any]


class AdminDoor(Door):
    """A door through which the administrator comes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(authorization="rbac", **options)
        self.user: Identity | None = ADMINISTRATOR

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Any:
        """As whoever `user` is; None: by the headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cluster.handle(Request(method, target, sent, body, self.user))


class Access:
    """One cluster with RBAC and without controllers."""

    def __init__(self, **options: Any) -> None:
        self.door = AdminDoor(**options)

    def ask(self, user: Identity | str | None, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """A request as `user`, of that name alone or with groups; None shows no credentials but its headers."""
        admin, self.door.user = self.door.user, named(user) if isinstance(user, str) else user
        try:
            return self.door.ask(method, target, body, **headers)
        finally:
            self.door.user = admin

    def write(self, *objects: Obj) -> None:
        """Create the objects, as the administrator."""
        for obj in objects:
            resource = self.door.cluster.catalogue.of_object(obj)
            root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.api_version}"
            place = "/namespaces/default" if resource.namespaced else ""
            self.door.made(f"{root}{place}/{resource.plural}", orjson.loads(orjson.dumps(obj)))


def rule(verbs: str, group: str, resources: str, *names: str) -> Obj:
    made: Obj = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**made, "resourceNames": list(names)} if names else made


def role(name: str, *rules: Obj, cluster: bool = False) -> Obj:
    kind = "ClusterRole" if cluster else "Role"
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name}, "rules": list(rules)}


def bind(name: str, *subjects: tuple[str, ...], of: str = "Role", cluster: bool = False) -> Obj:
    """A binding called like the role that it binds; a subject is its kind, name and perhaps namespace."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding" if cluster else "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": of, "name": name},
        "subjects": [dict(zip(("kind", "name", "namespace"), subject, strict=False)) for subject in subjects],
    }
