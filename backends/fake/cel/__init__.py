"""CEL as kube-apiserver speaks it: admission policies, match conditions, and the rules of custom resources.

The language itself is Google's own implementation (`cel-expr-python`, the extra `cel`); what Kubernetes adds to it is
in `lists`, `texts`, `quantities` and `addresses`. Called by whoever holds expressions:

    environment = cel.environment("self", "oldSelf")         # variables that an expression may name, all dynamic
    program = environment.compile("self.replicas <= 10")     # CompileError: its text is what a real server appends
    program.result                                           # "BOOL", "STRING", "DYN" ...: for "must evaluate to bool"
    bound = environment.bind({"self": obj, "oldSelf": None}) # once for many programs
    program.evaluate(bound)                                  # True; EvaluationError("no such key: replicas")

NOT there, and therefore refused when an expression that uses it is compiled ("undeclared reference to ..."): the
`authorizer` variable, the libraries `format`, `semver` and `image`, and comprehensions over two variables. Types are
checked as far as there are any: variables are dynamic, so the check knows nothing of an object's schema. Costs are not
estimated; an evaluation ends with an error after ten thousand iterations.

Everything raises `NotInstalledError` where the library is missing: an expression is never taken for true unseen.
"""

from backends.fake.cel.environment import Bound, Environment, Program, environment
from backends.fake.cel.errors import CelError, CompileError, EvaluationError, NotInstalledError

__all__ = [
    "Bound",
    "CelError",
    "CompileError",
    "Environment",
    "EvaluationError",
    "NotInstalledError",
    "Program",
    "environment",
]
