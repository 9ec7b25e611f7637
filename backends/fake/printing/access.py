"""What stands in the rows of what decides who may do what: bindings, certificates, webhooks, flow control."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import NONE, UNSET, age, condition, human, selector

Obj = Mapping[str, Any]
Cells = list[Any]


def _old(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def binding(obj: Obj, now: datetime) -> Cells:
    """Which role, to whom."""
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or ()
    named = {kind: [one["name"] for one in subjects if one.get("kind") == kind] for kind in ("User", "Group")}
    accounts = [f"{one.get('namespace', '')}/{one['name']}" for one in subjects if one.get("kind") == "ServiceAccount"]
    whom = [", ".join(names) for names in (named["User"], named["Group"], accounts)]
    return [obj["metadata"]["name"], f"{role.get('kind', '')}/{role.get('name', '')}", _old(obj, now), *whom]


def signing_request(obj: Obj, now: datetime) -> Cells:
    """Who asks whom for how long, and how it stands."""
    spec = obj.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    duration = NONE if seconds is None else human(seconds)
    signer, who = spec.get("signerName") or NONE, spec.get("username") or ""
    return [obj["metadata"]["name"], _old(obj, now), signer, who, duration, _signed(obj)]


def _signed(obj: Obj) -> str:
    text = "Denied" if condition(obj, "Denied") else "Approved" if condition(obj, "Approved") else "Pending"
    failed = ",Failed" if condition(obj, "Failed") else ""
    issued = ",Issued" if (obj.get("status") or {}).get("certificate") else ""
    return f"{text}{failed}{issued}"


def webhooks(obj: Obj, now: datetime) -> Cells:
    """How many there are."""
    return [obj["metadata"]["name"], len(obj.get("webhooks") or ()), _old(obj, now)]


def policy(obj: Obj, now: datetime) -> Cells:
    """How many rules it has, and what its parameters are."""
    spec = obj.get("spec") or {}
    held = spec.get("paramKind")
    kind = UNSET if held is None else f"{held.get('apiVersion', '')}/{held.get('kind', '')}"
    return [obj["metadata"]["name"], len(spec.get("validations") or ()), kind, _old(obj, now)]


def policy_binding(obj: Obj, now: datetime) -> Cells:
    """Which policy it binds, with which parameters."""
    spec = obj.get("spec") or {}
    held = spec.get("paramRef") or {}
    parameters = UNSET
    if held.get("name"):
        parameters = f"{held.get('namespace') or '*'}/{held['name']}"
    elif held.get("selector") is not None:
        parameters = selector(held["selector"])
    return [obj["metadata"]["name"], spec.get("policyName") or "", parameters, _old(obj, now)]


def flow_schema(obj: Obj, now: datetime) -> Cells:
    """Which level its requests are of, and which schema comes first."""
    spec = obj.get("spec") or {}
    level = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
    method = (spec.get("distinguisherMethod") or {}).get("type") or NONE
    dangling = condition(obj, "Dangling")
    missing = "?" if dangling is None else dangling.get("status") or ""
    return [obj["metadata"]["name"], level, spec.get("matchingPrecedence") or 0, method, _old(obj, now), missing]


def priority_level(obj: Obj, now: datetime) -> Cells:
    """Its share and its queues."""
    spec = obj.get("spec") or {}
    limited = spec.get("limited")
    numbers: Cells = [NONE] * 4
    if limited is not None:
        numbers[0] = limited.get("nominalConcurrencyShares") or 0
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            numbers[1:] = [queuing.get(member) or 0 for member in ("queues", "handSize", "queueLengthLimit")]
    return [obj["metadata"]["name"], spec.get("type") or "", *numbers, _old(obj, now)]


def api_service(obj: Obj, now: datetime) -> Cells:
    """Who serves it, and whether it can be had."""
    held = (obj.get("spec") or {}).get("service")
    where = "Local" if held is None else f"{held.get('namespace', '')}/{held.get('name', '')}"
    found = condition(obj, "Available") or {"status": "Unknown"}
    status = found.get("status") or ""
    text = f"{status} ({found['reason']})" if status != "True" and found.get("reason") else status
    return [obj["metadata"]["name"], where, text, _old(obj, now)]
