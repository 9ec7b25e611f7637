"""Defaults and rules of the built-in kinds: what is filled in, and what is refused with 422.

Called by the registry after decoding. `prepare_defaults` is the API machinery's defaulting: it depends on the object
alone. What depends on other objects or on the server (admission, allocation of addresses, status on create, generation)
is not here. Each family of kinds has one module; `registered` joins them.

Objects are expected as `backends.fake.schema` decodes them: right types, canonical quantities, no empty members.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import certificates, metadata, pod_doors
from backends.fake.validation.causes import Cause
from backends.fake.validation.registered import rules_of

__all__ = ["Cause", "prepare_defaults", "validate_create", "validate_update"]

GVK = tuple[str, str, str]

_OWN_RULES = {**pod_doors.RULES, **certificates.RULES}
"""The subresources beside status that have rules: one kind alone has each."""


def prepare_defaults(gvk: GVK, obj: dict[str, Any]) -> None:
    """Fill in what the server fills in for this kind. Changes `obj`; doing it twice changes nothing more."""
    fill = rules_of(gvk).defaults
    if fill is not None:
        fill(obj)


def validate_create(gvk: GVK, obj: dict[str, Any]) -> list[Cause]:
    """What is wrong with a new object that has its defaults; empty when nothing is."""
    rules = rules_of(gvk)
    found = metadata.create(obj.get("metadata") or {}, rules.name)
    if rules.create is not None:
        found += rules.create(obj)
    return found


def validate_update(gvk: GVK, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> list[Cause]:
    """What is wrong with a change from `old` to `new`, through the main resource or a subresource ("status").

    Metadata's causes are there twice: the generic registry checks them, and then every kind does so again.
    """
    rules = rules_of(gvk)
    found = metadata.update(new.get("metadata") or {}, old.get("metadata") or {}) * 2
    check = rules.update_status if subresource == "status" else rules.update if not subresource else None
    if subresource in _OWN_RULES:
        check = _OWN_RULES[subresource]
    if check is not None:
        found += check(new, old)
    return found
