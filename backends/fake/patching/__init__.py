"""The patch types of the API server: JSON patch, JSON merge patch, strategic merge patch.

Called by the request chain with the stored object as JSON data and the parsed patch; the answer is a new document that
may share what did not change, and inputs are never mutated. Server-side apply is `ownership`'s.

Reading the patch body and the typed checks on the result (unknown fields, wrong types) are the request chain's; the
texts that it needs for them are here (`shown_json`, `go_format`).
"""

from backends.fake.patching.errors import PatchError
from backends.fake.patching.shown import go_format, shown_json

__all__ = ["PatchError", "go_format", "shown_json"]
