"""exec and attach: what is asked is checked as the real server and its kubelet do, then a `Session` begins.

Called by the server for these subresources; a transport that can speak WebSocket pumps the session that the Response
carries. SPDY, which kubectl falls back to, is refused with 501.

Who may: the verb is that of the HTTP method, as in v1.34: a WebSocket is a GET and asks for `get` on pods/exec, SPDY
is a POST and asks for `create`. With the feature gate `AuthorizePodWebsocketUpgradeCreatePermission` (on by default
from v1.35) a WebSocket needs `create` as well; here it is a switch of the cluster, off by default.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs

from backends.fake import authorization, statuses
from backends.fake.admission.attributes import CONNECT, Attributes
from backends.fake.authorization.authorizer import Authorizer
from backends.fake.call import Call
from backends.fake.containers import check_node, container_of, find_pod, running_id
from backends.fake.logs import Logs
from backends.fake.messages import Response
from backends.fake.programs import PROTOCOLS, Invocation, Program, Programs, Session
from backends.fake.registry import Registry

SUBRESOURCES = frozenset({"exec", "attach", "portforward", "log"})
"""Of a pod: what is answered by its node."""
_CANNOT = "unable to upgrade connection"


class Running:
    """What is done in containers. `gated`: whether a WebSocket needs `create`, as from v1.35 on."""

    def __init__(self, programs: Programs, authorizer: Authorizer, *, gated: bool = False) -> None:
        self._programs = programs
        self._logs = Logs(programs)
        self._authorizer = authorizer
        self._gated = gated

    def answer(self, registry: Registry, call: Call) -> Response:
        """A response with a session, or a log. Raises `ApiError`."""
        if call.verb not in call.served.subresources[call.route.subresource].verbs:
            raise statuses.method_not_allowed()
        if call.route.subresource == "log":
            return self._logs.answer(registry, call)
        if self._gated and call.request.method == "GET":
            self._check_create(call)
        if call.route.subresource == "portforward":
            _has_node(registry, call)
            raise statuses.not_imitated("port forwarding: nothing listens in the pods")
        return self._begin(registry, call)

    def _check_create(self, call: Call) -> None:
        """ensureAuthorizedForVerb: whoever opens a stream makes something. Raises `ApiError` 403."""
        assert call.identity is not None, "authentication comes first"
        wanted = authorization.requested(call.identity, call.request.method, call.path, call.query)
        authorization.check(self._authorizer, wanted._replace(verb="create"))

    def _begin(self, registry: Registry, call: Call) -> Response:
        """Check everything that may be refused, then start."""
        _admit(registry, call)
        invocation = _invocation(registry, call)
        protocol = _protocol(call)
        running = running_id(invocation.manifest, invocation.container)
        if running is None:
            # What the kubelet says to the API server, which says it on.
            raise statuses.internal(f'{_CANNOT}: container not found ("{invocation.container}")')
        if not (invocation.stdin or invocation.stdout or invocation.stderr):
            raise statuses.bad_request(f"{_CANNOT}: you must specify at least 1 of stdin, stdout, stderr")
        session = Session(invocation, self._program(registry, invocation), protocol, registry.clock.monotonic())
        key = registry.pods.storage, invocation.namespace, invocation.pod
        session.at_end(registry.store.watch(*key[0], *key[1:], lambda event: _watch_over(session, event.new, running)))
        return Response(101, {}, session=session)

    def _program(self, registry: Registry, call: Invocation) -> Program:
        if call.command:
            return self._programs.find(call)
        return self._programs.main(call) or partial(self._logs.attached, registry)


def _admit(registry: Registry, call: Call) -> None:
    """Policies and webhooks may have something against it. Raises `ApiError`."""
    query = parse_qs(call.request.target.partition("?")[2], keep_blank_values=True)
    kind = call.served.subresources[call.route.subresource].kind
    asked: dict[str, object] = {"kind": kind, "apiVersion": "v1"}
    asked |= {name: True for name in ("stdin", "stdout", "stderr", "tty") if call.flag(name)}
    if call.query.get("container"):
        asked["container"] = call.query["container"]
    if query.get("command"):
        asked["command"] = query["command"]
    write = Attributes(
        CONNECT, call.served, call.route.namespace, asked, None, call, subresource=call.route.subresource
    )
    write.named = call.route.name
    registry.admission.mutate(write)
    registry.admission.validate(write)


def _watch_over(session: Session, entry: object, running: str) -> None:
    """Nothing outlives its container."""
    load = getattr(entry, "load", None)
    if load is None or running_id(load(), session.call.container) != running:
        session.kill()


def _has_node(registry: Registry, call: Call) -> dict[str, object]:
    """The pod, which is on a node. Raises `ApiError` 400, 404."""
    pod = find_pod(registry, call)
    if not check_node(registry, pod):
        raise statuses.bad_request(f"pod {call.route.name} does not have a host assigned")
    return pod


def _invocation(registry: Registry, call: Call) -> Invocation:
    """What is asked (PodExecOptions, PodAttachOptions). Raises `ApiError` 400, 404."""
    query = parse_qs(call.request.target.partition("?")[2], keep_blank_values=True)
    pod = find_pod(registry, call)
    container = container_of(pod, call.query.get("container", ""))
    _has_node(registry, call)
    command = tuple(query.get("command", ()))
    if call.route.subresource == "exec" and not command:
        raise statuses.bad_request(f"{_CANNOT}: you must specify at least one word of a command")
    tty = call.flag("tty")
    return Invocation(
        namespace=call.route.namespace,
        pod=call.route.name,
        container=container,
        command=command if call.route.subresource == "exec" else (),
        manifest=pod,
        stdin=call.flag("stdin"),
        stdout=call.flag("stdout"),
        stderr=call.flag("stderr") and not tty,
        tty=tty,
    )


def _protocol(call: Call) -> str:
    """The subprotocol of the WebSocket that is asked for. Raises `ApiError` 400, 501."""
    upgrade = call.headers.get("upgrade", "").lower()
    if "spdy" in upgrade:
        raise statuses.not_imitated(f"SPDY: open a WebSocket with the subprotocol {' or '.join(PROTOCOLS)}")
    if upgrade != "websocket" or call.request.method != "GET":
        raise statuses.bad_request("Upgrade request required")
    offered = [one.strip() for one in call.headers.get("sec-websocket-protocol", "").split(",")]
    found = next((one for one in offered if one in PROTOCOLS), None)
    if found is None:
        raise statuses.bad_request(
            f"unable to upgrade: the client offers {', '.join(filter(None, offered)) or 'no subprotocol'}, and "
            f"{', '.join(PROTOCOLS)} are spoken here"
        )
    return found
