"""What the built-in kinds look like: fields, types, merge keys, and how the API server reads and writes them.

Whoever decodes a request body asks `Schema`; strategic merge and the OpenAPI documents read the same types. The facts
come from one compact file (see `derive`), are parsed type by type on first use, and are frozen and shared afterwards.

It knows shapes only. Defaults and rules of a kind (which name, which range) are `backends.fake.validation`'s. Custom
resources are not described here.
"""

from backends.fake.schema.decoding import Decoded, DecodeError
from backends.fake.schema.reading import GroupVersionKind, KindSchema, Schema, repeated_members
from backends.fake.schema.types import Field, StructType, Type

__all__ = [
    "DecodeError",
    "Decoded",
    "Field",
    "GroupVersionKind",
    "KindSchema",
    "Schema",
    "StructType",
    "Type",
    "repeated_members",
]
