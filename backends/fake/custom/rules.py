"""What is wrong with a CustomResourceDefinition, and what is filled in.

Called by the registry through `validation.registered`. From
k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go and .../validation/validation.go. The real server
looks at its internal form, where what all versions have in common stands at the spec itself: so a schema that they
share is found wrong at `spec.validation`, and one of its own at `spec.versions[1].schema`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backends.fake import statuses
from backends.fake.custom import formats, member_rules, nested, schema_rules
from backends.fake.custom.approval import APPROVED, approval, is_protected
from backends.fake.validation.causes import Cause, forbidden, invalid, not_supported, required
from backends.fake.validation.names import label_1035_errors, subdomain_1123_errors

Obj = dict[str, Any]
Spec = Mapping[str, Any]


_MAX_WARNING = 256


def defaults(crd: Obj) -> None:
    """Fill in the singular name, the list kind and the conversion. Raises `ApiError` 400 for schemas that are none."""
    nested.read(crd)
    spec = crd.get("spec") or {}
    names = spec.get("names")
    if isinstance(names, dict):
        kind = names.get("kind") or ""
        if not names.get("singular"):
            names["singular"] = kind.lower()
        if not names.get("listKind") and kind:
            names["listKind"] = f"{kind}List"
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}


def create(crd: Obj) -> list[Cause]:
    """What is wrong with a new definition. Raises `ApiError` 501 for what is not imitated."""
    spec, metadata = crd["spec"], crd["metadata"]
    found: list[Cause] = []
    name = metadata.get("name") or ""
    if name and name != f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}":
        found.append(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    found += _spec(spec)
    found += _status(crd)
    found += _stored_versions(crd)
    found += _approval(spec, metadata, None)
    found += _preserve(spec, None)
    if not found:
        _refuse_webhook(spec)
    return found


def update(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a changed definition. Raises `ApiError` 501 for what is not imitated."""
    spec, before = new["spec"], old["spec"]
    found = _spec(spec)
    if any(
        one.get("type") == "Established" and one.get("status") == "True"
        for one in (old.get("status") or {}).get("conditions") or ()
    ):
        found += _immutable(spec, before, "scope")
        found += _immutable(spec["names"], before["names"], "kind", "spec.names")
    found += _immutable(spec, before, "group")
    found += _immutable(spec["names"], before["names"], "plural", "spec.names")
    found += _status(new)
    found += _stored_versions(new)
    found += _approval(spec, new["metadata"], old["metadata"])
    found += _preserve(spec, before)
    if not found:
        _refuse_webhook(spec)
    return found


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a changed status."""
    del old
    return _status(new)


def warnings(new: Obj, old: Obj | None) -> list[str]:
    """The formats that the server does not know, but for those that were there before."""
    before = set(_unknown_formats(old["spec"])) if old is not None else set()
    return [f'unrecognized format "{name}"' for name in _unknown_formats(new["spec"]) if name not in before]


def _unknown_formats(spec: Spec) -> list[str]:
    found: list[str] = []
    for version in spec.get("versions") or ():
        pending: list[Any] = [(version.get("schema") or {}).get("openAPIV3Schema")]
        while pending:
            node = pending.pop()
            if isinstance(node, list):
                pending += node
            elif isinstance(node, Mapping):
                form = node.get("format")
                if isinstance(form, str) and form and not formats.is_known(form):
                    found.append(form)
                pending += [node.get(member) for member in ("items", "additionalProperties", "not")]
                pending += [one for member in ("allOf", "anyOf", "oneOf") for one in node.get(member) or ()]
                pending += list((node.get("properties") or {}).values())
    return sorted(set(found))


def _refuse_webhook(spec: Spec) -> None:
    if (spec.get("conversion") or {}).get("strategy") == "Webhook":
        raise statuses.not_imitated("conversion of custom resources by a webhook; strategy None is")


def _immutable(new: Spec, old: Spec, member: str, path: str = "spec") -> list[Cause]:
    if new.get(member) == old.get(member):
        return []
    return [invalid(f"{path}.{member}", new.get(member) or "", "field is immutable")]


# ---- the spec


def _spec(spec: Spec) -> list[Cause]:
    found = [*_group(spec.get("group") or ""), *_word("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))]
    versions = spec.get("versions") or []
    shared = {
        member: _is_shared(versions, member)
        for member in ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
    }
    if not shared["schema"]:
        found += [
            required(f"spec.versions[{number}].schema.openAPIV3Schema", "schemas are required")
            for number, version in enumerate(versions)
            if not (version.get("schema") or {}).get("openAPIV3Schema")
        ]
    for number, version in enumerate(versions):
        found += _version(version, f"spec.versions[{number}]", shared)
    found += _versions(versions)
    names = spec.get("names") or {}
    found += [
        required(f"spec.names.{name}") for name in ("plural", "singular", "kind", "listKind") if not names.get(name)
    ]
    found += _names(names, "spec.names")
    found += _shared(versions, shared)
    return [*found, *_conversion(spec.get("conversion") or {})]


def _is_shared(versions: Sequence[Spec], member: str) -> bool:
    """Whether all versions say the same; then the internal form says it once."""
    return bool(versions) and all(one.get(member) and one[member] == versions[0].get(member) for one in versions)


def _group(group: str) -> Iterator[Cause]:
    if not group:
        yield required("spec.group")
    elif texts := subdomain_1123_errors(group):
        yield invalid("spec.group", group, ",".join(texts))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _word(path: str, value: Any, allowed: Sequence[str]) -> Iterator[Cause]:
    if not value:
        yield required(path)
    elif value not in allowed:
        yield not_supported(path, value, allowed)


def _versions(versions: Sequence[Spec]) -> Iterator[Cause]:
    names = [version.get("name") for version in versions]
    if len(set(names)) != len(names):
        yield _wrong_versions(versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield _wrong_versions(versions, "must have exactly one version marked as storage version")


def _wrong_versions(versions: Sequence[Spec], detail: str) -> Cause:
    told = [
        {
            "Name": one.get("name") or "",
            "Served": bool(one.get("served")),
            "Storage": bool(one.get("storage")),
            "Deprecated": bool(one.get("deprecated")),
            "DeprecationWarning": one.get("deprecationWarning"),
            "Schema": None,
            "Subresources": None,
            "AdditionalPrinterColumns": None,
            "SelectableFields": None,
        }
        for one in versions
    ]
    return invalid("spec.versions", told or None, detail)


def _version(version: Spec, path: str, shared: Mapping[str, bool]) -> Iterator[Cause]:
    name = version.get("name") or ""
    if texts := label_1035_errors(name):
        yield invalid(f"{path}.name", name, ",".join(texts))
    warning = version.get("deprecationWarning")
    for text in _warning(bool(version.get("deprecated")), warning):
        yield invalid(f"{path}.deprecationWarning", warning, text)
    subresources = version.get("subresources") or {}
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is not None and not shared["schema"]:
        has_status = subresources.get("status") is not None
        yield from schema_rules.problems(schema, f"{path}.schema", has_status=has_status)
    if not shared["subresources"]:
        yield from member_rules.subresources(subresources, f"{path}.subresources")
    if not shared["additionalPrinterColumns"]:
        yield from member_rules.columns(
            version.get("additionalPrinterColumns") or (), f"{path}.additionalPrinterColumns"
        )
    if not shared["selectableFields"]:
        yield from member_rules.selectable(version.get("selectableFields") or (), schema, f"{path}.selectableFields")


def _shared(versions: Sequence[Spec], shared: Mapping[str, bool]) -> Iterator[Cause]:
    """What all versions have in common, at its place in the internal form."""
    if not versions:
        return
    first = versions[0]
    if shared["schema"]:
        has_status = any((one.get("subresources") or {}).get("status") is not None for one in versions)
        schema = first["schema"].get("openAPIV3Schema")
        if schema is not None:
            yield from schema_rules.problems(schema, "spec.validation", has_status=has_status)
    if shared["subresources"]:
        yield from member_rules.subresources(first["subresources"], "spec.subresources")
    if shared["additionalPrinterColumns"]:
        yield from member_rules.columns(first["additionalPrinterColumns"], "spec.additionalPrinterColumns")
    if shared["selectableFields"]:
        schema = (first.get("schema") or {}).get("openAPIV3Schema")
        yield from member_rules.selectable(first["selectableFields"], schema, "spec.selectableFields")


def _warning(deprecated: bool, text: str | None) -> Iterator[str]:
    if text is None:
        return
    if not deprecated:
        yield "can only be set for deprecated versions"
        return
    if len(text) > _MAX_WARNING:
        yield f"must be <= {_MAX_WARNING} characters long"
    if not text:
        yield "must not be an empty string"
    for number, char in enumerate(text):
        if not char.isprintable():
            what = "non-printable character found at index"
            yield f"must only contain printable UTF-8 characters; {what} {number}"
            return


def _names(names: Spec, path: str) -> Iterator[Cause]:
    for member in ("plural", "singular"):
        name = names.get(member) or ""
        if name and (texts := label_1035_errors(name)):
            yield invalid(f"{path}.{member}", name, ",".join(texts))
    for member in ("kind", "listKind"):
        name = names.get(member) or ""
        if name and (texts := label_1035_errors(name.lower())):
            text = "may have mixed case, but should otherwise match: " + ",".join(texts)
            yield invalid(f"{path}.{member}", name, text)
    for number, name in enumerate(names.get("shortNames") or ()):
        if texts := label_1035_errors(name):
            yield invalid(f"{path}.shortNames[{number}]", name, ",".join(texts))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same")
    for number, name in enumerate(names.get("categories") or ()):
        if texts := label_1035_errors(name):
            yield invalid(f"{path}.categories[{number}]", name, ",".join(texts))


def _conversion(conversion: Spec) -> Iterator[Cause]:
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook")
    yield from _word("spec.conversion.strategy", strategy, ("None", "Webhook"))
    client = (webhook or {}).get("clientConfig")
    if strategy == "Webhook":
        if client is None:
            yield required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")
        elif (client.get("url") is None) == (client.get("service") is None):
            yield required("spec.conversion.webhookClientConfig", "exactly one of url or service is required")
        if not (webhook or {}).get("conversionReviewVersions"):
            yield required("spec.conversion.conversionReviewVersions")
        return
    text = "should not be set when strategy is not set to Webhook"
    if client is not None:
        yield forbidden("spec.conversion.webhookClientConfig", text)
    if (webhook or {}).get("conversionReviewVersions"):
        yield forbidden("spec.conversion.conversionReviewVersions", text)


# ---- subresources, columns, fields


# ---- status, approval


def _status(crd: Obj) -> list[Cause]:
    return list(_names((crd.get("status") or {}).get("acceptedNames") or {}, "status.acceptedNames"))


def _stored_versions(crd: Obj) -> Iterator[Cause]:
    path, stored = "status.storedVersions", (crd.get("status") or {}).get("storedVersions") or []
    if not stored:
        yield invalid(path, None, "must have at least one stored version")
        return
    there = {version.get("name") for version in crd["spec"].get("versions") or ()}
    for version in crd["spec"].get("versions") or ():
        if version.get("storage") and version.get("name") not in stored:
            yield invalid(path, version.get("name"), f"must have the storage version {version.get('name')}")
    for number, name in enumerate(stored):
        if name not in there:
            yield invalid(f"{path}[{number}]", name, "must appear in spec.versions")


def _approval(spec: Spec, metadata: Spec, before: Spec | None) -> list[Cause]:
    if not is_protected(spec.get("group") or ""):
        return []
    state, text = approval(metadata.get("annotations") or {})
    if before is not None and approval(before.get("annotations") or {})[0] == state:
        return []
    path = f"metadata.annotations[{APPROVED}]"
    if state == "missing":
        return [required(path, text)]
    if state == "invalid":
        return [invalid(path, (metadata.get("annotations") or {}).get(APPROVED), text)]
    return []


def _preserve(spec: Spec, before: Spec | None) -> list[Cause]:
    if not spec.get("preserveUnknownFields") or (before or {}).get("preserveUnknownFields"):
        return []
    text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    return [invalid("spec.preserveUnknownFields", True, text)]
