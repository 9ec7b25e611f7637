"""How `kubectl get` sees objects: as rows of a Table, or as their metadata alone.

The server asks for a `Representation` where a client's Accept header does (`negotiation.py`), and puts every answer
and every watch event through it (`representation.py`); plain JSON passes none of this. `columns.py` has the columns of
each kind, as data; the other modules have what stands in them, kind by kind, as
pkg/printers/internalversion/printers.go prints it. A real server always prints wide: which columns are shown is
kubectl's choice.

Refused: other representations, and Tables as protobuf.
"""
