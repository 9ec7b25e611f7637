"""FlowSchema and PriorityLevelConfiguration: defaults and rules.

From pkg/apis/flowcontrol/validation and pkg/apis/flowcontrol/v1/defaults.go.

Called by `registered`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors, subdomain_1123_errors

Obj = dict[str, Any]

EXEMPT = "exempt"
"""The one schema that goes first, and the one level without limits."""
_ALL = "*"
_MAX_PRECEDENCE, _MAX_QUEUES, _MAX_HASH_BITS = 10_000, 10_000_000, 60
_METHODS = ("ByNamespace", "ByUser")
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_LEVELS, _RESPONSES = ("Exempt", "Limited"), ("Queue", "Reject")
_QUEUING = {"handSize": 8, "queues": 64, "queueLengthLimit": 50}


def schema_defaults(obj: Obj) -> None:
    """A schema goes after those that were given a place."""
    obj["spec"]["matchingPrecedence"] = obj["spec"].get("matchingPrecedence") or 1000


def schema(obj: Obj) -> list[Cause]:
    """A schema has a place, names a level, and says whose requests it is about."""
    spec, path = obj["spec"], "spec.matchingPrecedence"
    found, place = list[Cause](), spec["matchingPrecedence"]
    if place <= 0:
        found.append(causes.invalid(path, place, "must be a positive value"))
    if place > _MAX_PRECEDENCE:
        found.append(causes.invalid(path, place, f"must not be greater than {_MAX_PRECEDENCE}"))
    if place == 1 and obj["metadata"].get("name") != EXEMPT:
        found.append(causes.invalid(path, place, f"only the schema named '{EXEMPT}' may have matchingPrecedence 1"))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        found.append(causes.not_supported("spec.distinguisherMethod.type", method.get("type", ""), _METHODS))
    level, path = (spec.get("priorityLevelConfiguration") or {}).get("name", ""), "spec.priorityLevelConfiguration.name"
    found += [causes.invalid(path, level, text) for text in (subdomain_1123_errors(level) if level else ())]
    if not level:
        found.append(causes.required(path, "must reference a priority level"))
    for number, rule in enumerate(spec.get("rules") or ()):
        found += _rule(f"spec.rules[{number}]", rule)
    return found


def schema_update(new: Obj, old: Obj) -> list[Cause]:
    """A changed schema is as sound as a new one."""
    del old
    return schema(new)


def _rule(path: str, rule: Obj) -> list[Cause]:
    subjects, resources, urls = (rule.get(name) or [] for name in ("subjects", "resourceRules", "nonResourceRules"))
    found = [] if subjects else [causes.required(f"{path}.subjects", "subjects must contain at least one value")]
    for number, subject in enumerate(subjects):
        found += _subject(f"{path}.subjects[{number}]", subject)
    if not resources and not urls:
        text = "at least one of resourceRules and nonResourceRules has to be non-empty"
        found.append(causes.required(path, text))
    for number, one in enumerate(resources):
        found += _resources(f"{path}.resourceRules[{number}]", one)
    for number, one in enumerate(urls):
        found += _urls(f"{path}.nonResourceRules[{number}]", one)
    return found


def _subject(path: str, subject: Obj) -> list[Cause]:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        return [causes.not_supported(f"{path}.kind", kind, _SUBJECTS)]
    member = _SUBJECTS[kind]
    named = subject.get(member)
    if named is None:
        found = [causes.required(f"{path}.{member}", f"{member} is required when subject kind is '{kind}'")]
    else:
        found = _named(f"{path}.{member}", named, account=kind == "ServiceAccount")
    for other in ("ServiceAccount", "User", "Group"):
        name = _SUBJECTS[other]
        if other != kind and subject.get(name) is not None:
            text = f"{name} is forbidden when subject kind is not '{other}'"
            found.append(causes.forbidden(f"{path}.{name}", text))
    return found


def _named(path: str, named: Obj, *, account: bool) -> list[Cause]:
    name, namespace = named.get("name", ""), named.get("namespace", "")
    found = [] if name else [causes.required(f"{path}.name")]
    if not account:
        return found
    if name and name != _ALL:
        found += [causes.invalid(f"{path}.name", name, text) for text in subdomain_1123_errors(name)]
    if not namespace:
        return [*found, causes.required(f"{path}.namespace", "must specify namespace for service account")]
    return found + [causes.invalid(f"{path}.namespace", namespace, text) for text in label_1123_errors(namespace)]


def _verbs(path: str, verbs: list[str]) -> list[Cause]:
    if not verbs:
        return [causes.required(path, "verbs must contain at least one value")]
    if _ALL not in verbs and not set(verbs) <= set(_VERBS):
        return [causes.not_supported(path, verbs, _VERBS)]
    return _alone(path, verbs, "verbs")


def _alone(path: str, values: list[str], what: str) -> list[Cause]:
    if _ALL in values and len(values) > 1:
        return [causes.invalid(path, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resources(path: str, rule: Obj) -> list[Cause]:
    found = _verbs(f"{path}.verbs", rule.get("verbs") or [])
    for member, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(member) or []
        if not values:
            found.append(causes.required(f"{path}.{member}", f"resource rules must supply at least one {one}"))
        found += _alone(f"{path}.{member}", values, many)
    namespaces = rule.get("namespaces") or []
    if not namespaces and not rule.get("clusterScope"):
        text = "resource rules that are not cluster scoped must supply at least one namespace"
        found.append(causes.required(f"{path}.namespaces", text))
    if _ALL in namespaces:
        return found + _alone(f"{path}.namespaces", namespaces, "namespaces")
    intro = "each member of this list must be '*' or a DNS-1123 label; "
    for number, name in enumerate(namespaces):
        place = f"{path}.namespaces[{number}]"
        found += [causes.invalid(place, name, intro + text) for text in label_1123_errors(name)]
    return found


def _urls(path: str, rule: Obj) -> list[Cause]:
    found, urls = _verbs(f"{path}.verbs", rule.get("verbs") or []), rule.get("nonResourceURLs") or []
    path = f"{path}.nonResourceURLs"
    if not urls:
        found.append(causes.required(path, "nonResourceURLs must contain at least one value"))
    if _ALL in urls:
        return found + _alone(path, urls, "non-resource URLs")
    for number, url in enumerate(urls):
        why = next((text for text, is_wrong in _URL_RULES.items() if url != "/" and is_wrong(url)), "")
        found += [causes.invalid(f"{path}[{number}]", url, why)] if why else []
    return found


_URL_RULES: dict[str, Callable[[str], bool]] = {
    "must not be empty": lambda url: not url,
    "must start with slash": lambda url: not url.startswith("/"),
    "must not contain white-space": lambda url: " " in url,
    "must not contain double slash": lambda url: "//" in url,
    "wildcard can only do suffix matching": lambda url: _ALL in url and (url.count(_ALL) > 1 or url[-2:] != "/*"),
}
"""The first that is broken is told (ValidateNonResourceURLPath)."""


def level_defaults(obj: Obj) -> None:
    """A level has shares, of which it lends nothing; its queues are many and short."""
    spec = obj["spec"]
    for member, shares in (("limited", 30), ("exempt", 0)):
        given = spec.get(member)
        if given is None:
            continue
        for name, value in (("nominalConcurrencyShares", shares), ("lendablePercent", 0)):
            if given.get(name) is None:
                given[name] = value
        queuing = (given.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            queuing.update({name: queuing.get(name) or value for name, value in _QUEUING.items()})


def level(obj: Obj) -> list[Cause]:
    """One level has no limits; all others have, and say what happens beyond them."""
    spec, kind = obj["spec"], obj["spec"].get("type", "")
    found = list[Cause]()
    if (obj["metadata"].get("name") == EXEMPT) != (kind == "Exempt"):
        text = f"type must be 'Exempt' if and only if name is '{EXEMPT}'"
        found.append(causes.invalid("spec.type", kind, text))
    if kind not in _LEVELS:
        return [*found, causes.not_supported("spec.type", kind, _LEVELS)]
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if kind == "Exempt":
        if limited is not None:
            found.append(causes.forbidden("spec.limited", "must be nil if the type is not Limited"))
        if exempt is not None:
            found += _shares("spec.exempt", exempt) + _lent("spec.exempt", exempt)
        return found
    if exempt is not None:
        found.append(causes.forbidden("spec.exempt", "must be nil if the type is Limited"))
    if limited is None:
        return [*found, causes.required("spec.limited", "must not be empty when type is Limited")]
    return found + _limited("spec.limited", limited)


def level_update(new: Obj, old: Obj) -> list[Cause]:
    """A changed level is as sound as a new one."""
    del old
    return level(new)


def _shares(path: str, given: Obj) -> list[Cause]:
    shares = given["nominalConcurrencyShares"]
    if shares >= 0:
        return []
    return [causes.invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")]


def _lent(path: str, given: Obj) -> list[Cause]:
    lent = given["lendablePercent"]
    if 0 <= lent <= 100:
        return []
    return [causes.invalid(f"{path}.lendablePercent", lent, "must be between 0 and 100, inclusive")]


def _limited(path: str, given: Obj) -> list[Cause]:
    found = _shares(path, given)
    found += _response(f"{path}.limitResponse", given.get("limitResponse") or {})
    found += _lent(path, given)
    borrowed = given.get("borrowingLimitPercent")
    if borrowed is not None and borrowed < 0:
        text = "if specified, must be a non-negative integer"
        found.append(causes.invalid(f"{path}.borrowingLimitPercent", borrowed, text))
    return found


def _response(path: str, response: Obj) -> list[Cause]:
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind not in _RESPONSES:
        return [causes.not_supported(f"{path}.type", kind, _RESPONSES)]
    if kind == "Reject":
        text = "must be nil if limited.limitResponse.type is not Limited"
        return [] if queuing is None else [causes.forbidden(f"{path}.queuing", text)]
    if queuing is None:
        text = "must not be empty if limited.limitResponse.type is Limited"
        return [causes.required(f"{path}.queuing", text)]
    return _queues(f"{path}.queuing", queuing)


def _queues(path: str, queuing: Obj) -> list[Cause]:
    hand, queues, length = (queuing[name] for name in _QUEUING)
    found = [] if length > 0 else [causes.invalid(f"{path}.queueLengthLimit", length, "must be positive")]
    if queues <= 0:
        found.append(causes.invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MAX_QUEUES:
        found.append(causes.invalid(f"{path}.queues", queues, f"must not be greater than {_MAX_QUEUES}"))
    if hand <= 0:
        text = "must be positive"
    elif hand > queues:
        text = f"should not be greater than queues ({queues})"
    elif math.ceil(math.log2(queues) * hand) > _MAX_HASH_BITS:
        text = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than "
            f"{_MAX_HASH_BITS}"
        )
    else:
        return found
    return [*found, causes.invalid(f"{path}.handSize", hand, text)]
