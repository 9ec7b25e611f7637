"""ValidatingAdmissionPolicy and its binding: defaults and rules.

Rules: pkg/apis/admissionregistration/validation. Expressions are compiled; where their library is missing, the policy
is refused with 501.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backends.fake import cel
from backends.fake.validation import admission_rules, causes, label_selectors, names
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

MOST_ANNOTATIONS = 20
LONGEST_ANNOTATION = 5 * 1024
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS = ("Audit", "Deny", "Warn")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)


def policy_defaults(obj: Obj) -> None:
    """A policy fails closed, and is about everything that its rules match."""
    spec = obj.get("spec") or {}
    spec.setdefault("failurePolicy", "Fail")
    if spec.get("matchConstraints") is not None:
        admission_rules.match_defaults(spec["matchConstraints"])


def binding_defaults(obj: Obj) -> None:
    """A binding that narrows its policy narrows it no further than it says."""
    spec = obj.get("spec") or {}
    if spec.get("matchResources") is not None:
        admission_rules.match_defaults(spec["matchResources"])


def policy(obj: Obj) -> list[Cause]:
    """A policy says what it is about and what must hold, in expressions that mean something."""
    spec = obj.get("spec") or {}
    found = admission_rules.choice("spec.failurePolicy", spec.get("failurePolicy"), admission_rules.FAILURE_POLICIES)
    kind = spec.get("paramKind")
    if kind is not None:
        found += _param_kind(kind)
    constraints = spec.get("matchConstraints")
    if constraints is None:
        found.append(causes.required("spec.matchConstraints"))
    else:
        found += admission_rules.match("spec.matchConstraints", constraints)
        if not constraints.get("resourceRules"):
            found.append(causes.required("spec.matchConstraints.resourceRules"))
    variables = ["object", "oldObject", "request", "namespaceObject"]
    if kind is not None:
        variables.append("params")
    plain = admission_rules.environment_of(*variables)
    composed = admission_rules.environment_of(*variables, "variables") if spec.get("variables") else plain
    found += admission_rules.conditions("spec.matchConditions", spec.get("matchConditions") or (), plain)
    found += _variables(spec.get("variables") or (), composed)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        text = "validations or auditAnnotations must contain at least one item"
        return [*found, causes.required("spec.validations", text), causes.required("spec.auditAnnotations", text)]
    for index, one in enumerate(spec.get("validations") or ()):
        found += _validation(f"spec.validations[{index}]", one, composed)
    return found + list(_annotations(obj["metadata"].get("name", ""), spec.get("auditAnnotations") or (), composed))


def policy_update(new: Obj, old: Obj) -> list[Cause]:
    """A policy may change everything."""
    del old
    return policy(new)


def _param_kind(kind: Mapping[str, Any]) -> Iterator[Cause]:
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    if not version:
        yield causes.required("spec.paramKind.apiVersion")
    elif version.count("/") > 1:
        yield causes.invalid("spec.paramKind.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if not name:
        yield causes.required("spec.paramKind.kind")
    elif texts := names.label_1035_errors(name.lower()):
        text = "may have mixed case, but should otherwise match: " + ",".join(texts)
        yield causes.invalid("spec.paramKind.kind", name, text)


def _variables(found: Any, environment: cel.Environment) -> Iterator[Cause]:
    for index, one in enumerate(found):
        path, name, text = f"spec.variables[{index}]", one.get("name", ""), one.get("expression", "")
        if not name.strip():
            yield causes.required(f"{path}.name", "name is not specified")
        elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
            yield causes.invalid(f"{path}.name", name, "name is not a valid CEL identifier")
        if not text.strip():
            yield causes.required(f"{path}.expression", "expression is not specified")
        else:
            try:
                environment.compile(text)
            except cel.CompileError as error:
                yield causes.invalid(f"{path}.expression", text, f"compilation failed: {error}")


def _validation(path: str, one: Mapping[str, Any], environment: cel.Environment) -> Iterator[Cause]:
    text, words = one.get("expression") or "", one.get("messageExpression") or ""
    if not text.strip():
        yield causes.required(f"{path}.expression", "expression is not specified")
    else:
        yield from admission_rules.expression(f"{path}.expression", text, environment, ("BOOL",))
    if words and not words.strip():
        yield causes.invalid(f"{path}.messageExpression", words, "must be non-empty if specified")
    elif words:
        yield from admission_rules.expression(f"{path}.messageExpression", words, environment, ("STRING",))
    message = one.get("message") or ""
    if message and not message.strip():
        yield causes.invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif re.search(r"[\n\r]", message.strip()):
        yield causes.invalid(f"{path}.message", message, "message must not contain line breaks")
    yield from admission_rules.choice(f"{path}.reason", one.get("reason"), _REASONS)


def _annotations(policy_name: str, found: Any, environment: cel.Environment) -> Iterator[Cause]:
    if len(found) > MOST_ANNOTATIONS:
        text = f"must not have more than {MOST_ANNOTATIONS} auditAnnotations"
        yield causes.invalid("spec.auditAnnotations", found, text)
    seen: set[str] = set()
    for index, one in enumerate(found):
        path, key = f"spec.auditAnnotations[{index}]", one.get("key", "")
        text = (one.get("valueExpression") or "").strip()
        full = f"{policy_name}/{key}"
        yield from (causes.invalid(f"{path}.key", full, words) for words in names.label_key_errors(full))
        if not text:
            yield causes.required(f"{path}.valueExpression", "valueExpression is not specified")
        elif len(text) > LONGEST_ANNOTATION:
            yield causes.required(f"{path}.valueExpression", f"must not exceed {LONGEST_ANNOTATION} bytes in length")
        else:
            results = ("STRING", "NULL")
            yield from admission_rules.expression(f"{path}.valueExpression", text, environment, results)
        if key in seen:
            yield causes.duplicate(f"{path}.key", key)
        seen.add(key)


def binding(obj: Obj) -> list[Cause]:
    """A binding names a policy, its parameters, and what is done about a failure."""
    spec = obj.get("spec") or {}
    name = spec.get("policyName", "")
    found = [] if name else [causes.required("spec.policyName")]
    found += [causes.invalid("spec.policyName", name, text) for text in names.subdomain_1123_errors(name) if name]
    if spec.get("paramRef") is not None:
        found += _param_ref(spec["paramRef"])
    if spec.get("matchResources") is not None:
        found += admission_rules.match("spec.matchResources", spec["matchResources"])
    return found + list(_actions(spec.get("validationActions") or []))


def binding_update(new: Obj, old: Obj) -> list[Cause]:
    """A binding may change everything."""
    del old
    return binding(new)


def _param_ref(reference: Mapping[str, Any]) -> Iterator[Cause]:
    path, name, selector = "spec.paramRef", reference.get("name", ""), reference.get("selector")
    both = "name and selector are mutually exclusive"
    if name:
        yield from (causes.invalid(f"{path}.name", name, text) for text in names.path_segment_errors(name))
        if selector is not None:
            yield causes.forbidden(f"{path}.name", both)
    if selector is not None:
        yield from label_selectors.sound(f"{path}.selector", selector)
        if name:
            yield causes.forbidden(f"{path}.selector", both)
    if not name and selector is None:
        yield causes.required(path, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        yield causes.required(f"{path}.parameterNotFoundAction")
    else:
        yield from admission_rules.choice(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow"))


def _actions(given: list[str]) -> Iterator[Cause]:
    path = "spec.validationActions"
    for index, action in enumerate(given):
        yield from admission_rules.choice(f"{path}[{index}]", action, _ACTIONS)
        if action in given[:index]:
            yield causes.duplicate(f"{path}[{index}]", action)
    if "Deny" in given and "Warn" in given:
        text = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        yield causes.invalid(path, given, text)
    if not given:
        yield causes.required(path, "at least one validation action is required")
