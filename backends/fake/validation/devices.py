"""What pods ask of devices: ResourceClaim and ResourceClaimTemplate. Defaults.

From pkg/apis/resource/v1/defaults.go.

Called by `registered`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def claim_defaults(obj: Obj) -> None:
    """A claim's requests are for one device each."""
    _fill(obj["spec"])


def template_defaults(obj: Obj) -> None:
    """The same for the claims that a template makes."""
    _fill(obj["spec"]["spec"])


def _fill(spec: Obj) -> None:
    for request in (spec.get("devices") or {}).get("requests") or ():
        exactly = request.get("exactly")
        for one in [*([exactly] if exactly is not None else []), *(request.get("firstAvailable") or ())]:
            one["allocationMode"] = one.get("allocationMode") or "ExactCount"
            if one["allocationMode"] == "ExactCount":
                one["count"] = one.get("count") or 1
            for toleration in one.get("tolerations") or ():
                toleration["operator"] = toleration.get("operator") or "Equal"
