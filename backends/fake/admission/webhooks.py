"""MutatingAdmissionWebhook and ValidatingAdmissionWebhook: somebody else is asked.

plugin/webhook of k8s.io/apiserver. How a question leaves the server, and its answer comes back, is told in
`policies.callouts`: here a question without an answer suspends the request. Mutating webhooks are asked one after the
other, in order of their configurations' names; validating ones together.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from backends.fake import cel, statuses, validation
from backends.fake.admission.attributes import Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.patching import PatchError
from backends.fake.patching import json as json_patch
from backends.fake.policies.callouts import Callout, Callouts, Suspended
from backends.fake.policies.compiled import all_conditions_hold
from backends.fake.policies.matching import in_namespace, is_selected, matched, rule_matches
from backends.fake.policies.request import request_of, shown
from backends.fake.policies.reviews import Review, ReviewError, Verdict, denied, read, review_of
from backends.fake.schema import DecodeError, Schema
from backends.fake.store import Store, StoreEvent

Obj = dict[str, Any]

GROUP = "admissionregistration.k8s.io"


class Webhook(NamedTuple):
    """One webhook of one configuration."""

    configuration: str
    spec: Obj

    @property
    def name(self) -> str:
        """Its own name."""
        return str(self.spec["name"])

    @property
    def fails_open(self) -> bool:
        """Whether a webhook that cannot be asked is none."""
        return bool(self.spec.get("failurePolicy") == "Ignore")


class Services:
    """Where Services are: `known` maps `namespace/name` to the root of a URL that this process can reach."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)

    def address(self, namespace: str, name: str) -> str:
        """The root of the URL; empty for a Service that nobody has told of."""
        return self._known.get(f"{namespace}/{name}", "").rstrip("/")


class _Webhooks(Base):
    """What both kinds have in common."""

    plural = ""
    mutating = False

    def __init__(self, store: Store, catalogue: Catalogue, callouts: Callouts, services: Services) -> None:
        self._store = store
        self._catalogue = catalogue
        self._callouts = callouts
        self._services = services
        self._hooks: tuple[Webhook, ...] | None = ()
        self._about: dict[tuple[Resource, str, str], tuple[Webhook, ...]] = {}
        store.subscribe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        if event.key.group == GROUP:
            self._hooks = None

    def _concerned(self, write: Attributes) -> tuple[Webhook, ...]:
        """The webhooks that can be about such a write."""
        if self._hooks == ():
            return ()
        if self._hooks is None:
            self._about = {}
            self._hooks = tuple(
                Webhook(entry.key.name, spec)
                for entry in self._store.list(GROUP, self.plural)
                for spec in entry.load().get("webhooks") or ()
            )
        key = (write.resource, write.subresource, write.operation)
        about = self._about.get(key)
        if about is None:
            same = [one for one in self._catalogue if one.storage == write.resource.storage]
            about = self._about[key] = tuple(
                hook
                for hook in self._hooks
                if any(
                    rule_matches(rule, one, write.subresource, write.operation)
                    for rule in hook.spec.get("rules") or ()
                    for one in same
                )
            )
        return about

    def _matched(self, hook: Webhook, write: Attributes) -> Resource | None:
        """As which resource the webhook sees the write; None where it does not."""
        spec = hook.spec
        equivalent = spec.get("matchPolicy", "Equivalent") == "Equivalent"
        resource = matched(spec.get("rules") or (), self._catalogue, write, equivalent=equivalent)
        if resource is None or not in_namespace(spec.get("namespaceSelector"), self._store, write):
            return None
        if not is_selected(spec.get("objectSelector"), write):
            return None
        conditions = spec.get("matchConditions")
        return resource if not conditions or self._conditions_hold(hook, conditions, resource, write) else None

    def _conditions_hold(self, hook: Webhook, conditions: list[Obj], resource: Resource, write: Attributes) -> bool:
        values = {
            "object": shown(write.new, resource, write),
            "oldObject": shown(write.old, resource, write),
            "request": request_of(write, resource),
        }
        try:
            held, problem = all_conditions_hold(conditions, cel.environment("object", "oldObject", "request"), values)
        except cel.NotInstalledError as error:
            held, problem = False, str(error)
        if problem and not hook.fails_open:
            raise write.forbidden(problem)
        return held

    # ---- asking

    def _question(self, hook: Webhook, resource: Resource, write: Attributes, attempt: int) -> tuple[Review, Callout]:
        asker = f"{self.plural}/{hook.configuration}/{hook.name}/{attempt}"
        review = review_of(write, resource, _version(hook), asker)
        return review, self._callout(hook, review)

    def _callout(self, hook: Webhook, review: Review) -> Callout:
        client, timeout_s = hook.spec.get("clientConfig") or {}, hook.spec.get("timeoutSeconds") or 10
        bundle = base64.b64decode(client.get("caBundle") or "")
        service = client.get("service")
        if service is None:
            url = address = str(client.get("url") or "")
            host = ""
        else:
            path = service.get("path") or "/"
            host = f"{service['name']}.{service['namespace']}.svc"
            url = f"https://{host}:{service.get('port', 443)}{path}"
            root = self._services.address(service["namespace"], service["name"])
            address = f"{root}{path}" if root else ""
        mark = "&" if urlsplit(url).query else "?"
        more = f"{mark}timeout={timeout_s}s"
        return Callout(review.key, url + more, address + more if address else "", review.body, timeout_s, bundle, host)

    def _verdict(self, hook: Webhook, review: Review, call: Callout, write: Attributes) -> Verdict | None:
        """What the webhook says; None where it fails and may. Raises `Suspended`, and `ApiError` 500."""
        answer = self._callouts.answer(review.key)
        if answer is None:
            raise Suspended([call])
        write.asking.used(review.key)
        try:
            return read(answer, review, _version(hook), mutating=self.mutating)
        except ReviewError as error:
            if hook.fails_open:
                kind = "mutation" if self.mutating else "validating"
                write.asking.annotate(f"failed-open.{kind}.webhook.admission.k8s.io/round_0_index_0", hook.name)
                return None
            raise statuses.internal(f'failed calling webhook "{hook.name}": {error}') from None

    def _heed(self, hook: Webhook, verdict: Verdict, write: Attributes) -> None:
        """Pass on what the webhook says, and refuse if it does."""
        for text in verdict.warnings:
            write.asking.warn(text)
        for key, value in verdict.annotations.items():
            write.asking.annotate(f"{hook.name}/{key}", value)
        if not verdict.allowed:
            raise denied(hook.name, verdict.status)


class MutatingWebhooks(_Webhooks):
    """Asked in turn; each sees what those before it have changed."""

    plural = "mutatingwebhookconfigurations"
    mutating = True

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Every write, but of what configures admission."""
        del subresource, operation
        return None if resource.group == GROUP else self._ask

    def _ask(self, write: Attributes) -> None:
        hooks = self._concerned(write)
        if not hooks:
            return
        seen = write.webhooks
        for index, hook in enumerate(hooks):
            if write.is_reinvocation and not self._again(hook, write):
                continue
            resource = self._matched(hook, write)
            if resource is None:
                continue
            attempt = int(write.is_reinvocation)
            review, call = self._question(hook, resource, write, attempt)
            verdict = self._verdict(hook, review, call, write)
            if verdict is None:
                continue
            self._heed(hook, verdict, write)
            changed = verdict.patch is not None and _patched(hook, write, resource, verdict.patch)
            write.changed_by_webhook = write.changed_by_webhook or changed
            note = {"configuration": hook.configuration, "webhook": hook.name, "mutated": changed}
            key = f"mutation.webhook.admission.k8s.io/round_{attempt}_index_{index}"
            write.asking.annotate(key, orjson.dumps(note).decode())
            seen[hook.configuration, hook.name] = orjson.dumps(write.new)

    @staticmethod
    def _again(hook: Webhook, write: Attributes) -> bool:
        """Whether a webhook that was asked before is asked again: it wants to, and others have changed the object."""
        before = write.webhooks.get((hook.configuration, hook.name))
        wants = hook.spec.get("reinvocationPolicy") == "IfNeeded"
        return wants and before is not None and before != orjson.dumps(write.new)


class ValidatingWebhooks(_Webhooks):
    """Asked together, about what is to be stored."""

    plural = "validatingwebhookconfigurations"

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Every write, but of what configures admission."""
        del subresource, operation
        return None if resource.group == GROUP else self._ask

    def _ask(self, write: Attributes) -> None:
        hooks = self._concerned(write)
        if not hooks:
            return
        asked = []
        for hook in hooks:
            resource = self._matched(hook, write)
            if resource is not None:
                asked.append((hook, *self._question(hook, resource, write, 0)))
        missing = [call for _, review, call in asked if self._callouts.answer(review.key) is None]
        if missing:
            raise Suspended(missing)
        for hook, review, call in asked:
            verdict = self._verdict(hook, review, call, write)
            if verdict is not None:
                self._heed(hook, verdict, write)


def _version(hook: Webhook) -> str:
    """The first version of reviews that both sides know."""
    known = [one for one in hook.spec.get("admissionReviewVersions") or ("v1",) if one in ("v1", "v1beta1")]
    return known[0] if known else "v1"


def _patched(hook: Webhook, write: Attributes, resource: Resource, patch: list[Any]) -> bool:
    """Change the object as the webhook wants it, and complete it anew; returns whether that changed anything."""
    if write.new is None or resource is not write.resource or write.subresource == "scale":
        raise statuses.not_imitated(f'a patch by the webhook "{hook.name}" of what is not the object itself')
    before = orjson.dumps(write.new)
    try:
        json_patch.check(patch)
        found = json_patch.apply(orjson.loads(before), patch)
    except PatchError as error:
        raise statuses.internal(f'failed calling webhook "{hook.name}": {error.message}') from None
    kind = Schema.load().kind(*resource.gvk)
    if kind is not None and not write.subresource:
        try:
            found = kind.decode(found).object
        except DecodeError as error:
            raise statuses.internal(str(error)) from None
        validation.prepare_defaults(resource.gvk, found)
    write.new = found
    return orjson.dumps(found) != before
