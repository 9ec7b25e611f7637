"""What a container's environment and a volume's files may show of their pod: its fields, and its containers' resources.

Rules: `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` in
pkg/apis/core/validation/validation.go, `ConvertDownwardAPIFieldLabel` in pkg/apis/core/pods/helpers.go.

Called by `volumes` and `containers`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors

Obj = Mapping[str, Any]

IN_VARIABLES = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
"""The fields that a variable may show."""
IN_FILES = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
"""The fields that a file of a volume may show."""
_SHOWN_SOMEWHERE = frozenset({*IN_VARIABLES, *IN_FILES, "spec.restartPolicy", "spec.schedulerName", "status.phase"})
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_HUGE = ("limits.hugepages-", "requests.hugepages-")
_SUBSCRIPTED = re.compile(r"(.+)\['(.*)'\]")
_BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_CORES = ("1m", "1")


def field(path: str, reference: Obj, allowed: tuple[str, ...]) -> list[Cause]:
    """What is wrong with a reference to one of the `allowed` fields, or to one label or annotation."""
    name = reference.get("fieldPath", "")
    if not name:
        return [causes.required(f"{path}.fieldPath")]
    subscripted = _SUBSCRIPTED.fullmatch(name)
    if subscripted is not None:
        of, key = subscripted.groups()
        if of not in ("metadata.annotations", "metadata.labels"):
            text = f"error converting fieldPath: field label does not support subscript: {name}"
            return [causes.invalid(f"{path}.fieldPath", name, text)]
        key = key.lower() if of == "metadata.annotations" else key
        return [causes.invalid(path, key, text) for text in label_key_errors(key)]
    if name not in _SHOWN_SOMEWHERE:
        text = f"error converting fieldPath: field label not supported: {name}"
        return [causes.invalid(f"{path}.fieldPath", name, text)]
    return [] if name in allowed else [causes.not_supported(f"{path}.fieldPath", name, allowed)]


def resource(path: str, reference: Obj, *, in_file: bool = False) -> list[Cause]:
    """What is wrong with a reference to a container's resource; a file must name the container."""
    name, found = reference.get("resource", ""), list[Cause]()
    if in_file and not reference.get("containerName"):
        found.append(causes.required(f"{path}.containerName"))
    elif not name:
        found.append(causes.required(f"{path}.resource"))
    elif name not in _RESOURCES and not name.startswith(_HUGE):
        found.append(causes.not_supported(f"{path}.resource", name, _RESOURCES))
    return found + _divisor(f"{path}.divisor", name, reference.get("divisor", "0"))


def _divisor(path: str, name: str, divisor: str) -> list[Cause]:
    if divisor == "0" or not (name in _RESOURCES or name.startswith(_HUGE)):
        return []
    if name.endswith(".cpu"):
        text = "only divisor's values 1m and 1 are supported with the cpu resource"
        return [] if divisor in _CORES else [causes.invalid(path, name, text)]
    what = "memory" if name.endswith(".memory") else "hugepages"
    what = "local ephemeral storage" if name.endswith(".ephemeral-storage") else what
    text = f"only divisor's values {', '.join(_BYTES)} are supported with the {what} resource"
    return [] if divisor in _BYTES else [causes.invalid(path, name, text)]
