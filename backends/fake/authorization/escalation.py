"""Nobody gives away more than he has: the checks on writing roles and bindings.

Called by the server for each such write; the registry runs what `guard` returns before it validates. The rules of
pkg/registry/rbac/*/policybased: a role's author must hold what the role allows, or have the verb `escalate`; a
binding's author must hold what its role allows, or have the verb `bind` on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backends.fake import statuses
from backends.fake.authentication import MASTERS
from backends.fake.authorization.attributes import Attributes
from backends.fake.authorization.authorizer import RBAC_GROUP, Authorizer
from backends.fake.authorization.rules import ALL, Rule, go_list, quoted, rules_of, uncovered
from backends.fake.catalogue import Resource
from backends.fake.messages import Identity
from backends.fake.registry import Guard
from backends.fake.routes import Route

Obj = dict[str, Any]
EVERYTHING = (Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), urls=(ALL,)))


def guard(authorizer: Authorizer, user: Identity, resource: Resource, route: Route) -> Guard | None:
    """What looks at a role or binding that `user` writes; None where there is nothing to look at.

    It raises `ApiError` 403, and 404 for a binding to a role that is not there.
    """
    if MASTERS in user.groups:
        return None
    if resource.plural in ("rolebindings", "clusterrolebindings"):
        return lambda new, old: _check_binding(authorizer, user, resource, route.namespace, new, old)
    if authorizer.decide(_attributes(user, "escalate", resource.plural, route.namespace, route.name)).allowed:
        return None
    return lambda new, old: _check_role(authorizer, user, resource, route.namespace, new, old)


def _attributes(user: Identity, verb: str, plural: str, namespace: str, name: str) -> Attributes:
    return Attributes(user, verb, RBAC_GROUP, plural, namespace=namespace, name=name)


def _check_role(
    authorizer: Authorizer, user: Identity, resource: Resource, namespace: str, new: Obj, old: Obj | None
) -> None:
    if old is not None and (
        _for_collector(new, old) or all(new.get(member) == old.get(member) for member in ("rules", "aggregationRule"))
    ):
        return
    _confirm(authorizer, user, resource, namespace, new, rules_of(new))
    if (new.get("aggregationRule") or {}).get("clusterRoleSelectors") and _missing(authorizer, user, "", EVERYTHING):
        why = "must have cluster-admin privileges to use the aggregationRule"
        raise statuses.forbidden(resource.plural, new["metadata"].get("name", ""), RBAC_GROUP, why)


def _check_binding(
    authorizer: Authorizer, user: Identity, resource: Resource, namespace: str, new: Obj, old: Obj | None
) -> None:
    if old is not None and _for_collector(new, old):
        return
    role = new.get("roleRef") or {}
    kind, name = role.get("kind", ""), role.get("name", "")
    plural = {"Role": "roles", "ClusterRole": "clusterroles"}.get(kind)
    if plural is not None and authorizer.decide(_attributes(user, "bind", plural, namespace, name)).allowed:
        return
    if plural is None:
        return  # the validation refuses it
    _confirm(authorizer, user, resource, namespace, new, authorizer.role(kind, namespace, name))


def _for_collector(new: Obj, old: Obj) -> bool:
    """Whether only that differs which lets the garbage collector delete an object some day."""

    def rest(obj: Obj) -> Obj:
        left = {member: obj["metadata"].get(member) for member in obj["metadata"]}
        for member in ("ownerReferences", "finalizers", "managedFields"):
            left.pop(member, None)
        return {**obj, "metadata": left}

    return rest(new) == rest(old)


def _confirm(
    authorizer: Authorizer, user: Identity, resource: Resource, namespace: str, new: Obj, rules: Sequence[Rule]
) -> None:
    """ConfirmNoEscalation. Raises `ApiError` 403."""
    missing = _missing(authorizer, user, namespace, rules)
    if not missing:
        return
    lines = "\n".join(sorted({str(rule) for rule in missing}))
    who = f"user {quoted(user.name)} (groups={go_list(user.groups)})"
    why = f"{who} is attempting to grant RBAC permissions not currently held:\n{lines}"
    problems = authorizer.rules(user, namespace)[1]
    if problems:
        why += f"; resolution errors: [{', '.join(problems)}]"
    raise statuses.forbidden(resource.plural, new["metadata"].get("name", ""), RBAC_GROUP, why)


def _missing(authorizer: Authorizer, user: Identity, namespace: str, rules: Sequence[Rule]) -> list[Rule]:
    return uncovered(authorizer.rules(user, namespace)[0], rules)
