"""`PatchError`: why a patch is refused."""

from __future__ import annotations

REJECTED = "the server rejected our request due to an error in our request"


class PatchError(Exception):
    """The patch cannot be read or applied.

    `status` is the HTTP code, `reason` the Status reason ("" for none), `message` the server's text. Of these answers
    422 carries empty details and the others none.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


def unreadable(message: str) -> PatchError:
    """400: the patch is not what its media type says."""
    return PatchError(400, "BadRequest", message)


def unfit() -> PatchError:
    """422: the patch does not apply to the object. The server does not say why."""
    return PatchError(422, "Invalid", REJECTED)


def failed(message: str) -> PatchError:
    """500: strategic merge gave up; this is how the server words most mistakes in such a patch."""
    return PatchError(500, "", message)
