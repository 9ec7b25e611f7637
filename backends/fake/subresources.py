"""Subresources: status, scale, binding, finalize and their like; what is not imitated is refused here.

Called by the server for every path with a subresource. Eviction has a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from backends.fake import eviction, imitation, metadata, options, statuses
from backends.fake.admission.attributes import CREATE, Attributes
from backends.fake.bodies import media_type, read_kind, read_object
from backends.fake.call import Call
from backends.fake.containers import check_node
from backends.fake.conversion import encoded
from backends.fake.messages import Response
from backends.fake.ownership import Writer
from backends.fake.patches import change_of
from backends.fake.reading import get, json_response
from backends.fake.registry import Registry
from backends.fake.scaling import scale
from backends.fake.strategies.base import kept_but_for_owners
from backends.fake.validation.metadata import finalizer_causes
from backends.fake.writing import check_name, check_namespace, checked, writer

Obj = dict[str, Any]
Prepare = Callable[[Obj, Obj], Obj]

BINDING = ("", "v1", "Binding")
BOUND = orjson.dumps(
    {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
)


def answer(registry: Registry, call: Call) -> Response:
    """Whatever a subresource answers."""
    route, resource = call.route, call.served
    name = route.subresource
    if call.verb not in resource.subresources[name].verbs and name != "proxy":
        raise statuses.method_not_allowed()
    if name in imitation.REFUSED_SUBRESOURCES:
        _find_node(registry, call)
        raise statuses.not_imitated(imitation.REFUSED_SUBRESOURCES[name])
    if name == "scale":
        return scale(registry, call)
    if name == "eviction":
        return eviction.evict(registry, call)
    if name == "binding":
        return bind(registry, call, route.name)
    if call.verb == "get":
        return get(registry, call)
    if name == "approval":
        return _write(registry, call, partial(_approval, at=metadata.timestamp(registry.clock.wall())))
    return _write(registry, call, _PREPARE.get(name))


def _find_node(registry: Registry, call: Call) -> None:
    """What must be there before anybody is told that it is not imitated: the object, and the pod's node."""
    entry = registry.find(call.served, call.route.namespace, call.route.name)
    if call.served is registry.pods:
        check_node(registry, entry.load())


def _write(registry: Registry, call: Call, prepare: Prepare | None) -> Response:
    route, resource = call.route, call.served
    who: Writer | None = writer(registry, call)
    assert who is not None
    if call.verb == "patch":
        change = checked(call, change_of(call, resource, who))
        options.check_write(call, "PatchOptions")
        uid = None
        if media_type(call) == options.APPLY_PATCH:
            who = None  # it says itself who owns what afterwards
    else:
        options.check_write(call, "UpdateOptions")
        obj = read_object(call, resource)
        check_name(resource, obj, route.namespace, route.name)
        uid = obj["metadata"].get("uid")

        def change(_: Obj) -> Obj:
            return obj

    entry = registry.update(
        resource,
        route.namespace,
        route.name,
        change,
        subresource=route.subresource,
        dry_run=call.dry_run,
        uid=uid,
        prepare=prepare,
        writer=who,
        asking=call,
    )
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))


# ---- what may be written through which door


def _ephemeral(new: Obj, old: Obj) -> Obj:
    """Only the ephemeral containers; the generation rises with them."""
    wanted = (new.get("spec") or {}).get("ephemeralContainers")
    spec = dict(old.get("spec") or {})
    spec.pop("ephemeralContainers", None)
    if wanted:
        spec["ephemeralContainers"] = wanted
    return _with_spec(old, new, spec)


def _resize(new: Obj, old: Obj) -> Obj:
    """Only the resources of containers that are there; where others are named, the rules refuse all of it."""
    spec = dict(old["spec"])
    for member in ("containers", "initContainers"):
        asked, held = new["spec"].get(member) or [], spec.get(member) or []
        if [one.get("name") for one in asked] != [one["name"] for one in held]:
            return {**new, "status": old.get("status") or {}}
        if held:
            spec[member] = [_resized(one, with_) for one, with_ in zip(held, asked, strict=True)]
    return _with_spec(old, new, spec)


def _resized(container: Obj, asked: Obj) -> Obj:
    result = dict(container)
    for member in ("resources", "resizePolicy"):
        result.pop(member, None)
        if member in asked:
            result[member] = asked[member]
    return result


def _with_spec(old: Obj, new: Obj, spec: Obj) -> Obj:
    result = dict(old)
    result["metadata"] = kept_but_for_owners(new, old)
    result["spec"] = spec
    if spec != old.get("spec") and "generation" in old["metadata"]:
        result["metadata"]["generation"] = old["metadata"]["generation"] + 1
    return result


def _finalize(new: Obj, old: Obj) -> Obj:
    """Only the finalizers of a namespace's spec."""
    result = dict(old)
    result["metadata"] = new["metadata"]
    finalizers = (new.get("spec") or {}).get("finalizers") or []
    causes = finalizer_causes(finalizers, "spec.finalizers")
    if causes:
        raise statuses.invalid("Namespace", new["metadata"]["name"], "", [cause._asdict() for cause in causes])
    result["spec"] = {"finalizers": finalizers} if finalizers else {}
    return result


def _approval(new: Obj, old: Obj, at: str) -> Obj:
    """Only the conditions of a certificate request, with the moments that they do not name themselves."""
    before = {(one.get("type"), one.get("status")): one for one in (old.get("status") or {}).get("conditions") or ()}
    conditions = (new.get("status") or {}).get("conditions") or []
    for one in conditions:
        same = before.get((one.get("type"), one.get("status"))) or {}
        one["lastUpdateTime"] = one.get("lastUpdateTime") or at
        one["lastTransitionTime"] = one.get("lastTransitionTime") or same.get("lastTransitionTime") or at
    result = dict(old)
    result["metadata"] = new["metadata"]
    result["status"] = {**(old.get("status") or {}), "conditions": conditions}
    return result


_PREPARE: dict[str, Prepare] = {
    "ephemeralcontainers": _ephemeral,
    "resize": _resize,
    "finalize": _finalize,
}


# ---- binding


def bind(registry: Registry, call: Call, name: str) -> Response:
    """A scheduler's verdict: the pod is on that node. `name` empty: the binding names the pod."""
    route = call.route
    options.check_write(call, "CreateOptions")
    binding = read_kind(call, BINDING)
    check_namespace(call.served, binding, route.namespace)
    target, named = binding.get("target") or {}, binding["metadata"].get("name") or ""
    if name and named and named != name:
        raise statuses.bad_request("name in URL does not match name in Binding object")
    _check_target(target)
    pods = registry.pods
    pod_name = name or named
    admit_creation(registry, call, "binding", binding)
    at = metadata.timestamp(registry.clock.wall())

    def place(pod: Obj) -> Obj:
        _check_place(registry, call, binding["metadata"], pod["metadata"])
        return _placed(pod, target["name"], binding["metadata"], at)

    entry = registry.update(
        pods, route.namespace, pod_name, place, subresource="binding", dry_run=call.dry_run, prepare=lambda new, _: new
    )
    call.uid = entry.uid
    return json_response(201, BOUND)


def _check_place(registry: Registry, call: Call, asked: Obj, held: Obj) -> None:
    """A binding may say which pod it means; one posted to a collection loses its uid on the way."""
    uid = asked.get("uid") if call.route.subresource else None
    for what, want, found in (
        ("UID", uid, held["uid"]),
        ("ResourceVersion", asked.get("resourceVersion"), held["resourceVersion"]),
    ):
        if want and want != found:
            raise registry.other_object(registry.pods, call.route.namespace, held["name"], want, found, what)


def admit_creation(registry: Registry, call: Call, subresource: str, obj: Obj) -> None:
    """What is created through a subresource, and not stored, is admitted like anything else. Raises `ApiError`."""
    write = Attributes(
        CREATE, call.served, call.route.namespace, obj, None, call, subresource=subresource, dry_run=call.dry_run
    )
    registry.admission.mutate(write)
    registry.admission.validate(write)


def _check_target(target: Obj) -> None:
    """ValidatePodBinding; the real server answers 500 with the bare text."""
    errors = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"')
    if not target.get("name"):
        errors.append("target.name: Required value")
    if errors:
        raise statuses.ApiError(500, "", errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


def _placed(pod: Obj, node: str, binding: Obj, at: str) -> Obj:
    name, spec = pod["metadata"]["name"], pod["spec"]
    if pod["metadata"].get("deletionTimestamp"):
        raise _not_bound(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _not_bound(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _not_bound(name, f"pod {name} has non-empty .spec.schedulingGates")
    held = {**pod["metadata"]}
    for member in ("labels", "annotations"):
        if binding.get(member):
            held[member] = {**(held.get(member) or {}), **binding[member]}
    condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": at}
    status = pod.get("status") or {}
    others = [one for one in status.get("conditions") or [] if one.get("type") != "PodScheduled"]
    status = {**status, "conditions": [*others, condition]}
    return {**pod, "metadata": held, "spec": {**spec, "nodeName": node}, "status": status}


def _not_bound(name: str, why: str) -> statuses.ApiError:
    return statuses.conflict("pods/binding", name, "", why)
