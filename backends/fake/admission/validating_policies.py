"""ValidatingAdmissionPolicy: expressions in CEL that a write must satisfy, where a binding says so.

plugin/policy/validating of k8s.io/apiserver. Policies are compiled when one is first asked for after a change; which of
them are about a kind of write is found out once, so a write that none is about costs a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from backends.fake import cel, statuses
from backends.fake.admission.attributes import Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.policies.compiled import CompiledPolicy, Decision, Objects
from backends.fake.policies.matching import in_namespace, is_selected, matched, rule_matches
from backends.fake.policies.request import request_of, shown
from backends.fake.selectors import labels_of
from backends.fake.store import Key, Store, StoreEvent

Obj = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
POLICIES, BINDINGS = (GROUP, "validatingadmissionpolicies"), (GROUP, "validatingadmissionpolicybindings")
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_FAILURE = "validation.policy.admission.k8s.io/validation_failure"


class ConfigurationError(Exception):
    """A policy or binding that cannot be used; denies unless the policy fails open."""


class Hook(NamedTuple):
    """A policy with its bindings. `compiled` None: it could not be compiled, for `problem`."""

    name: str
    spec: Obj
    bindings: tuple[Obj, ...]
    compiled: CompiledPolicy | None
    problem: str


class Denial(NamedTuple):
    """One reason to refuse."""

    hook: Hook
    binding: Obj | None
    decision: Decision


class ValidatingAdmissionPolicies(Base):
    """The plugin over one store."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._hooks: tuple[Hook, ...] | None = ()
        self._about: dict[tuple[Resource, str, str], tuple[Hook, ...]] = {}
        store.subscribe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        if event.key.group == GROUP:
            self._hooks = None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Every write, but of policies themselves."""
        del subresource, operation
        return None if resource.group == GROUP and "webhook" not in resource.plural else self._check

    def _check(self, write: Attributes) -> None:
        if self._hooks == ():
            return
        if self._hooks is None:
            self._hooks, self._about = self._read(), {}
        key = (write.resource, write.subresource, write.operation)
        about = self._about.get(key)
        if about is None:
            about = self._about[key] = tuple(hook for hook in self._hooks if self._concerns(hook, write))
        if about:
            self._dispatch(about, write)

    def _read(self) -> tuple[Hook, ...]:
        bindings: dict[str, list[Obj]] = {}
        for entry in self._store.list(*BINDINGS):
            binding = entry.load()
            bindings.setdefault((binding.get("spec") or {}).get("policyName", ""), []).append(binding)
        found = []
        for entry in self._store.list(*POLICIES):
            bound = bindings.get(entry.key.name)
            if bound:
                found.append(_hook(entry.load(), tuple(bound)))
        return tuple(found)

    def _concerns(self, hook: Hook, write: Attributes) -> bool:
        """Whether the policy can be about such a write, whatever is in it."""
        rules = (hook.spec.get("matchConstraints") or {}).get("resourceRules") or ()
        same = [one for one in self._catalogue if one.storage == write.resource.storage]
        return any(rule_matches(rule, one, write.subresource, write.operation) for rule in rules for one in same)

    # ---- one write

    def _dispatch(self, hooks: tuple[Hook, ...], write: Attributes) -> None:
        denials: list[Denial] = []
        for hook in hooks:
            constraints = hook.spec.get("matchConstraints") or {}
            resource = self._matches(constraints, write)
            if resource is None:
                continue
            if hook.compiled is None:
                denials += _misconfigured(hook, None, f"failed to configure policy: {hook.problem}")
                continue
            annotations: dict[str, list[str]] = {}
            for binding in hook.bindings:
                denials += self._ask(hook, hook.compiled, binding, resource, write, annotations)
            for key, values in annotations.items():
                write.asking.annotate(f"{hook.name}/{key}", ", ".join(dict.fromkeys(values)))
        if denials:
            raise _refusal(write, denials[0])

    def _matches(self, match: Mapping[str, Any], write: Attributes) -> Resource | None:
        """As which resource the write matches; a binding without rules takes what its policy has."""
        equivalent = match.get("matchPolicy", "Equivalent") == "Equivalent"
        if matched(match.get("excludeResourceRules") or (), self._catalogue, write, equivalent=equivalent):
            return None
        if not in_namespace(match.get("namespaceSelector"), self._store, write):
            return None
        if not is_selected(match.get("objectSelector"), write):
            return None
        rules = match.get("resourceRules")
        return matched(rules, self._catalogue, write, equivalent=equivalent) if rules else write.resource

    def _ask(
        self,
        hook: Hook,
        compiled: CompiledPolicy,
        binding: Obj,
        resource: Resource,
        write: Attributes,
        annotations: dict[str, list[str]],
    ) -> Iterator[Denial]:
        spec = binding.get("spec") or {}
        if self._matches(spec.get("matchResources") or {}, write) is None:
            return
        try:
            params = self._params(hook.spec.get("paramKind"), spec.get("paramRef"), write.namespace)
        except ConfigurationError as error:
            yield from _misconfigured(hook, binding, f"failed to configure binding: {error}")
            return
        namespace = self._store.at(("", "namespaces"), "", write.namespace) if write.namespace else None
        for param in params:
            verdict = compiled.evaluate(
                Objects(
                    shown(write.new, resource, write),
                    shown(write.old, resource, write),
                    request_of(write, resource),
                    namespace.load() if namespace is not None else None,
                    param,
                )
            )
            for key, value in verdict.annotations:
                annotations.setdefault(key, []).append(value)
            for decision in verdict.against:
                if _acts(hook, binding, decision, write):
                    yield Denial(hook, binding, decision)
            for problem in verdict.broken:
                yield Denial(hook, binding, Decision(problem, "", 0))

    def _params(self, kind: Obj | None, reference: Obj | None, namespace: str) -> list[Obj | None]:
        """The objects that a binding names as parameters; one None where there are to be none."""
        if kind is None or reference is None:
            return [None]
        try:
            resource = self._catalogue.of_object(kind)
        except KeyError:
            group, _, version = kind.get("apiVersion", "").rpartition("/")
            named = f"{group}/{version}, Kind={kind.get('kind', '')}"
            raise ConfigurationError(f"failed to find resource referenced by paramKind: '{named}'") from None
        place = ""
        if resource.namespaced:
            place = reference.get("namespace") or namespace
            if not place:
                raise ConfigurationError(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                )
        elif reference.get("namespace"):
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        found = self._param_objects(resource, place, reference)
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            raise ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
        return list(found)

    def _param_objects(self, resource: Resource, namespace: str, reference: Obj) -> list[Obj]:
        if reference.get("name"):
            entry = self._store.get(Key(*resource.storage, namespace, reference["name"]))
            return [entry.load()] if entry is not None else []
        selector = labels_of(reference.get("selector"))
        entries = self._store.list(*resource.storage, namespace)
        return [entry.load() for entry in entries if selector is not None and selector(entry.labels)]


def _hook(policy: Obj, bindings: tuple[Obj, ...]) -> Hook:
    spec = policy.get("spec") or {}
    try:
        compiled, problem = CompiledPolicy(policy), ""
    except cel.CelError as error:
        compiled, problem = None, str(error)
    return Hook(policy["metadata"]["name"], spec, bindings, compiled, problem)


def _misconfigured(hook: Hook, binding: Obj | None, message: str) -> list[Denial]:
    if hook.spec.get("failurePolicy") == "Ignore":
        return []
    return [Denial(hook, binding, Decision(message, "", 0))]


def _acts(hook: Hook, binding: Obj, decision: Decision, write: Attributes) -> bool:
    """Do what the binding wants done about a failed validation; returns whether that is to refuse."""
    actions = (binding.get("spec") or {}).get("validationActions") or []
    name = binding["metadata"]["name"]
    if "Warn" in actions:
        write.asking.warn(
            f"Validation failed for ValidatingAdmissionPolicy '{hook.name}' with binding '{name}': {decision.message}"
        )
    if "Audit" in actions:
        failure = {
            "message": decision.message,
            "policy": hook.name,
            "binding": name,
            "expressionIndex": decision.at,
            "validationActions": actions,
        }
        write.asking.annotate(_FAILURE, orjson.dumps([failure]).decode())
    return "Deny" in actions


def _refusal(write: Attributes, denial: Denial) -> statuses.ApiError:
    who = f"ValidatingAdmissionPolicy '{denial.hook.name}'"
    if denial.binding is not None:
        who += f" with binding '{denial.binding['metadata']['name']}'"
    message = f"{who} denied request: {denial.decision.message}"
    refusal = write.forbidden(message)
    refusal.reason = denial.decision.reason or "Invalid"
    refusal.code = _CODES.get(refusal.reason, 422)
    refusal.details = {**(refusal.details or {}), "causes": [{"message": message}]}
    return refusal
