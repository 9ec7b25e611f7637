"""x-kubernetes-validations: rules in CEL over a value, and over what it was before.

Texts and the order of rules are those of k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel (validation.go);
names and values are given to CEL as .../schema/cel/model and apiserver/pkg/cel (escaping.go, value.go) do it. A rule
that names `oldSelf` is evaluated where something was there before; a rule over what has not changed may fail.
Compiled on first use. Raises `ApiError` 501 where the CEL library is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backends.fake import cel, statuses
from backends.fake.custom import references
from backends.fake.custom.checking import NOWHERE
from backends.fake.custom.containers import correlated
from backends.fake.custom.references import escaped
from backends.fake.custom.structural import ABSENT, Structural
from backends.fake.validation import Cause, causes

Obj = dict[str, Any]

_OLD = re.compile(r"\boldSelf\b")
_REASONS: Mapping[str, Callable[[str, str], Cause]] = {
    "FieldValueForbidden": causes.forbidden,
    "FieldValueRequired": causes.required,
    "FieldValueDuplicate": lambda path, _: causes.duplicate(path, ""),
}


def not_installed(error: cel.NotInstalledError) -> statuses.ApiError:
    """501: rules are never taken for true unseen."""
    return statuses.not_imitated(f"the rules of this definition: {error}")


@dataclass(slots=True)
class Rule:
    """One rule, compiled."""

    given: Mapping[str, Any]
    text: str
    compares: bool
    """Does it name `oldSelf`?"""
    program: cel.Program
    first: cel.Program | None
    """For a rule whose `oldSelf` is optional: the rule for what was not there before."""
    message: cel.Program | None


def compile_rule(given: Mapping[str, Any], schema: Structural) -> Rule:
    """Compile a rule of a schema. Raises `CompileError`, `NotInstalledError`."""
    text, optional = given["rule"].strip(), bool(given.get("optionalOldSelf"))
    typed = references.typed(text, schema)
    environment = cel.environment("self", "oldSelf")
    known = _OLD.sub("optional.of(oldSelf)", typed) if optional else typed
    first = environment.compile(_OLD.sub("optional.none()", typed)) if optional else None
    message = references.typed(given.get("messageExpression") or "", schema)
    return Rule(
        given=given,
        text=text,
        compares=_OLD.search(text) is not None,
        program=environment.compile(known),
        first=first,
        message=environment.compile(message) if message else None,
    )


class Expressions:
    """All rules of one schema."""

    def __init__(self, root: Structural) -> None:
        self._root = root
        self.none = not has_rules(root)
        """Whether there are none."""
        self._compiled: dict[int, list[Rule]] = {}

    def problems(self, new: Obj, old: Obj | None) -> list[Cause]:
        """What the rules say of an object. Raises `ApiError` 501 without the CEL library."""
        try:
            return list(self._walk(self._root, _root_value(new), ABSENT if old is None else _root_value(old), ""))
        except cel.NotInstalledError as error:
            raise not_installed(error) from error

    def of_value(self, value: Any, path: str) -> list[Cause]:
        """What the rules say of a value at `path` that is no object of its own: a default."""
        try:
            return list(self._walk(self._root, value, ABSENT, path))
        except cel.NotInstalledError as error:
            raise not_installed(error) from error
        except cel.CompileError:
            return []  # said where the rule stands

    def _walk(self, schema: Structural, value: Any, old: Any, path: str) -> Iterator[Cause]:
        rules = self._rules(schema)
        if rules and value is not None:
            yield from self._evaluated(rules, schema, value, old, path)
        if isinstance(value, dict):
            before = old if isinstance(old, dict) else {}
            for name, member in value.items():
                child = schema.child(name)
                if child is not None:
                    where = f"{path}.{name}" if name in schema.properties else f"{path}[{name}]"
                    yield from self._walk(child, member, before.get(name, ABSENT), where.removeprefix("."))
        elif isinstance(value, list) and schema.items is not None:
            for number, (item, was) in enumerate(
                zip(value, correlated(schema.source, value, None if old is ABSENT else old), strict=True)
            ):
                yield from self._walk(schema.items, item, was, f"{path}[{number}]")

    def _rules(self, schema: Structural) -> list[Rule]:
        given = schema.source.get("x-kubernetes-validations")
        if not given:
            return []
        kept = self._compiled.get(id(schema))
        if kept is None:
            kept = self._compiled[id(schema)] = [compile_rule(one, schema) for one in given]
        return kept

    def _evaluated(self, rules: list[Rule], schema: Structural, value: Any, old: Any, path: str) -> Iterator[Cause]:
        environment = cel.environment("self", "oldSelf")
        was = None if old is ABSENT else to_cel(old, schema)
        bound = environment.bind({"self": to_cel(value, schema), "oldSelf": was})
        for rule in rules:
            program = rule.program
            if old is ABSENT and rule.compares:
                if rule.first is None:
                    continue
                program = rule.first
            if old is not ABSENT and not rule.compares and value == old:
                continue
            where = path or NOWHERE
            try:
                holds = program.evaluate(bound)
            except cel.EvaluationError as error:
                yield causes.invalid(where, schema.type, _failed(str(error), rule))
                continue
            if holds is not True:
                yield _cause(rule, schema, where, bound)


def has_rules(schema: Structural | None) -> bool:
    """Whether a schema has any rule."""
    if schema is None:
        return False
    below = (*schema.properties.values(), schema.items, schema.additional)
    return bool(schema.source.get("x-kubernetes-validations")) or any(has_rules(one) for one in below)


def _failed(error: str, rule: Rule) -> str:
    shown = (rule.given.get("message") or "").strip() or rule.text
    if error.startswith("no such overload"):
        what = "call arguments did not match a supported operator, function or macro signature"
        return f"'{error}': {what} for rule: {shown}"
    if error.startswith("operation cancelled"):
        return f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}"
    return f"{error} evaluating rule: {shown}"


def _cause(rule: Rule, schema: Structural, where: str, bound: cel.Bound) -> Cause:
    text = (rule.given.get("message") or "").strip() or f"failed rule: {rule.text}"
    if rule.message is not None:
        text = _message(rule.message, bound) or text
    below = (rule.given.get("fieldPath") or "").removeprefix(".")
    if below:
        where = below if where == NOWHERE else f"{where}.{below}"
    made = _REASONS.get(rule.given.get("reason") or "")
    if made is not None:
        return made(where, text)
    return causes.invalid(where, schema.type, text)


def _message(program: cel.Program, bound: cel.Bound) -> str:
    """What a messageExpression comes to; empty where it comes to nothing that can be a message."""
    try:
        found = program.evaluate(bound)
    except cel.EvaluationError:
        return ""
    text = found.strip() if isinstance(found, str) else ""
    return "" if "\n" in text or len(text) > 5 * 1024 else text


# ---- values and names


def _root_value(obj: Obj) -> Obj:
    """An object as its root rules see it: of the metadata, the names alone."""
    held = obj.get("metadata") or {}
    return {**obj, "metadata": {name: held[name] for name in ("name", "generateName") if name in held}}


def to_cel(value: Any, schema: Structural | None) -> Any:
    """A value as CEL is given it: names escaped, numbers of the type that the schema says. Times stay texts."""
    if schema is None or schema.int_or_string:
        return value
    if isinstance(value, dict):
        if schema.properties or not schema.open:
            return {escaped(name): to_cel(member, schema.child(name)) for name, member in value.items()}
        return {name: to_cel(member, schema.additional) for name, member in value.items()}
    if isinstance(value, list):
        return [to_cel(item, schema.items) for item in value]
    if schema.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
