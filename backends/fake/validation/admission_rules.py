"""What policies and webhooks have in common: rules, selectors, match conditions. Defaults and rules.

Rules: pkg/apis/admissionregistration/validation (validateRuleWithOperations, validateMatchResources,
validateMatchConditions).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backends.fake import cel, statuses
from backends.fake.policies.compiled import compile_checked
from backends.fake.validation import causes, label_selectors, names
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

FAILURE_POLICIES, MATCH_POLICIES = ("Fail", "Ignore"), ("Equivalent", "Exact")
MOST_CONDITIONS = 64
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")


def match_defaults(match: Obj) -> None:
    """MatchResources: equivalents too, everywhere, whatever the labels."""
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for member in ("resourceRules", "excludeResourceRules"):
        rule_defaults(match.get(member))


def rule_defaults(rules: Sequence[Obj] | None) -> None:
    """Rules: of any scope."""
    for rule in rules or ():
        rule.setdefault("scope", "*")


def choice(path: str, value: str | None, allowed: tuple[str, ...]) -> list[Cause]:
    """A word out of a few; None passes."""
    return [] if value is None or value in allowed else [causes.not_supported(path, value, allowed)]


def match(path: str, found: Mapping[str, Any]) -> list[Cause]:
    """MatchResources."""
    wrong = choice(f"{path}.matchPolicy", found.get("matchPolicy"), MATCH_POLICIES)
    for member in ("namespaceSelector", "objectSelector"):
        wrong += label_selectors.sound(f"{path}.{member}", found.get(member))
    for member in ("resourceRules", "excludeResourceRules"):
        for index, one in enumerate(found.get(member) or ()):
            where = f"{path}.{member}[{index}]"
            wrong += _resource_names(f"{where}.resourceNames", one.get("resourceNames") or ())
            wrong += rule(where, one)
    return wrong


def _resource_names(path: str, given: Sequence[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, name in enumerate(given):
        yield from (causes.invalid(f"{path}[{index}]", name, text) for text in names.path_segment_errors(name))
        if name in seen:
            yield causes.duplicate(f"{path}[{index}]", name)
        seen.add(name)


def rule(path: str, found: Mapping[str, Any]) -> list[Cause]:
    """RuleWithOperations."""
    operations = found.get("operations") or []
    wrong = [] if operations else [causes.required(f"{path}.operations")]
    wrong += _alone(f"{path}.operations", operations, "operations")
    for index, one in enumerate(operations):
        wrong += choice(f"{path}.operations[{index}]", one, _OPERATIONS)
    for member, what in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values = found.get(member) or []
        wrong += [] if values else [causes.required(f"{path}.{member}")]
        wrong += _alone(f"{path}.{member}", values, what)
    wrong += _resources(f"{path}.resources", found.get("resources") or [])
    return wrong + choice(f"{path}.scope", found.get("scope"), _SCOPES)


def _alone(path: str, values: Sequence[str], what: str) -> list[Cause]:
    if len(values) > 1 and "*" in values:
        return [causes.invalid(path, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resources(path: str, given: list[str]) -> list[Cause]:
    found = [] if given else [causes.required(path)]
    whole, everywhere = set(), set()
    plain = False
    for index, text in enumerate(given):
        where = f"{path}[{index}]"
        if not text:
            found.append(causes.required(where))
            continue
        resource, slash, sub = text.partition("/")
        if not slash:
            plain = text != "*"
            continue
        if resource in whole:
            found.append(causes.invalid(where, text, f"if '{resource}/*' is present, must not specify {text}"))
        if sub in everywhere:
            found.append(causes.invalid(where, text, f"if '*/{sub}' is present, must not specify {text}"))
        if sub == "*":
            whole.add(resource)
        if resource == "*":
            everywhere.add(sub)
    if len(given) > 1 and "*/*" in given:
        found.append(causes.invalid(path, given, "if '*/*' is present, must not specify other resources"))
    if "*" in given and plain:
        text = "if '*' is present, must not specify other resources without subresources"
        found.append(causes.invalid(path, given, text))
    return found


def conditions(path: str, found: Sequence[Mapping[str, Any]], environment: cel.Environment | None) -> list[Cause]:
    """matchConditions; `environment` None leaves the expressions alone, which were checked before."""
    wrong: list[Cause] = []
    if len(found) > MOST_CONDITIONS:
        wrong.append(causes.too_many(path, len(found), MOST_CONDITIONS))
    seen: Counter[str] = Counter()
    for index, one in enumerate(found):
        where, name = f"{path}[{index}]", one.get("name", "")
        text = (one.get("expression") or "").strip()
        if not text:
            wrong.append(causes.required(f"{where}.expression"))
        elif environment is not None:
            wrong += expression(f"{where}.expression", text, environment, ("BOOL",))
        if not name:
            wrong.append(causes.required(f"{where}.name"))
        else:
            wrong += [causes.invalid(f"{where}.name", name, text) for text in names.label_key_errors(name)]
            if seen[name]:
                wrong.append(causes.duplicate(f"{where}.name", name))
            seen[name] += 1
    return wrong


def expression(path: str, text: str, environment: cel.Environment, results: tuple[str, ...]) -> list[Cause]:
    """An expression that comes to one of these types."""
    try:
        compile_checked(environment, text, results)
    except cel.CompileError as error:
        return [causes.invalid(path, text, str(error))]
    return []


def environment_of(*variables: str) -> cel.Environment:
    """What expressions may name. Raises `ApiError` 501 where they cannot be evaluated."""
    try:
        return cel.environment(*variables)
    except cel.NotInstalledError as error:
        refusal = statuses.not_imitated("expressions without their library")
        refusal.message = str(error)
        raise refusal from None
