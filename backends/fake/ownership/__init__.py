"""Who owns which field: metadata.managedFields and server-side apply.

The registry asks `tracking` at every write of a user, and `applying` merges what a user applies. Below them, `managers`
decides who owns what after a change, `values` compares, merges and prunes objects by their `shapes`, and `fieldsets`
are the sets of paths in which all of this is told. Rules and texts: sigs.k8s.io/structured-merge-diff/v6 and
k8s.io/apimachinery/pkg/util/managedfields; KEP-555.

It knows no store and no HTTP. An object of a kind that it has no shape for is not tracked.
"""

from backends.fake.ownership.applying import Apply, Creation
from backends.fake.ownership.tracking import Model, Writer, model_of, shape_of, track, writer_of

__all__ = ["Apply", "Creation", "Model", "Writer", "model_of", "shape_of", "track", "writer_of"]
