"""Label and field selectors: parsing with the server's error texts, and matching.

Called by list, watch and deletecollection, and by the controllers. Parsing happens once a request; what comes back is
called with each object's labels, or with the object.
"""

from backends.fake.selectors.errors import SelectorError
from backends.fake.selectors.fields import FieldSelector, FieldTerm, exact_field, parse_fields
from backends.fake.selectors.labels import LabelSelector, Requirement, labels_of, parse_labels

__all__ = [
    "FieldSelector",
    "FieldTerm",
    "LabelSelector",
    "Requirement",
    "SelectorError",
    "exact_field",
    "labels_of",
    "parse_fields",
    "parse_labels",
]
