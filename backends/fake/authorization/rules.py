"""One rule of a Role or ClusterRole: what it allows, and whether several together cover another.

The rules of pkg/apis/rbac/v1/evaluation_helpers.go and k8s.io/component-helpers/auth/rbac/validation. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

Obj = dict[str, Any]
Names = tuple[str, ...]
ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule. Its lists keep the order in which they were written."""

    verbs: Names = ()
    groups: Names = ()
    resources: Names = ()
    names: Names = ()
    urls: Names = ()

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Rule:
        """A rule as it stands in an object."""

        def read(member: str) -> Names:
            return tuple(obj.get(member) or ())

        return cls(read("verbs"), read("apiGroups"), read("resources"), read("resourceNames"), read("nonResourceURLs"))

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether it is about this verb of this resource (`pods`, `pods/log`), whatever the object's name is."""
        if not (_has(self.verbs, verb) and _has(self.groups, group)):
            return False
        if _has(self.resources, resource):
            return True
        _, slash, subresource = resource.partition("/")
        return bool(slash) and f"*/{subresource}" in self.resources

    def allows_url(self, verb: str, path: str) -> bool:
        """Whether it allows the verb on a path that is no resource."""
        return _has(self.verbs, verb) and any(_url_covers(url, path) for url in self.urls)

    def __str__(self) -> str:
        """As refusals show it, in Go's words."""
        parts = (
            ("APIGroups", self.groups),
            ("Resources", self.resources),
            ("NonResourceURLs", self.urls),
            ("ResourceNames", self.names),
            ("Verbs", self.verbs),
        )
        return "{" + ", ".join(f"{label}:{go_list(values)}" for label, values in parts if values) + "}"


def rules_of(obj: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a Role or ClusterRole."""
    return tuple(Rule.of(rule) for rule in obj.get("rules") or ())


def quoted(text: str) -> str:
    """A text as Go's `%q` prints it."""
    return orjson.dumps(text.encode("utf-8", "replace").decode()).decode()


def go_list(values: Iterable[str]) -> str:
    """Strings as Go's `%q` prints a slice of them."""
    return f"[{' '.join(quoted(value) for value in values)}]"


def uncovered(held: Sequence[Rule], asked: Iterable[Rule]) -> list[Rule]:
    """What `asked` allows and `held` does not, in rules that differ by more than their verbs."""
    missing = [
        single for rule in asked for single in _broken_down(rule) if not any(_covers(own, single) for own in held)
    ]
    together: dict[Rule, list[str]] = {}
    for single in missing:
        alike = Rule((), single.groups, single.resources, single.names, single.urls)
        # Rules of one resource are put together, also of one object of it, but not those of URLs (CompactRules).
        key = single if single.urls else alike
        together.setdefault(key, []).extend(single.verbs)
    return [Rule(tuple(verbs), key.groups, key.resources, key.names, key.urls) for key, verbs in together.items()]


def _broken_down(rule: Rule) -> Iterator[Rule]:
    """Rules with one verb and one object each, which together allow the same."""
    for group in rule.groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in rule.names or ("",):
                    yield Rule((verb,), (group,), (resource,), (name,) if rule.names else ())
    for url in rule.urls:
        for verb in rule.verbs:
            yield Rule((verb,), urls=(url,))


def _covers(held: Rule, single: Rule) -> bool:
    if not _has(held.verbs, single.verbs[0]):
        return False
    if single.urls:
        return any(_url_covers(url, single.urls[0]) for url in held.urls)
    if not held.allows(single.verbs[0], single.groups[0], single.resources[0]):
        return False
    return not held.names or bool(single.names and single.names[0] in held.names)


def _has(values: Names, wanted: str) -> bool:
    return wanted in values or ALL in values


def _url_covers(url: str, path: str) -> bool:
    if url in (ALL, path):
        return True
    return url.endswith(ALL) and path.startswith(url.rstrip(ALL))
