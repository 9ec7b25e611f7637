"""May somebody do something: what is asked (`attributes`), what rules say (`rules`), who answers (`authorizer`).

Used by the server, once for each request, and by the reviews. `escalation` refuses whoever would give away more than he
has, `bootstrap` is what a cluster's roles are before anybody has written one. Who somebody is, is not decided here.
"""

from backends.fake.authorization.attributes import Attributes, requested
from backends.fake.authorization.authorizer import AlwaysAllow, Authorizer, Decision, Mode, Rbac, check, forbidden
from backends.fake.authorization.rules import Rule

__all__ = [
    "AlwaysAllow",
    "Attributes",
    "Authorizer",
    "Decision",
    "Mode",
    "Rbac",
    "Rule",
    "check",
    "forbidden",
    "requested",
]
