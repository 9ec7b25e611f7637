"""The scale subresource: how many replicas a workload wants, as an autoscaling/v1 Scale.

Called by `subresources`. From pkg/registry/apps/*/storage/storage.go (ScaleREST).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from backends.fake import options, ownership, statuses
from backends.fake.bodies import media_type, parse_apply, read_kind
from backends.fake.call import Call
from backends.fake.conversion import loaded
from backends.fake.messages import Response
from backends.fake.ownership import Writer
from backends.fake.patches import change_of, change_to
from backends.fake.reading import json_response
from backends.fake.registry import Registry, View
from backends.fake.store import Entry
from backends.fake.writing import check_name, writer

if TYPE_CHECKING:
    from backends.fake.custom.scale import ScalePaths

Obj = dict[str, Any]

SCALE = ("autoscaling", "v1", "Scale")


def scale(registry: Registry, call: Call) -> Response:
    """get, update and patch of a Scale."""
    route, resource = call.route, call.served
    if call.verb == "get":
        entry = registry.find(resource, route.namespace, route.name)
        return _answer(call, entry)
    uid = None
    who: Writer | None = writer(registry, call)
    assert who is not None
    custom = _custom(call)
    if call.verb == "patch":
        options.check_write(call, "PatchOptions")
        if media_type(call) == options.APPLY_PATCH:
            return _apply(registry, call, who)
        patched = change_of(call, resource, who, SCALE)
    else:
        options.check_write(call, "UpdateOptions")
        body = read_kind(call, SCALE)
        uid = body["metadata"].get("uid")

        def patched(_: Obj) -> Obj:
            return body

    def change(obj: Obj) -> Obj:
        wanted = patched(scale_of(obj) if custom is None else custom.scale(obj, replicas_needed=False))
        check_name(resource, wanted, route.namespace, route.name)
        _check(wanted, obj)
        replicas = (wanted.get("spec") or {}).get("replicas") or 0
        kept = obj["metadata"]["resourceVersion"] if custom is not None else ""
        version = wanted["metadata"].get("resourceVersion") or kept
        scaled = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
        if custom is not None:
            custom.put(scaled, replicas)
        else:
            scaled["spec"] = {**obj["spec"], "replicas": replicas}
        return scaled

    entry = registry.update(
        resource,
        route.namespace,
        route.name,
        change,
        dry_run=call.dry_run,
        uid=uid,
        # Nobody comes to own the replicas of a custom resource by its scale: so it was recorded.
        writer=who if custom is None else None,
        asking=call,
        view=_view(call),
    )
    return _answer(call, entry)


def _apply(registry: Registry, call: Call, who: Writer) -> Response:
    """Server-side apply of a Scale: the workload's own replicas come to be owned (managedfields.ScaleHandler)."""
    route, resource = call.route, call.served
    wanted = parse_apply(call)
    model = ownership.model_of(*SCALE)
    assert model is not None
    custom = _custom(call)
    apply = ownership.Apply(
        wanted, who, model.shape, SCALE, force=call.flag("force"), has_status=False, blank=model.blank
    )

    def change(obj: Obj) -> Obj:
        apply.check()
        check_name(resource, wanted, route.namespace, route.name)
        _check({"metadata": {}, **wanted}, obj)
        replicas = (wanted.get("spec") or {}).get("replicas")
        scaled: Obj = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": {"name": route.name}}
        if replicas is not None and custom is not None:
            custom.put(scaled, replicas)
        elif replicas is not None:
            scaled["spec"] = {"replicas": replicas}
        return change_to(call, resource, who, scaled)(obj)

    view = _view(call)
    entry = registry.update(resource, route.namespace, route.name, change, dry_run=call.dry_run, asking=call, view=view)
    return _answer(call, entry)


def _custom(call: Call) -> ScalePaths | None:
    """Where the replicas of a custom resource are; None for a built-in workload."""
    return call.served.custom.scale if call.served.custom is not None else None


def _view(call: Call) -> View:
    """What admission sees of the write."""
    paths = _custom(call)
    return VIEW if paths is None else View("scale", partial(paths.scale, replicas_needed=False))


def _answer(call: Call, entry: Entry) -> Response:
    call.uid = entry.uid
    paths = _custom(call)
    if paths is not None:
        return json_response(200, orjson.dumps(paths.scale(loaded(call.served, entry))))
    return json_response(200, orjson.dumps(scale_of(entry.load())))


def _check(wanted: Obj, obj: Obj) -> None:
    metadata, name = wanted["metadata"], obj["metadata"]["name"]
    causes = []
    if metadata.get("uid") not in (None, "", obj["metadata"]["uid"]):
        text = f'Invalid value: "{metadata["uid"]}": field is immutable'
        causes.append({"field": "metadata.uid", "reason": "FieldValueInvalid", "message": text})
    replicas = (wanted.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        causes.append({"field": "spec.replicas", "reason": "FieldValueInvalid", "message": text})
    if causes:
        raise statuses.invalid("Scale", name, "autoscaling", causes)


def scale_of(obj: Obj) -> Obj:
    """The Scale of a workload."""
    source, spec = obj["metadata"], obj.get("spec") or {}
    members = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = spec.get("replicas")
    status: Obj = {"replicas": (obj.get("status") or {}).get("replicas") or 0}
    selector = _as_text(spec.get("selector") or {})
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {member: source[member] for member in members if member in source},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _as_text(selector: Obj) -> str:
    """A LabelSelector as a query parameter would say it; a plain map (ReplicationControllers) is matchLabels."""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        selector = {"matchLabels": selector}
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression.get("key", ""), ",".join(sorted(expression.get("values") or []))
        text = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append((key, text.get(expression.get("operator", ""), f"!{key}")))
    return ",".join(text for _, text in sorted(terms))


VIEW = View("scale", scale_of)
"""What admission sees of a write through this subresource."""
