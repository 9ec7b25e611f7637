"""The rules of `metadata`, which all kinds share.

Rules: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, and pkg/apis/core/validation for finalizer names. Which
names a kind takes is a function of its own, given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, label_value_errors

MAX_ANNOTATION_BYTES = 256 * 1024
"""Of all keys and values of the annotations together."""

STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
"""Those that need no domain."""
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_BANNED_OWNER = ("v1", "Event")

NameRule = Callable[[str], tuple[str, ...]]


def create(
    metadata: Mapping[str, Any], name_rule: NameRule, path: str = "metadata", *, qualified_finalizers: bool = True
) -> list[Cause]:
    """What is wrong with the metadata of a new object, in the server's order.

    `qualified_finalizers` False: finalizers need no domain, as those of custom resources.
    """
    found: list[Cause] = []
    generate = metadata.get("generateName")
    if generate:
        found += [
            causes.invalid(f"{path}.generateName", generate, text)
            for text in name_rule(_without_trailing_dash(generate))
        ]
    name = metadata.get("name")
    if not name:
        found.append(causes.required(f"{path}.name", "name or generateName is required"))
    else:
        found += [causes.invalid(f"{path}.name", name, text) for text in name_rule(name)]
    found += causes.at_least_zero(f"{path}.generation", metadata.get("generation"))
    found += _members(metadata, path)
    finalizers = metadata.get("finalizers") or ()
    found += finalizer_causes(finalizers, f"{path}.finalizers", qualified=qualified_finalizers)
    return found


def update(new: Mapping[str, Any], old: Mapping[str, Any], path: str = "metadata") -> list[Cause]:
    """What is wrong with the metadata of a changed object."""
    found: list[Cause] = []
    if old.get("deletionTimestamp"):
        have = old.get("finalizers") or ()
        extra = sorted(set(new.get("finalizers") or ()) - set(have))
        if extra:
            shown = ", ".join(f'"{name}"' for name in extra)
            text = "no new finalizers can be added if the object is being deleted, found new finalizers"
            found.append(causes.forbidden(f"{path}.finalizers", f"{text} []string{{{shown}}}"))
    if not new.get("resourceVersion"):
        found.append(causes.invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (new.get("generation") or 0) < (old.get("generation") or 0):
        found.append(causes.invalid(f"{path}.generation", new.get("generation") or 0, "must not be decremented"))
    for member in _IMMUTABLE:
        if new.get(member) != old.get(member):
            value = new.get(member)
            empty = None if member.startswith(("deletion", "creation")) else ""
            found.append(causes.invalid(f"{path}.{member}", empty if value is None else value, "field is immutable"))
    return found + _members(new, path)


def _without_trailing_dash(prefix: str) -> str:
    return f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix


def _members(metadata: Mapping[str, Any], path: str) -> list[Cause]:
    found: list[Cause] = []
    if metadata.get("labels"):
        found += label_causes(metadata["labels"], f"{path}.labels")
    if metadata.get("annotations"):
        found += annotation_causes(metadata["annotations"], f"{path}.annotations")
    if metadata.get("ownerReferences"):
        found += owner_causes(metadata["ownerReferences"], f"{path}.ownerReferences")
    return found


def label_causes(given: Mapping[str, str], path: str) -> list[Cause]:
    """Keys are qualified names, values are short; both are reported at the map itself."""
    found: list[Cause] = []
    for key, value in given.items():
        wrong_key, wrong_value = label_key_errors(key), label_value_errors(value)
        if wrong_key or wrong_value:
            found += [causes.invalid(path, key, text) for text in wrong_key]
            found += [causes.invalid(path, value, text) for text in wrong_value]
    return found


def annotation_causes(given: Mapping[str, str], path: str) -> list[Cause]:
    """Keys are qualified names in any case; all together at most `MAX_ANNOTATION_BYTES`."""
    found = [causes.invalid(path, key, text) for key in given for text in label_key_errors(key.lower())]
    if sum(len(key) + len(value) for key, value in given.items()) > MAX_ANNOTATION_BYTES // 4:
        size = sum(len(key.encode()) + len(value.encode()) for key, value in given.items())
        if size > MAX_ANNOTATION_BYTES:
            found.append(causes.too_long(path, MAX_ANNOTATION_BYTES))
    return found


def owner_causes(given: list[Mapping[str, Any]], path: str) -> list[Cause]:
    """Each names a kind, a name and a uid; one at most is the controller; an Event owns nothing."""
    found: list[Cause] = []
    controller = ""
    for reference in given:
        group_version, kind = reference.get("apiVersion") or "", reference.get("kind") or ""
        if not group_version.rpartition("/")[2] or group_version.count("/") > 1:
            found.append(causes.invalid(f"{path}.apiVersion", group_version, "version must not be empty"))
        found += [
            causes.invalid(f"{path}.{member}", "", "must not be empty")
            for member in ("kind", "name", "uid")
            if not reference.get(member)
        ]
        if (group_version, kind) == _BANNED_OWNER:
            found.append(causes.invalid(path, dict(reference), "/v1, Kind=Event is disallowed from being an owner"))
        if reference.get("controller"):
            this = f"{kind}/{reference.get('name') or ''}"
            if controller:
                text = 'Only one reference can have Controller set to true. Found "true" in references for'
                found.append(causes.invalid(path, given, f"{text} {controller} and {this}"))
            controller = controller or this
    return found


def finalizer_name_causes(name: str, path: str) -> list[Cause]:
    """What is wrong with the name of one finalizer."""
    found = [causes.invalid(path, name, text) for text in label_key_errors(name)]
    if "/" not in name and name not in STANDARD_FINALIZERS:
        found.append(causes.invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified"))
    return found


def finalizer_causes(given: list[str] | tuple[str, ...], path: str, *, qualified: bool = True) -> list[Cause]:
    """Qualified names with a domain, or one of the standard ones; orphan and foregroundDeletion exclude each other."""
    found: list[Cause] = []
    for number, name in enumerate(given):
        found += [causes.invalid(f"{path}[{number}]", name, text) for text in label_key_errors(name)]
    if "orphan" in given and "foregroundDeletion" in given:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        found.append(causes.invalid(path, list(given), text))
    for number, name in enumerate(given if qualified else ()):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            found.append(causes.invalid(f"{path}[{number}]", name, text))
    return found
