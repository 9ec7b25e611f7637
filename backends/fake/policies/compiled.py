"""A ValidatingAdmissionPolicy as programs, and what they say of one write.

plugin/policy/validating (validator.go, dispatcher.go) and plugin/cel (compile.go, composition.go) of k8s.io/apiserver.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from backends.fake import cel
from backends.fake.forking import Immutable

Obj = dict[str, Any]

LONGEST_MESSAGE = 5 * 1024
LONGEST_ANNOTATION = 10 * 1024
_VARIABLE = re.compile(r"\bvariables\s*\.\s*(\w+)")
_TYPES = {"BOOL": "bool", "STRING": "string", "NULL": "null_type"}


def expression_environment(*, params: bool) -> cel.Environment:
    """What the expressions of a policy may name. Raises `cel.NotInstalledError`."""
    more = ("params",) if params else ()
    return cel.environment("object", "oldObject", "request", "namespaceObject", "variables", *more)


def compile_checked(environment: cel.Environment, text: str, results: tuple[str, ...]) -> cel.Program:
    """Compile an expression that must come to one of these types. Raises `cel.CompileError` in the server's words."""
    try:
        program = environment.compile(text)
    except cel.CompileError as error:
        raise cel.CompileError(f"compilation failed: {error}") from None
    if program.result not in results:
        names = [_TYPES[one] for one in results]
        wanted = names[0] if len(names) == 1 else f"one of [{' '.join(names)}]"
        raise cel.CompileError(f"must evaluate to {wanted}")
    return program


class Decision(NamedTuple):
    """What one validation says against a write. `reason` is empty where it could not be evaluated."""

    message: str
    reason: str
    at: int
    """Position among the validations."""


class Verdict(NamedTuple):
    """What a policy says of a write with one parameter."""

    against: list[Decision]
    annotations: list[tuple[str, str]]
    """For the audit."""
    broken: list[str]
    """Annotations that could not be evaluated, in words: those deny."""


class _Validation(NamedTuple):
    text: str
    program: cel.Program
    message: str
    message_program: cel.Program | None
    reason: str


class Objects(NamedTuple):
    """What the variables of expressions stand for."""

    object: Obj | None
    old_object: Obj | None
    request: Obj
    namespace: Obj | None
    params: Obj | None


class CompiledPolicy(Immutable):
    """One policy. Compiling raises `cel.CelError`; evaluating raises nothing."""

    def __init__(self, policy: Mapping[str, Any]) -> None:
        spec = policy.get("spec") or {}
        self.name: str = policy["metadata"]["name"]
        self.spec = spec
        self.fails_open: bool = spec.get("failurePolicy") == "Ignore"
        self._has_params = spec.get("paramKind") is not None
        environment = self._environment = expression_environment(params=self._has_params)
        compile_ = environment.compile
        self._conditions = [(one["name"], compile_(one["expression"])) for one in spec.get("matchConditions") or ()]
        self._variables = {one["name"]: compile_(one["expression"]) for one in spec.get("variables") or ()}
        self._validations = [_validation(one, compile_) for one in spec.get("validations") or ()]
        self._annotations = [
            (one["key"], compile_(one["valueExpression"])) for one in spec.get("auditAnnotations") or ()
        ]

    def evaluate(self, objects: Objects) -> Verdict:
        """What the policy says."""
        scope = _Scope(self._environment, self._variables, objects, has_params=self._has_params)
        held, problem = _all_hold(self._conditions, scope)
        if problem:
            return Verdict([] if self.fails_open else [Decision(problem, "", 0)], [], [])
        if not held:
            return Verdict([], [], [])
        against = [
            decision
            for index, one in enumerate(self._validations)
            if (decision := self._decide(index, one, scope)) is not None
        ]
        annotations: list[tuple[str, str]] = []
        broken: list[str] = []
        for key, program in self._annotations:
            value, problem = scope.value(program)
            if problem:
                broken += [] if self.fails_open else [problem]
            elif isinstance(value, str) and value.strip():
                annotations.append((key, value.strip()[:LONGEST_ANNOTATION]))
        return Verdict(against, annotations, broken)

    def _decide(self, index: int, one: _Validation, scope: _Scope) -> Decision | None:
        value, problem = scope.value(one.program)
        if problem:
            return None if self.fails_open else Decision(problem, "", index)
        if value is True:
            return None
        message = ""
        if one.message_program is not None:
            found, problem = scope.value(one.message_program)
            if not problem and isinstance(found, str):
                message = found.strip()
            if len(message) > LONGEST_MESSAGE or "\n" in message:
                message = ""
        message = message or one.message.strip() or f"failed expression: {one.text.strip()}"
        return Decision(message, one.reason or "Invalid", index)


def _validation(one: Mapping[str, Any], compile_: Callable[[str], cel.Program]) -> _Validation:
    asked = one.get("messageExpression")
    return _Validation(
        one["expression"],
        compile_(one["expression"]),
        one.get("message") or "",
        compile_(asked) if asked else None,
        one.get("reason") or "",
    )


def all_conditions_hold(
    conditions: Iterable[Mapping[str, Any]], environment: cel.Environment, values: Mapping[str, Any]
) -> tuple[bool, str]:
    """Whether all matchConditions hold, and what went wrong; one that does not hold outweighs those that failed."""
    bound = environment.bind(values)
    problem = ""
    for one in conditions:
        try:
            if environment.compile(one["expression"]).evaluate(bound) is not True:
                return False, ""
        except cel.CelError as error:
            problem = problem or f"expression '{one['expression']}' resulted in error: {error}"
    return not problem, problem


def _all_hold(conditions: Iterable[tuple[str, cel.Program]], scope: _Scope) -> tuple[bool, str]:
    problems = []
    for _, program in conditions:
        value, problem = scope.value(program)
        if problem:
            problems.append(problem)
        elif value is not True:
            return False, ""
    return not problems, problems[0] if problems else ""


class _Scope:
    """The objects of one write, and the variables that have been asked for so far.

    A variable is evaluated when an expression that names it is; one that fails is missing, so that an expression that
    does not get as far as to look at it does not fail.
    """

    def __init__(
        self, environment: cel.Environment, programs: Mapping[str, cel.Program], objects: Objects, *, has_params: bool
    ) -> None:
        self._environment = environment
        self._programs = programs
        self._values: dict[str, Any] = {}
        self._failed: dict[str, str] = {}
        self._base: dict[str, Any] = {
            "object": objects.object,
            "oldObject": objects.old_object,
            "request": objects.request,
            "namespaceObject": objects.namespace,
        }
        if has_params:
            self._base["params"] = objects.params
        self._bound = self._bind()

    def _bind(self) -> cel.Bound:
        return self._environment.bind({**self._base, "variables": dict(self._values)})

    def value(self, program: cel.Program) -> tuple[Any, str]:
        """What an expression comes to, and what went wrong; one of both."""
        self._prepare(program.text)
        try:
            return program.evaluate(self._bound), ""
        except cel.EvaluationError as error:
            return None, f"expression '{program.text}' resulted in error: {self._explained(str(error))}"

    def _prepare(self, text: str) -> None:
        for name in _VARIABLE.findall(text):
            program = self._programs.get(name)
            if program is None or name in self._values or name in self._failed:
                continue
            self._failed[name] = ""  # nobody waits for himself
            self._prepare(program.text)
            try:
                self._values[name] = program.evaluate(self._bound)
                del self._failed[name]
                self._bound = self._bind()
            except cel.EvaluationError as error:
                self._failed[name] = self._explained(str(error))

    def _explained(self, error: str) -> str:
        name = error.removeprefix("no such key: ")
        if name != error and self._failed.get(name):
            return f'composited variable "{name}" fails to evaluate: {self._failed[name]}'
        return error
