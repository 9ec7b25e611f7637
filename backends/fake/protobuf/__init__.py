"""Kubernetes' protobuf encoding: bodies as Go clients and kubectl send them, and answers for those who ask for them.

`decode` reads an envelope into what JSON would say, `encode` writes an object that JSON says. Both follow one table of
field numbers, which is derived (see `table`): every built-in kind of a stable version but those of apiextensions and
apiregistration. A body of any other kind is refused; a field that the table does not have is skipped, as the real
server skips those of a newer release. It knows shapes only; what an object's values must be is for others.
"""

from backends.fake.protobuf.reading import decode
from backends.fake.protobuf.table import MAGIC, ProtobufError, UnknownKindError, has_message
from backends.fake.protobuf.writing import encode, event

__all__ = ["MAGIC", "ProtobufError", "UnknownKindError", "decode", "encode", "event", "has_message"]
