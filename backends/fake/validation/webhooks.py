"""MutatingWebhookConfiguration and ValidatingWebhookConfiguration: defaults and rules.

Rules: pkg/apis/admissionregistration/validation and k8s.io/apiserver/pkg/util/webhook/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from backends.fake.validation import admission_rules, causes, label_selectors, names
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

REVIEW_VERSIONS = ("v1", "v1beta1")
_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_EXAMPLE = "desired format: https://host[/path]"


def defaults(obj: Obj) -> None:
    """Webhooks fail closed, see equivalents too, and have ten seconds."""
    for hook in obj.get("webhooks") or ():
        hook.setdefault("failurePolicy", "Fail")
        hook.setdefault("matchPolicy", "Equivalent")
        hook.setdefault("namespaceSelector", {})
        hook.setdefault("objectSelector", {})
        hook.setdefault("timeoutSeconds", 10)
        if obj["kind"] == "MutatingWebhookConfiguration":
            hook.setdefault("reinvocationPolicy", "Never")
        admission_rules.rule_defaults(hook.get("rules"))
        service = hook["clientConfig"].get("service")
        if service is not None:
            service.setdefault("port", 443)


def configuration(obj: Obj) -> list[Cause]:
    """Each webhook has a name of its own, a place, rules, and no side effects."""
    found: list[Cause] = []
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        found += _webhook(path, hook)
        found += _review_versions(f"{path}.admissionReviewVersions", hook.get("admissionReviewVersions") or [])
        if name and name in seen:
            found.append(causes.duplicate(f"{path}.name", name))
        seen.add(name)
    return found


def configuration_update(new: Obj, old: Obj) -> list[Cause]:
    """A configuration may change everything."""
    del old
    return configuration(new)


def _webhook(path: str, hook: Mapping[str, Any]) -> Iterator[Cause]:
    yield from _qualified(f"{path}.name", hook.get("name", ""))
    for index, one in enumerate(hook.get("rules") or ()):
        yield from admission_rules.rule(f"{path}.rules[{index}]", one)
    for member, allowed in (
        ("failurePolicy", admission_rules.FAILURE_POLICIES),
        ("matchPolicy", admission_rules.MATCH_POLICIES),
        ("reinvocationPolicy", ("IfNeeded", "Never")),
    ):
        yield from admission_rules.choice(f"{path}.{member}", hook.get(member), allowed)
    if hook.get("sideEffects") is None:
        yield causes.required(f"{path}.sideEffects", f"must specify one of {', '.join(_SIDE_EFFECTS)}")
    yield from admission_rules.choice(f"{path}.sideEffects", hook.get("sideEffects"), _SIDE_EFFECTS)
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        yield causes.invalid(f"{path}.timeoutSeconds", timeout, text)
    for member in ("namespaceSelector", "objectSelector"):
        yield from label_selectors.sound(f"{path}.{member}", hook.get(member))
    yield from _client(f"{path}.clientConfig", hook.get("clientConfig") or {})
    conditions = hook.get("matchConditions") or ()
    if conditions:
        environment = admission_rules.environment_of("object", "oldObject", "request")
        yield from admission_rules.conditions(f"{path}.matchConditions", conditions, environment)


def _qualified(path: str, name: str) -> Iterator[Cause]:
    if not name:
        yield causes.required(path)
        return
    yield from (causes.invalid(path, name, text) for text in names.subdomain_1123_errors(name))
    if len(name.split(".")) < 3:
        yield causes.invalid(path, name, "should be a domain with at least three segments separated by dots")


def _client(path: str, client: Mapping[str, Any]) -> Iterator[Cause]:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield causes.required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(f"{path}.url", url)
    else:
        yield from _service(f"{path}.service", service or {})


def _url(path: str, url: str) -> Iterator[Cause]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        yield causes.required(path, f"url must be a valid URL: {error}; {_EXAMPLE}")
        return
    if parts.scheme != "https":
        yield causes.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme; {_EXAMPLE}")
    if not parts.netloc:
        yield causes.invalid(path, parts.netloc, f"host must be specified; {_EXAMPLE}")
    if parts.username is not None:
        yield causes.invalid(path, parts.username, "user information is not permitted in the URL")
    if parts.fragment:
        yield causes.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield causes.invalid(path, parts.query, "query parameters are not permitted in the URL")


def _service(path: str, service: Mapping[str, Any]) -> Iterator[Cause]:
    if not service.get("name"):
        yield causes.required(f"{path}.name", "service name is required")
    if not service.get("namespace"):
        yield causes.required(f"{path}.namespace", "service namespace is required")
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        text = "port is not valid: must be between 1 and 65535, inclusive"
        yield causes.invalid(f"{path}.port", port, text)
    where = service.get("path")
    if where is not None and (not where.startswith("/") or "//" in where):
        yield causes.invalid(
            f"{path}.path", where, "must start with a '/'" if where[:1] != "/" else "segment[0] may not be empty"
        )


def _review_versions(path: str, versions: list[str]) -> Iterator[Cause]:
    words = ", ".join(REVIEW_VERSIONS)
    if not versions:
        yield causes.required(path, f"must specify one of {words}")
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield causes.invalid(f"{path}[{index}]", version, "duplicate version")
            continue
        yield from (causes.invalid(f"{path}[{index}]", version, text) for text in names.label_1035_errors(version))
    if not set(versions) & set(REVIEW_VERSIONS):
        yield causes.invalid(path, versions, f"must include at least one of {words}")
