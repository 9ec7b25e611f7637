"""Which writes the rules of policies and webhooks match (plugin/webhook/predicates, plugin/policy/matching)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backends.fake.admission.attributes import Attributes
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.selectors import labels_of
from backends.fake.store import Store

Obj = dict[str, Any]

ALL = "*"
NAMESPACES = ("", "namespaces")


def rule_matches(rule: Mapping[str, Any], resource: Resource, subresource: str, operation: str) -> bool:
    """Whether a RuleWithOperations is about such writes, whatever is in them."""
    if not _has(rule.get("operations"), operation):
        return False
    if not _has(rule.get("apiGroups"), resource.group) or not _has(rule.get("apiVersions"), resource.version):
        return False
    scope = rule.get("scope") or ALL
    if scope != ALL and (scope == "Namespaced") is not resource.namespaced:
        return False
    return any(_resource_matches(one, resource.plural, subresource) for one in rule.get("resources") or ())


def _has(values: Sequence[str] | None, wanted: str) -> bool:
    return any(value in (ALL, wanted) for value in values or ())


def _resource_matches(text: str, plural: str, subresource: str) -> bool:
    resource, slash, sub = text.partition("/")
    if not slash:
        return not subresource and resource in (ALL, plural)
    return resource in (ALL, plural) and sub in (ALL, subresource)


def matched(
    rules: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
    write: Attributes,
    *,
    equivalent: bool,
) -> Resource | None:
    """As which resource the write matches one of the rules; None where it matches none.

    With `equivalent` other versions of the same objects count too (matchPolicy: Equivalent).
    """
    rules = list(rules)
    if _any(rules, write.resource, write):
        return write.resource
    if not equivalent or not rules:
        return None
    others = (one for one in catalogue if one.storage == write.resource.storage and one is not write.resource)
    return next((one for one in others if _any(rules, one, write)), None)


def _any(rules: Iterable[Mapping[str, Any]], resource: Resource, write: Attributes) -> bool:
    return any(
        rule_matches(rule, resource, write.subresource, write.operation)
        and (not rule.get("resourceNames") or write.name in rule["resourceNames"])
        for rule in rules
    )


def in_namespace(selector: Mapping[str, Any] | None, store: Store, write: Attributes) -> bool:
    """Whether a namespaceSelector selects where the write goes; what is in no namespace is always selected."""
    if not selector:
        return True
    wanted = labels_of(selector)
    if wanted is None or wanted.everything:
        return True
    if write.resource.storage == NAMESPACES and not write.subresource:
        metadata = (write.new or write.old or {}).get("metadata") or {}
        return wanted(metadata.get("labels"))
    if not write.namespace:
        return True
    entry = store.at(NAMESPACES, "", write.namespace)
    return entry is not None and wanted(entry.labels)


def is_selected(selector: Mapping[str, Any] | None, write: Attributes) -> bool:
    """Whether an objectSelector selects the object as it was or as it is to be."""
    if not selector:
        return True
    wanted = labels_of(selector)
    if wanted is None or wanted.everything:
        return True
    both = (obj for obj in (write.new, write.old) if obj is not None)
    return any(wanted((obj.get("metadata") or {}).get("labels")) for obj in both)
