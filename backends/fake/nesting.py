"""Values that are nested deeper than can be written: what the JSON encoder says of them, told from every other error.

orjson reads 1024 levels and writes 254, and its `JSONEncodeError` is `TypeError` itself: whoever catches that would
take a mistake of the server's for one of the client's.
"""

from __future__ import annotations

from typing import Final

TOO_DEEP: Final = (RecursionError, TypeError)
"""What may be raised for such a value; `is_too_deep` then says whether it was."""
_ENCODER: Final = "Recursion limit reached"


def is_too_deep(error: Exception) -> bool:
    """Whether an error says that a value was nested too deeply, and nothing else."""
    return isinstance(error, RecursionError) or (type(error) is TypeError and str(error) == _ENCODER)
