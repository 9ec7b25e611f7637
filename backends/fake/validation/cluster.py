"""Namespace, Node, Lease, Event, PodDisruptionBudget: defaults and rules.

Rules: `ValidateNamespace`, `ValidateNode` in pkg/apis/core/validation, `ValidateLease` in pkg/apis/coordination,
`ValidateEventCreate` in pkg/apis/core/validation/events.go, `ValidatePodDisruptionBudget` in pkg/apis/policy.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, cluster_ips, label_selectors, metadata, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, label_value_errors
from backends.fake.validation.placement import TAINT_EFFECTS

Obj = dict[str, Any]

_NAME_LABEL = "kubernetes.io/metadata.name"
_EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_EVENT_TEXT = 128
_EVENT_MESSAGE = 1024
_UNSET = "needs to be unset"


def namespace_defaults(obj: Obj) -> None:
    """A Namespace carries its name as a label."""
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {})[_NAME_LABEL] = name


def namespace(obj: Obj) -> list[Cause]:
    """What a Namespace waits for before it goes has a name of its own."""
    finalizers = (obj.get("spec") or {}).get("finalizers") or ()
    return [cause for one in finalizers for cause in metadata.finalizer_name_causes(one, "spec.finalizers")]


def namespace_status(new: Obj, old: Obj) -> list[Cause]:
    """A Namespace terminates when it is deleted, and only then."""
    del old
    deleted, phase = "deletionTimestamp" in new["metadata"], (new.get("status") or {}).get("phase", "")
    if phase == ("Terminating" if deleted else "Active"):
        return []
    text = "`deletionTimestamp` is not empty" if deleted else "`deletionTimestamp` is empty"
    wanted = "Terminating" if deleted else "Active"
    return [causes.invalid("status.Phase", phase, f"may only be '{wanted}' if {text}")]


def node_defaults(obj: Obj) -> None:
    """All of a Node's capacity may be allocated; the first network of its pods is written twice."""
    in_step(obj["spec"], "podCIDR", "podCIDRs")
    status = obj["status"]
    if "capacity" in status:
        status.setdefault("allocatable", dict(status["capacity"]))


def in_step(holder: Obj, one: str, many: str) -> None:
    """Of two members, the first of `many` is `one`; where they differ the latter holds, which older clients write."""
    single, several = holder.get(one), holder.get(many) or []
    if single and single != next(iter(several), None):
        holder[many] = [single]
    elif several and not single:
        holder[one] = several[0]


def node(obj: Obj) -> list[Cause]:
    """A Node's taints, how much it has, and the networks of its pods."""
    found = _taints(obj["spec"].get("taints") or [], "metadata.taints")
    return found + _amounts(obj) + _pod_networks(obj["spec"])


def _amounts(obj: Obj) -> list[Cause]:
    status = obj.get("status") or {}
    return [
        cause
        for member in ("capacity", "allocatable")
        for name, given in (status.get(member) or {}).items()
        for cause in quantities.amount(f"status.{member}.{name}", name, given)
    ]


def _pod_networks(spec: Obj) -> list[Cause]:
    networks = spec.get("podCIDRs") or []
    return [
        cause
        for number, network in enumerate(networks)
        for cause in cluster_ips.cidr(f"spec.podCIDRs[{number}]", network)
    ]


def node_update(new: Obj, old: Obj) -> list[Cause]:
    """A Node is validated as a new one and then once more; its addresses are given once."""
    return node(new) + node_change(new, old)


def node_change(new: Obj, old: Obj) -> list[Cause]:
    """What may not change in a Node, whatever door the change comes through."""
    want, have = new["spec"], old["spec"]
    found = _amounts(new)
    addresses = (new.get("status") or {}).get("addresses") or []
    for number, address in enumerate(addresses):
        if address in addresses[:number]:
            shown = {"Type": address.get("type", ""), "Address": address.get("address", "")}
            found.append(causes.duplicate(f"status.addresses[{number}]", shown))
    if have.get("podCIDRs") and want.get("podCIDRs") != have["podCIDRs"]:
        text = 'node updates may not change podCIDR except from "" to valid'
        found.append(causes.forbidden("spec.podCIDRs", text))
    if have.get("providerID") and want.get("providerID") != have["providerID"]:
        text = 'node updates may not change providerID except from "" to valid'
        found.append(causes.forbidden("spec.providerID", text))
    found += _taints(want.get("taints") or [], "metadata.taints")
    if want.get("externalID") != have.get("externalID"):
        found.append(causes.forbidden("spec.externalID", "may not be updated"))
    return found


def _taints(given: list[Obj], path: str) -> list[Cause]:
    found: list[Cause] = []
    seen: set[tuple[str, str]] = set()
    for number, taint in enumerate(given):
        where = f"{path}[{number}]"
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        found += [causes.invalid(f"{where}.key", key, text) for text in label_key_errors(key)]
        texts = label_value_errors(value)
        found += [causes.invalid(f"{where}.value", value, ";".join(texts))] if texts else []
        if not effect:
            found.append(causes.required(f"{where}.effect"))
        elif effect not in TAINT_EFFECTS:
            found.append(causes.not_supported(f"{where}.effect", effect, TAINT_EFFECTS))
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": None}
            cause = causes.duplicate(where, shown)
            found.append(cause._replace(message=f"{cause.message}: taints must be unique by key and effect pair"))
        seen.add((key, effect))
    return found


def lease(obj: Obj) -> list[Cause]:
    """A Lease lasts at least a second."""
    spec = obj.get("spec") or {}
    found: list[Cause] = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        found.append(causes.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    return found + causes.at_least_zero("spec.leaseTransitions", spec.get("leaseTransitions"))


def lease_update(new: Obj, old: Obj) -> list[Cause]:
    """A Lease may change hands freely."""
    del old
    return lease(new)


def budget(obj: Obj) -> list[Cause]:
    """A budget says what must stay or what may go, not both."""
    spec = obj["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    found: list[Cause] = []
    if least is not None and most is not None:
        shown = {
            "MinAvailable": least,
            "Selector": spec.get("selector"),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        found.append(causes.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        found += quantities.count_or_percent(f"spec.{name}", value)
        found += quantities.at_most_all(f"spec.{name}", value)
    found += label_selectors.sound("spec.selector", spec.get("selector"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        found.append(causes.not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES))
    return found


def budget_update(new: Obj, old: Obj) -> list[Cause]:
    """A budget may change all of its spec."""
    del old
    return budget(new)


def core_event(obj: Obj) -> list[Cause]:
    """A core/v1 Event: it is about something in its own namespace; with an eventTime it must be complete."""
    about = (obj.get("involvedObject") or {}).get("namespace", "")
    reporter = obj.get("reportingComponent", "")
    return _event(obj, about, "reportingComponent", reporter, obj.get("message", ""))


def event(obj: Obj) -> list[Cause]:
    """An events.k8s.io/v1 Event, whose paths are told in the terms of the core one."""
    about = (obj.get("regarding") or {}).get("namespace", "")
    reporter = obj.get("reportingController", "")
    found = _event(obj, about, "reportingController", reporter, obj.get("note", ""))
    if not obj.get("eventTime"):
        found.append(causes.required("eventTime"))
    if obj.get("type") not in ("Normal", "Warning"):
        found.append(causes.invalid("type", "", f"has invalid value: {obj.get('type', '')}"))
    source = obj.get("deprecatedSource") or {}
    old = {
        "firstTimestamp": obj.get("deprecatedFirstTimestamp"),
        "lastTimestamp": obj.get("deprecatedLastTimestamp"),
        "count": obj.get("deprecatedCount"),
        "source": source.get("component") or source.get("host"),
    }
    return found + [causes.invalid(name, "", _UNSET) for name, value in old.items() if value]


def _event(obj: Obj, about: str, reporter_field: str, reporter: str, message: str) -> list[Cause]:
    mine = obj["metadata"].get("namespace", "")
    elsewhere = causes.invalid("involvedObject.namespace", about, "does not match event.namespace")
    if not obj.get("eventTime"):
        return [] if about == mine or (not about and mine == "default") else [elsewhere]
    found = [elsewhere] if not about and mine not in ("default", "kube-system") else []
    if not reporter:
        found.append(causes.required(reporter_field))
    found += [causes.invalid(reporter_field, reporter, text) for text in label_key_errors(reporter)]
    for name in ("reportingInstance", "action", "reason"):
        if not obj.get(name):
            found.append(causes.required(name))
        elif len(obj[name]) > _EVENT_TEXT:
            found.append(causes.invalid(name, "", f"can have at most {_EVENT_TEXT} characters"))
    if len(message) > _EVENT_MESSAGE:
        found.append(causes.invalid("message", "", f"can have at most {_EVENT_MESSAGE} characters"))
    return found


def core_event_update(new: Obj, old: Obj) -> list[Cause]:
    """A core Event is validated as a new one."""
    del old
    return core_event(new)


def event_update(new: Obj, old: Obj) -> list[Cause]:
    """An Event of events.k8s.io keeps what it says; only its series goes on."""
    names = {
        "regarding": "involvedObject", "reason": "reason", "note": "message", "eventTime": "eventTime",
        "action": "action", "related": "related", "reportingController": "reportingController",
        "reportingInstance": "reportingInstance", "type": "type",
    }  # fmt: skip
    return [
        causes.invalid(shown, new.get(name), "field is immutable")
        for name, shown in names.items()
        if new.get(name) != old.get(name)
    ]
