"""One class for each thing that a caller does differently.

    KubeactionsError
    ├─ UserError            somebody typed or configured something wrong: one line, an exit code, no traceback
    │  ├─ SettingsError
    │  ├─ SourceError
    │  └─ BackendUnavailable
    ├─ Malformed            a config that is no list of actions; says which field and why
    ├─ LedgerError
    │  ├─ LedgerClosed      fail closed: unreadable, other schema, other cluster, missing: execute nothing
    │  ├─ LedgerFull        no room for new open records: the config stays unacknowledged
    │  └─ Fenced            another replica holds the epoch: stop at once
    └─ KubeError            an answer, or none, of the API server
       ├─ Refused           a definite 4xx: nothing was done
       │  ├─ BadRequest (400)   ├─ Unauthorized (401)  ├─ Forbidden (403)   ├─ NotFound (404)
       │  ├─ Conflict (409)     ├─ Gone (410)          ├─ Invalid (422)     └─ TooManyRequests (429)
       ├─ Unavailable       anything else, a lost answer included: it may have been applied
       │  └─ Unreachable    no connection came about: nothing was sent
       └─ TooLarge          a read's answer is longer than the caller allowed

Programming errors are RuntimeError or ValueError and are never caught.
"""

# ruff: noqa: N818  The names say what happened in the field's words (Conflict, Gone, Forbidden); "Error" would add nothing.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class KubeactionsError(Exception):
    """The root; never raised itself."""


class UserError(KubeactionsError):
    """A mistake of the person at the keyboard: printed as one line, ends with `exit_code`."""

    exit_code = 2


class SettingsError(UserError):
    """The settings file or environment does not make sense."""

    exit_code = 3


class SourceError(UserError):
    """The source cannot be read at all (a single bad config in it is `Malformed`)."""

    exit_code = 4


class BackendUnavailable(UserError):
    """The cluster cannot be reached or opened."""

    exit_code = 5


class Malformed(KubeactionsError):
    """A config is not a list of actions. `field` is the path to what is wrong (`actions[0].resource.kind`)."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


class LedgerError(KubeactionsError):
    """The ledger does not let us go on."""


class LedgerClosed(LedgerError):
    """Fail closed: what the ledger says cannot be trusted, so nothing is executed. The text says what to do."""

    REMEDY = (
        "nothing is executed; bring it back from a backup or undo the edit; if its history is lost for good, begin a "
        "new one with: kubeactions ledger init"
    )
    """The end of every text: only a person can say that what is lost may be given up."""

    def __init__(self, finding: str) -> None:
        super().__init__(f"{finding}; {self.REMEDY}")
        self.finding = finding
        """What was found, without what to do about it."""


class LedgerFull(LedgerError):
    """The open records fill the ledger's head; the config stays unacknowledged until there is room."""


class Fenced(LedgerError):
    """Another replica has taken the epoch; this one must stop at once and write nothing more."""


class KubeError(KubeactionsError):
    """An API server's answer that is not a success, or the lack of one."""

    def __init__(self, message: str, *, status: int = 0, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        """The HTTP status, 0 when there was no answer."""
        self.body: Mapping[str, Any] = body or {}
        """The Status object, {} when there was none."""


class Refused(KubeError):
    """A definite 4xx: the server says that nothing was done."""


class BadRequest(Refused):
    """400."""


class Unauthorized(Refused):
    """401."""


class Forbidden(Refused):
    """403."""


class NotFound(Refused):
    """404."""


class Conflict(Refused):
    """409: a precondition or resourceVersion did not hold, or the name exists."""


class Gone(Refused):
    """410: the resourceVersion or continue token is too old."""


class Invalid(Refused):
    """422: the object is invalid, or a JSON patch `test` failed."""


class TooManyRequests(Refused):
    """429; `retry_after_s` is the server's Retry-After in seconds, None when it gave none (an eviction's may not)."""

    retry_after_s: float | None = None


PASSING = (TooManyRequests, Conflict, Gone)
"""Refusals of a look that are no answer: asked once more, the server may say something else."""


class Unavailable(KubeError):
    """Doubt: 5xx, a timeout, a cut connection. The request may have been applied."""


class Unreachable(Unavailable):
    """No connection came about, so nothing was sent. The one kind of `Unavailable` that leaves no doubt."""


class TooLarge(KubeError):
    """The answer to a read is longer than the caller allowed; nothing of it was kept."""
