"""Environments, programs and values: the door to the CEL library.

Made once for each set of variables and kept; compiling costs some 50 us, evaluating a few microseconds once the objects
are bound, and binding some 10 us (a 3 kB object).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from backends.fake.cel import addresses, lists, quantities, texts
from backends.fake.cel.declaring import Function
from backends.fake.cel.errors import CompileError, EvaluationError, NotInstalledError, reworded
from backends.fake.forking import Immutable

NULL, BOOL, STRING, DYN = "NULL", "BOOL", "STRING", "DYN"


@functools.cache
def environment(*variables: str) -> Environment:
    """The environment in which expressions may name these variables. Raises `NotInstalledError`."""
    return Environment(variables)


class Bound:
    """Objects that have been given to the variables of an environment."""

    __slots__ = ("activation",)

    def __init__(self, activation: Any) -> None:
        self.activation = activation


class Program(Immutable):
    """A compiled expression."""

    __slots__ = ("_program", "result", "text")

    def __init__(self, text: str, program: Any) -> None:
        self.text = text
        self._program = program
        self.result: str = program.return_type().name()
        """The type of what it comes to: "BOOL", "STRING", "DYN" where that is not known before."""

    def evaluate(self, bound: Bound) -> Any:
        """What the expression comes to: None, bool, int, float, str, bytes, datetime, timedelta, list or dict.

        Raises `EvaluationError`.
        """
        try:
            found = self._program.eval(bound.activation)
            value, failed = found.plain_value(), found.type().name() == "ERROR"
        except (RuntimeError, TypeError) as error:
            # TypeError: a value that Python has no type for, as an optional one.
            raise EvaluationError(reworded(str(error))) from None
        if failed:
            raise EvaluationError(reworded(str(value)))
        return value


class Environment(Immutable):
    """What expressions may name."""

    __slots__ = ("_cel",)

    def __init__(self, variables: Iterable[str]) -> None:
        try:
            from cel_expr_python import cel
            from cel_expr_python.ext import ext_bindings, ext_encoders, ext_optional, ext_strings
        except ImportError:
            raise NotInstalledError from None
        extensions: list[Any] = [
            ext_bindings.ExtBindings(),
            ext_encoders.ExtEncoders(),
            ext_optional.ExtOptional(),
            ext_strings.ExtStrings(),
            # Last, and as an extension: so these overloads join those that the others have under the same name.
            cel.CelExtension("kubernetes", _declarations((*texts.finding(_check_pattern), *_FUNCTIONS))),
        ]
        self._cel = cel.NewEnv(
            variables=dict.fromkeys(variables, cel.Type.DYN),
            extensions=extensions,
        )

    def compile(self, expression: str) -> Program:
        """Compile an expression. Raises `CompileError`."""
        try:
            return Program(expression, self._cel.compile(expression))
        except RuntimeError as error:
            raise CompileError(reworded(str(error))) from None

    def bind(self, values: Mapping[str, Any]) -> Bound:
        """Give JSON values (None, bool, int, float, str, list, dict) to the variables.

        They are read when a program asks for them: do not change them before. An integer beyond 64 bits fails then.
        """
        return Bound(self._cel.Activation(values))


_FUNCTIONS: tuple[Function, ...] = (
    *lists.FUNCTIONS,
    *texts.FUNCTIONS,
    *quantities.FUNCTIONS,
    *addresses.FUNCTIONS,
)


def _declarations(functions: Iterable[Function]) -> list[Any]:
    from cel_expr_python import cel

    kinds = _types(cel.Type)
    named: dict[str, list[Any]] = {}
    for function in functions:
        identifier = f"{function.name}_{function.member}_{'_'.join(function.parameters)}"
        named.setdefault(function.name, []).append(
            cel.Overload(
                identifier,
                return_type=kinds[function.result],
                parameters=[kinds[one] for one in function.parameters],
                is_member=function.member,
                impl=function.call,
            )
        )
    return [cel.FunctionDecl(name, overloads) for name, overloads in named.items()]


def _types(kind: Any) -> dict[str, Any]:
    """The library's types by the words that declarations have for them."""
    strings = kind.List(kind.STRING)
    return {
        "bool": kind.BOOL,
        "double": kind.DOUBLE,
        "duration": kind.DURATION,
        "dyn": kind.DYN,
        "int": kind.INT,
        "list(dyn)": kind.List(kind.DYN),
        "list(string)": strings,
        "map(dyn, dyn)": kind.Map(kind.DYN, kind.DYN),
        "map(string, list(string))": kind.Map(kind.STRING, strings),
        "map(string, string)": kind.Map(kind.STRING, kind.STRING),
        "string": kind.STRING,
        "timestamp": kind.TIMESTAMP,
    }


def _check_pattern(pattern: str) -> None:
    """Raises ValueError for what is no regular expression of RE2."""
    probe = environment("pattern")
    try:
        probe.compile("''.matches(pattern)").evaluate(probe.bind({"pattern": pattern}))
    except EvaluationError as error:
        raise ValueError(str(error)) from None
