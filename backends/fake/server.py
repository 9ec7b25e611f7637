"""The request chain: who is it, may he, what is asked, how is it answered.

`Server.handle` is what every transport ends in: a request in, a response out, whatever came in. The order is the real
server's: authentication, impersonation, authorization, routing, content negotiation, decoding, admission, validation,
storage. It holds no state of its own but what it was built from; it runs under the cluster's lock. Everything refused
below is an `ApiError` and becomes a Status here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import orjson

from backends.clock import Clock
from backends.fake import (
    authorization,
    component_statuses,
    deleting,
    discovery,
    imitation,
    negotiation,
    options,
    patches,
    reading,
    reviews,
    running,
    statuses,
    streaming,
    subresources,
    writing,
)
from backends.fake.admission import certificates
from backends.fake.audit import AuditLog
from backends.fake.authentication import Authenticator
from backends.fake.authorization import escalation
from backends.fake.authorization.authorizer import RBAC_GROUP, Authorizer
from backends.fake.call import NO_QUERY, Call, parse_query
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.events import Recorder
from backends.fake.ids import Ids
from backends.fake.impersonation import impersonated
from backends.fake.messages import Request, Response
from backends.fake.nesting import TOO_DEEP, is_too_deep
from backends.fake.policies.callouts import Callouts
from backends.fake.registry import Registry
from backends.fake.routes import Routes
from backends.fake.service_account_tokens import ServiceAccountTokens
from backends.fake.strategies.extensions import CRDS

if TYPE_CHECKING:
    from backends.fake.custom.kind import CustomKind

BODY_LIMIT_BYTES = 3 * 1024 * 1024
"""MaxRequestBodyBytes of a real server's configuration."""

Handler = Callable[[Registry, Call], Response]

# (method, is it one object?) -> the verb of authorization and audit
_VERBS = {
    ("GET", True): "get",
    ("GET", False): "list",
    ("POST", False): "create",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("DELETE", False): "deletecollection",
}
_CUSTOM_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_HANDLERS: dict[str, Handler] = {
    "get": reading.get,
    "list": reading.list_objects,
    "watch": streaming.watch,
    "create": writing.create,
    "update": writing.replace,
    "patch": writing.patch,
    "delete": deleting.delete,
    "deletecollection": deleting.delete_collection,
}
_WRITES = frozenset({"create", "update", "patch"})
_IN_A_NAMESPACE = frozenset({"create", "deletecollection"})
"""What cannot be done across all namespaces."""
_ALWAYS_PRETTY = frozenset({"/", "/version", "/version/"})
_FOR_PEOPLE = ("curl", "Wget", "Mozilla/5.0")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
"""strconv.ParseBool."""
_NO_TABLES = frozenset({"binding", "eviction", "token"})
"""Subresources that only create; what they answer is no row."""
# pkg/apis/*/zz_generated.prerelease-lifecycle.go, for versions that are still served
_DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
}


class Access(NamedTuple):
    """Who decides who somebody is, what he may do, and who gives him a token."""

    authenticator: Authenticator
    authorizer: Authorizer
    tokens: ServiceAccountTokens


class Server:
    """The HTTP side of one cluster."""

    def __init__(
        self,
        registry: Registry,
        catalogue: Catalogue,
        clock: Clock,
        ids: Ids,
        audit: AuditLog,
        access: Access,
        containers: running.Running,
        callouts: Callouts,
        recorder: Recorder,
        *,
        pods_run: bool,
    ) -> None:
        self._registry = registry
        self._routes = Routes(catalogue)
        self._discovery = discovery.Discovery(catalogue, clock.wall)
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._authenticator = access.authenticator
        self._authorizer = access.authorizer
        self._pods_run = pods_run
        self._tokens = access.tokens
        self._containers = containers
        self._callouts = callouts
        self._recorder = recorder
        self._reviews = reviews.Reviews(access.authenticator, access.authorizer, access.tokens)

    def handle(self, request: Request) -> Response:
        """Answer. Never raises for anything that a client can send, but `Suspended` where a webhook is to be asked."""
        path, _, raw = request.target.partition("?")
        call = Call(request, path, parse_query(raw) if raw else NO_QUERY)
        if "/events" in path:
            self._recorder.write()
        before = self._registry.store.revision
        try:
            response = self._answer(call)
        except statuses.ApiError as error:
            response = _refusal(error)
            # Who accepts nothing that can be had gets JSON, which people read.
            call.encoding = "json" if error.code == 406 else negotiation.of_refusals(call.headers.get("accept", ""))
            if error.code == 501 and negotiation.reads_no_json(call.headers.get("accept", "")):
                response = _plainly(response)
        except TOO_DEEP as error:
            if not is_too_deep(error):
                raise
            # What is parsed can be deeper than what can be written; nothing has been stored then.
            response = _refusal(statuses.bad_request("the body of the request is nested too deeply"))
        self._finish(call, response, before)
        if call.answers:
            self._callouts.forget(call.answers)
        return response

    def who(self, request: Request) -> str:
        """As whom a request is made: whom it impersonates, or who has sent it; "" for nobody who is known."""
        acting = request.headers.get("impersonate-user")
        if acting:
            return acting
        try:
            return (request.identity or self._authenticator.identity(request.headers)).name
        except statuses.ApiError:
            return ""

    def _answer(self, call: Call) -> Response:
        self._let_in(call)
        if call.request.method in ("PUT", "PATCH"):
            call.check_create = partial(self._check_create, call)
        if len(call.request.body) > BODY_LIMIT_BYTES:
            raise statuses.too_large(BODY_LIMIT_BYTES)
        route = call.route = self._routes.find(call.path)
        if route.resource is None:
            return self._elsewhere(call)
        resource = call.served = route.resource
        call.name = route.name
        if resource.group == "" and resource.plural in _DEPRECATED:
            call.warn(_DEPRECATED[resource.plural])
        verb = call.verb = _verb(call) if resource.custom is None else _verb_of_custom(call)
        if resource.custom is not None:
            self._note_custom(call, resource.custom)
        if route.subresource:
            return self._subresource(call, resource)
        across = resource.namespaced and not route.namespace
        if verb not in resource.verbs or (across and verb in _IN_A_NAMESPACE):
            raise _not_for(verb, resource)
        if route.watch and route.name:
            call.query = _named(call.query, route.name)
        call.encoding, call.form = _negotiated(call, resource.gvk, tables="get" in resource.verbs)
        if verb == "watch" and call.encoding == "yaml":
            raise statuses.not_acceptable(negotiation.STREAMED)
        if verb == "watch" and call.headers.get("upgrade", "").lower() == "websocket":
            raise statuses.not_imitated("watches over a WebSocket: send the same request without the upgrade")
        return self._shown(call, self._handle_resource(call, resource))

    def _let_in(self, call: Call) -> None:
        """What comes before the path is looked at. Raises `ApiError` 400, 401, 403."""
        if "timeout" in call.query and not _is_long_running(call):
            options.check_timeout(call.query)
        asking = call.request.identity or self._authenticator.identity(call.headers)
        identity = call.identity = impersonated(call.headers, asking, call.path, self._authorizer)
        self._authorizer.admit(identity, call.request.method, call.path, call.query)

    def _elsewhere(self, call: Call) -> Response:
        """What is outside of the resources: the keys of tokens, discovery, health, OpenAPI."""
        keys = self._tokens.published(call.path) if call.request.method == "GET" else None
        if keys is None:
            return self._discovery.answer(call)
        negotiation.check_routed(call.headers.get("accept", ""), keys.headers["Content-Type"])
        return keys

    def _note_custom(self, call: Call, custom: CustomKind) -> None:
        """Warn of a deprecated version, refuse what a definition does not offer. Raises `ApiError` 404, 405."""
        for text in custom.warnings:
            call.warn(text)
        resource, route = call.served, call.route
        if resource.namespaced and not route.namespace and call.verb not in ("list", "watch"):
            raise statuses.page_not_found()
        sub = resource.subresources.get(route.subresource)
        if route.subresource and sub is None:
            raise statuses.not_found(resource.plural, route.name, resource.group)
        if sub is not None and call.verb not in sub.verbs:
            raise statuses.not_supported(call.verb, resource.plural, resource.group)
        if call.verb in ("update", "patch") and not route.name:
            if call.verb == "patch":
                patches.media_of(call, resource)
            raise statuses.bad_request("name must be provided")
        definition = self._registry.store.at(CRDS, "", custom.definition.name) if call.verb == "create" else None
        if definition is not None and definition.terminating and not route.subresource:
            refused = statuses.not_supported("create", resource.plural, resource.group)
            refused.message = "create not allowed while custom resource definition is terminating"
            raise refused

    def _subresource(self, call: Call, resource: Resource) -> Response:
        name = call.route.subresource
        if not call.verb:
            raise statuses.method_not_allowed()
        if resource is self._registry.pods and name in running.SUBRESOURCES:
            return self._containers.answer(self._registry, call)
        sub = resource.subresources.get(name)
        spoken = (sub.group, sub.version, sub.kind) if sub is not None else resource.gvk
        call.encoding, call.form = _negotiated(call, spoken, tables=name not in _NO_TABLES)
        if name == "token" and call.verb == "create":
            return self._reviews.token(self._registry, call)
        return self._shown(call, subresources.answer(self._registry, call))

    def _shown(self, call: Call, response: Response) -> Response:
        """The answer in the form that the client asked for; what a watch sends is put into it as it happens."""
        if call.form is None or response.stream is not None:
            return response
        from backends.fake.printing.representation import Representation  # only needed by whoever asks for it

        response.body = Representation(call.form, call.served, call.query, self._clock.wall).of(response.body)
        return response

    def _handle_resource(self, call: Call, resource: Resource) -> Response:
        verb = call.verb
        if "%" in call.name or call.name in (".", ".."):
            why = "may not contain '%'" if "%" in call.name else f"may not be '{call.name}'"
            raise statuses.bad_request(f'Name parameter invalid: "{call.name}": {why}')
        if verb in _WRITES:
            self._guard_write(call, resource)
            if verb == "create" and "get" not in resource.verbs:
                return self._reviews.create(self._registry, call)
            if verb == "create" and resource.storage in imitation.REFUSED_RESOURCES:
                raise statuses.not_imitated(imitation.REFUSED_RESOURCES[resource.storage])
        if resource.storage == component_statuses.RESOURCE:
            return component_statuses.answer(call)
        return _HANDLERS[verb](self._registry, call)

    def _check_create(self, call: Call) -> None:
        """Whoever makes an object by writing to its name must be allowed to create it. Raises `ApiError` 403."""
        assert call.identity is not None, "authentication comes first"
        wanted = authorization.requested(call.identity, call.request.method, call.path, call.query)
        authorization.check(self._authorizer, wanted._replace(verb="create"))

    def _guard_write(self, call: Call, resource: Resource) -> None:
        """Who writes what has no effect is told so.

        Who writes roles and bindings may give no more than he has; who asks for a certificate, for himself.
        """
        assert call.identity is not None, "authentication comes first"
        if resource.storage == certificates.REQUESTS:
            call.guard = certificates.asked_by(call.identity)
        if resource.group == RBAC_GROUP and self._authorizer.mode == "rbac":
            call.guard = escalation.guard(self._authorizer, call.identity, resource, call.route)
            return
        warning = imitation.warning_of(resource.storage, pods_run=self._pods_run)
        if warning is not None:
            call.warn(warning)

    def _finish(self, call: Call, response: Response, before: int) -> None:
        """What every answer gets, and the audit record of it."""
        audit_id = call.headers.get("audit-id") or self._ids.audit_id()
        headers = response.headers
        headers["Audit-Id"] = audit_id
        if call.encoding != "json" and headers.get("Content-Type") == "application/json" and response.stream is None:
            (_as_yaml if call.encoding == "yaml" else _as_protobuf)(response)
        elif response.stream is None and headers.get("Content-Type") == "application/json":
            if call.path in _ALWAYS_PRETTY or _is_pretty(call):
                _prettily(response)
            elif response.status >= 400 or call.path.startswith("/api"):
                response.end_line()
        if call.warnings:
            headers["Warning"] = ", ".join(f"299 - {orjson.dumps(text).decode()}" for text in call.warnings)
        route, resource, request, identity = call.route, call.served, call.request, call.identity
        self._audit.append(
            (
                self._clock.wall(),
                self._clock.monotonic(),
                identity.name if identity is not None else "",
                call.verb,
                resource.group,
                resource.plural,
                route.subresource,
                route.namespace,
                call.name,
                call.uid,
                response.status,
                audit_id,
                call.dry_run,
                request.method,
                request.target,
                self._registry.store.revision != before,
                call.annotations,
                self._registry.store.revision,
            )
        )


def _not_for(verb: str, resource: Resource) -> statuses.ApiError:
    """405, in the words of the handler where the router lets such a request pass."""
    if resource.custom is not None or (verb == "watch" and "list" in resource.verbs):
        return statuses.not_supported(verb, resource.plural, resource.group)
    return statuses.method_not_allowed()


def _verb_of_custom(call: Call) -> str:
    """No router looks at requests for custom resources: the method decides, and whether there is a name."""
    route, method = call.route, call.request.method
    verb = _CUSTOM_VERBS.get(method, "")
    if verb == "get" and not route.name:
        verb = "list"
    elif verb == "delete" and not route.name:
        verb = "deletecollection"
    if route.watch and verb in ("get", "list"):
        return "watch"
    return "watch" if verb == "list" and call.query and call.flag("watch") else verb


def _verb(call: Call) -> str:
    route, method = call.route, call.request.method
    one = bool(route.name)
    if route.watch and method == "GET":
        return "watch"
    if one and route.subresource and method == "POST":
        return "create"
    verb = _VERBS.get((method, one), "")
    return "watch" if verb == "list" and call.query and call.flag("watch") else verb


def _is_long_running(call: Call) -> bool:
    """Whether a request has no deadline, by its look: watches, and what runs in a container (config.go)."""
    path = call.path.rstrip("/")
    return (
        call.flag("watch") or "/watch/" in path or path.endswith(("/exec", "/attach", "/log", "/portforward", "/proxy"))
    )


def _named(query: Mapping[str, str], name: str) -> Mapping[str, str]:
    """The query of a watch of one object (/watch/.../{name}). Raises `ApiError` 400 where it asks for another."""
    asked = query.get("fieldSelector")
    if asked and asked not in (f"metadata.name={name}", f"metadata.name=={name}"):
        raise statuses.bad_request("fieldSelector metadata.name doesn't match requested name")
    return {**query, "fieldSelector": f"metadata.name={name}"}


def _is_pretty(call: Call) -> bool:
    """Whether a person reads it: he says so, or it is one of the programs that people use (writers.go)."""
    asked = call.query.get("pretty")
    if negotiation.says_pretty(call.headers.get("accept", "")):
        return True
    if asked:
        return asked in _TRUE
    return call.headers.get("user-agent", "").startswith(_FOR_PEOPLE)


def _prettily(response: Response) -> None:
    try:
        response.body = orjson.dumps(orjson.loads(response.body), option=orjson.OPT_INDENT_2)
    except orjson.JSONDecodeError:  # not every text that calls itself JSON is
        return


def _plainly(refused: Response) -> Response:
    """The same for a client that reads no JSON, as kubectl when it asks for OpenAPI version 2: it prints a text."""
    message = orjson.loads(refused.body)["message"]
    return Response(refused.status, {**refused.headers, "Content-Type": "text/plain; charset=utf-8"}, message.encode())


def _refusal(error: statuses.ApiError) -> Response:
    headers = {"Cache-Control": "no-cache, private", "Content-Type": "application/json", **error.headers}
    return Response(error.code, headers, error.body())


def _negotiated(call: Call, gvk: tuple[str, str, str], *, tables: bool) -> negotiation.Chosen:
    """What the client accepts, of what there is for this kind. Raises `ApiError` 406."""
    accept = call.headers.get("accept", "")
    routed = call.served.custom is None
    if "protobuf" not in accept:
        return negotiation.choose(accept, tables=tables, routed=routed)
    from backends.fake import protobuf  # only needed by whoever asks for it

    return negotiation.choose(accept, tables=tables, binary=protobuf.has_message(*gvk), routed=routed)


def _as_protobuf(response: Response) -> None:
    from backends.fake import protobuf  # only needed by whoever asks for it

    response.body = protobuf.encode(orjson.loads(response.body))
    response.headers["Content-Type"] = negotiation.PROTOBUF


def _as_yaml(response: Response) -> None:
    from backends.fake import goyaml  # only needed by whoever asks for it

    response.body = goyaml.dump(orjson.loads(response.body))
    response.headers["Content-Type"] = "application/yaml"
