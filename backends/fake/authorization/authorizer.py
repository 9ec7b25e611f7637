"""May somebody do something: the question that the server asks of each request, and the two that can answer it.

`AlwaysAllow` is kube-apiserver's `--authorization-mode=AlwaysAllow`. `Rbac` is `Node,RBAC`: it reads roles and bindings
from the store's commits as they happen, so a request is never judged by what is no longer so; a real server's caches
lag a little. Of the Node authorizer there is the role of a node, not which objects its pods use.

What is refused is an `ApiError` 403 in the words of k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from backends.fake import statuses
from backends.fake.authentication import MASTERS
from backends.fake.authorization.attributes import Attributes, requested
from backends.fake.authorization.rules import ALL, Rule, quoted, rules_of
from backends.fake.forking import Fork
from backends.fake.messages import Identity
from backends.fake.store import Store, StoreEvent

Obj = dict[str, Any]
Mode = Literal["always-allow", "rbac"]

RBAC_GROUP: Final = "rbac.authorization.k8s.io"
NODES: Final = "system:nodes"
NODE_USER: Final = "system:node:"
REMEMBERED: Final = 4096
"""How many users and namespaces, and for each how many questions, are kept before all are forgotten."""


class Decision(NamedTuple):
    """An answer. `reason` tells which binding allowed it, or what was wrong with those that did not."""

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    """Whoever can say whether something may be done."""

    mode: Mode

    def admit(self, user: Identity, method: str, path: str, query: Mapping[str, str]) -> None:
        """Let a request pass. Raises `ApiError` 403."""

    def decide(self, asked: Attributes) -> Decision:
        """Whether this may be done."""

    def rules(self, user: Identity, namespace: str) -> tuple[list[Rule], list[str]]:
        """All that a user may do in a namespace (empty: anywhere), and what could not be found out."""

    def role(self, kind: str, namespace: str, name: str) -> tuple[Rule, ...]:
        """The rules of a Role or ClusterRole. Raises `ApiError` 404."""


class AlwaysAllow:
    """Everybody may do everything."""

    mode: Mode = "always-allow"

    def admit(self, user: Identity, method: str, path: str, query: Mapping[str, str]) -> None:
        """Let every request pass."""

    def decide(self, asked: Attributes) -> Decision:
        """Yes."""
        del asked
        return Decision(allowed=True)

    def rules(self, user: Identity, namespace: str) -> tuple[list[Rule], list[str]]:
        """Everything."""
        del user, namespace
        return [Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), urls=(ALL,))], []

    def role(self, kind: str, namespace: str, name: str) -> tuple[Rule, ...]:
        """None: no role has an effect here. Raises `ApiError` 404."""
        del namespace
        raise statuses.not_found(kind.lower(), name, RBAC_GROUP)


class Grant(NamedTuple):
    """A rule and the binding that gives it."""

    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Binding:
    """A RoleBinding or ClusterRoleBinding (whose namespace is empty)."""

    namespace: str
    name: str
    role_kind: str
    role_name: str
    subjects: tuple[tuple[str, str, str], ...]
    """(kind, namespace, name) each."""

    @classmethod
    def of(cls, obj: Obj) -> Binding:
        """A binding as it is stored; one that was loaded as it came may lack anything, and then gives nothing."""
        metadata, role = obj["metadata"], obj.get("roleRef") or {}
        subjects = tuple(
            (one.get("kind", ""), one.get("namespace", ""), one.get("name", "")) for one in obj.get("subjects") or ()
        )
        named = role.get("kind", ""), role.get("name", "")
        return cls(metadata.get("namespace", ""), metadata["name"], *named, subjects)

    def subject_of(self, user: Identity) -> str | None:
        """The first subject that is `user`, as a reason names it; None when it is not about him."""
        for kind, namespace, name in self.subjects:
            if (kind == "User" and name == user.name) or (kind == "Group" and name in user.groups):
                return f'{kind} "{name}"'
            if kind == "ServiceAccount":
                place = namespace or self.namespace
                if place and user.name == f"system:serviceaccount:{place}:{name}":
                    return f'{kind} "{name}/{place}"'
        return None

    def reason(self, subject: str) -> str:
        """Why something is allowed because of it."""
        kind, name = ("RoleBinding", f"{self.name}/{self.namespace}") if self.namespace else (
            "ClusterRoleBinding", self.name)  # fmt: skip
        return f'RBAC: allowed by {kind} "{name}" of {self.role_kind} "{self.role_name}" to {subject}'


class Grants:
    """What one user may do in one namespace; remembers what it was asked."""

    def __init__(self, grants: list[Grant], problems: list[str]) -> None:
        self.grants = grants
        self.problems = problems
        denial = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        self._denied = Decision(allowed=False, reason=f"RBAC: {denial}" if problems else "")
        self._candidates: dict[tuple[str, str, str], tuple[Grant, ...]] = {}

    def decide(self, asked: Attributes) -> Decision:
        """The first grant that allows it decides."""
        key = (asked.verb, asked.group, asked.combined) if not asked.path else (asked.verb, "/", asked.path)
        candidates = self._candidates.get(key)
        if candidates is None:
            if len(self._candidates) >= REMEMBERED:
                self._candidates.clear()
            candidates = self._candidates[key] = self._matching(asked)
        for rule, reason in candidates:
            if not rule.names or asked.name in rule.names:
                return Decision(True, reason)
        return self._denied

    def _matching(self, asked: Attributes) -> tuple[Grant, ...]:
        """The grants about this kind of thing; which object it is, is not remembered."""
        if asked.path:
            return tuple(grant for grant in self.grants if grant.rule.allows_url(asked.verb, asked.path))
        verb, group, resource = asked.verb, asked.group, asked.combined
        return tuple(grant for grant in self.grants if grant.rule.allows(verb, group, resource))


class Rbac:
    """Answers from the roles and bindings in a store, which it follows from its construction on."""

    mode: Mode = "rbac"

    def __init__(self, store: Store) -> None:
        self._roles: dict[tuple[str, str], tuple[Rule, ...]] = {}
        """(namespace, name) -> rules; a ClusterRole's namespace is empty."""
        self._bindings: dict[str, dict[str, Binding]] = {}
        """namespace -> name -> binding."""
        self._known: dict[tuple[str, tuple[str, ...], str], Grants] = {}
        self._admitted: set[tuple[str | tuple[str, ...] | None, ...]] = set()
        """Requests that have passed: user, groups, method, path, and the parameters that matter."""
        store.subscribe(self._hear)

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork judges by its own store; what has been asked is asked again."""
        del fork
        bindings = {namespace: held.copy() for namespace, held in self._bindings.items()}
        return {"_roles": self._roles.copy(), "_bindings": bindings, "_known": {}, "_admitted": set()}

    # ---- what there is

    def _hear(self, event: StoreEvent) -> None:
        group, plural, namespace, name = event.key
        if group != RBAC_GROUP:
            return
        self._known.clear()
        self._admitted.clear()
        obj = event.new.load() if event.new is not None else None
        if plural in ("roles", "clusterroles"):
            if obj is None:
                self._roles.pop((namespace, name), None)
            else:
                self._roles[namespace, name] = rules_of(obj)
        elif obj is None:
            self._bindings.get(namespace, {}).pop(name, None)
        else:
            self._bindings.setdefault(namespace, {})[name] = Binding.of(obj)

    def role(self, kind: str, namespace: str, name: str) -> tuple[Rule, ...]:
        """The rules of a role. Raises `ApiError` 404, with the singular that the real server's lister says."""
        place = namespace if kind == "Role" else ""
        found = self._roles.get((place, name))
        if found is None:
            raise statuses.not_found(kind.lower(), name, RBAC_GROUP)
        return found

    # ---- answers

    def admit(self, user: Identity, method: str, path: str, query: Mapping[str, str]) -> None:
        """Let a request pass; what has passed once does so quickly until a role or binding changes."""
        if MASTERS in user.groups:
            return
        asked = (user.name, user.groups, method, path, query.get("watch"), query.get("fieldSelector"))
        if asked in self._admitted:
            return
        check(self, requested(user, method, path, query))
        if len(self._admitted) >= REMEMBERED:
            self._admitted.clear()
        self._admitted.add(asked)

    def decide(self, asked: Attributes) -> Decision:
        """Whether this may be done."""
        user = asked.user
        if MASTERS in user.groups:
            return Decision(allowed=True)
        return self._grants(user, asked.namespace).decide(asked)

    def rules(self, user: Identity, namespace: str) -> tuple[list[Rule], list[str]]:
        """All that a user may do in a namespace, and what could not be found out."""
        known = self._grants(user, namespace)
        return [grant.rule for grant in known.grants], list(known.problems)

    def _grants(self, user: Identity, namespace: str) -> Grants:
        key = (user.name, user.groups, namespace)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            problems: list[str] = []
            found = self._known[key] = Grants(list(self._find(user, namespace, problems)), problems)
        return found

    def _find(self, user: Identity, namespace: str, problems: list[str]) -> Iterator[Grant]:
        if NODES in user.groups and user.name.startswith(NODE_USER):
            yield from (Grant(rule, "") for rule in self._roles.get(("", "system:node"), ()))
        for place in ("", namespace) if namespace else ("",):
            bindings = self._bindings.get(place, {})
            for name in sorted(bindings):
                binding = bindings[name]
                subject = binding.subject_of(user)
                if subject is None:
                    continue
                try:
                    rules = self.role(binding.role_kind, place, binding.role_name)
                except statuses.ApiError as error:
                    problems.append(error.message)
                    continue
                reason = binding.reason(subject)
                yield from (Grant(rule, reason) for rule in rules)


def check(authorizer: Authorizer, asked: Attributes) -> None:
    """Refuse what may not be done. Raises `ApiError` 403."""
    decision = authorizer.decide(asked)
    if not decision.allowed:
        raise forbidden(asked, decision.reason)


def forbidden(asked: Attributes, reason: str) -> statuses.ApiError:
    """403: somebody may not do something."""
    user = quoted(asked.user.name)
    if asked.path:
        text = f"User {user} cannot {asked.verb} path {quoted(asked.path)}"
    else:
        place = f"in the namespace {quoted(asked.namespace)}" if asked.namespace else "at the cluster scope"
        what = f"resource {quoted(asked.combined)} in API group {quoted(asked.group)}"
        text = f"User {user} cannot {asked.verb} {what} {place}"
    if reason:
        text += f": {reason}"
    if asked.path:
        return statuses.ApiError(403, "Forbidden", f"forbidden: {text}", {})
    return statuses.forbidden(asked.resource, asked.name, asked.group, text)
