"""The deprecated /componentstatuses: how the parts of the control plane are. Nothing here can be ill.

Called by the server. From pkg/registry/core/componentstatus: nothing is stored, each request asks the parts anew.
"""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake import listing, selectors, statuses
from backends.fake.call import Call
from backends.fake.messages import Response
from backends.fake.reading import json_response

RESOURCE = ("", "componentstatuses")
_PARTS = ("controller-manager", "etcd-0", "scheduler")
_WELL = [{"type": "Healthy", "status": "True", "message": "ok"}]


def answer(call: Call) -> Response:
    """Get and list. Raises `ApiError` 400, 404, 422."""
    if not call.name:
        listing.options_of(call, call.served, watch=False)  # refuses what cannot be read
        items = [_part(name) for name in _PARTS if _is_meant(call, name)]
        return _told({"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": items})
    if call.name not in _PARTS:
        error = statuses.not_found("componentstatuses", call.name)
        error.message = f'componentstatus "{call.name}" not found'
        raise error
    return _told({"kind": "ComponentStatus", "apiVersion": "v1", **_part(call.name)})


def _part(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "conditions": _WELL}


def _told(document: dict[str, Any]) -> Response:
    return json_response(200, orjson.dumps(document))


def _is_meant(call: Call, name: str) -> bool:
    """Whether the selectors let a part through, which has a name and no labels."""
    labels = selectors.parse_labels(call.query.get("labelSelector", ""))
    fields = selectors.parse_fields(*RESOURCE, call.query.get("fieldSelector", ""), None)
    return labels({}) and fields({"metadata": {"name": name}})
