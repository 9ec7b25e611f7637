"""One cluster in memory: store, server, controllers and audit trail under one clock and one lock.

Built by `FakeBackend`, by the HTTP server and by tests; two clusters share nothing that changes. Nothing here sleeps
and no thread runs: time has its effect when somebody looks (`handle` and `catch_up`), and then in due order, so that
the state is the one that a cluster with live controllers would have reached by now.

How a controller takes part (it is a plain object that holds a `Cluster`):

    class Example:
        def __init__(self, cluster):
            self.cluster = cluster
            cluster.store.subscribe(self.on_event)          # StoreEvent(type, key, rv, old, new, shown): Entry or None

        def on_event(self, event):                          # inside the commit: note what is to be done, never write
            if event.key.plural == "deployments":
                self.cluster.enqueue(("example", event.key), self.cluster.reaction_s, lambda: self.step(event.key))

        def step(self, key):                                # called by catch_up at its due time; may write
            entry = self.cluster.store.get(key)             # Entry: .data bytes, .load() a dict of your own, .uid, .rv
            self.cluster.time.wall(), .monotonic()          # the due time, however late catch_up was called
            send = self.cluster.server.handle                # the request chain without catching up: for steps only
            send(Request("POST", "/api/v1/namespaces/d/pods", headers, body, Identity("system:serviceaccount:...")))

The same key waits once, at the earlier of its times. A step that wants to be called again enqueues itself. A cluster
whose steps are closures, as the lambda above, cannot be forked; methods and partials can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backends.clock import Clock, SystemClock
from backends.fake import admission, bootstrap, snapshots
from backends.fake import metadata as meta
from backends.fake.audit import AuditLog
from backends.fake.authentication import ADMINISTRATOR, NOBODY, Authenticator
from backends.fake.authorization import AlwaysAllow, Mode, Rbac
from backends.fake.catalogue import Catalogue
from backends.fake.custom.lifecycle import Lifecycle
from backends.fake.custom.served import CustomResources
from backends.fake.due import DueQueue
from backends.fake.durations import seconds_of
from backends.fake.events import Expiry, Recorder
from backends.fake.ids import Ids
from backends.fake.messages import Identity, Request, Response
from backends.fake.policies.calling import call_over_https
from backends.fake.policies.callouts import Caller, Callouts, Suspended
from backends.fake.programs import Programs
from backends.fake.registry import Registry
from backends.fake.rules import KindRules
from backends.fake.running import Running
from backends.fake.server import Access, Server
from backends.fake.service_account_tokens import AUDIENCE, ServiceAccountTokens
from backends.fake.snapshots import Snapshot
from backends.fake.store import Key, Store
from backends.kubelet.lives import Lives

REACTION_S = 0.01
"""How long after a write a controller acts, in seconds of cluster time."""
BOOTSTRAP_S = 10.0
"""How long before its first request a cluster is said to have started, so that its own objects are there."""
SETTLE_HORIZON_S = 30.0
"""`settle` follows what is due up to this far apart; what comes later (a nightly CronJob) does not count."""


class ClusterTime:
    """The cluster's clock: the given one, or the due time of the step that is being run."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._behind_s = 0.0

    def wall(self) -> datetime:
        """The time of day, in UTC."""
        wall = self.clock.wall()
        return wall - timedelta(seconds=self._behind_s) if self._behind_s else wall

    def monotonic(self) -> float:
        """Monotonic seconds."""
        return self.clock.monotonic() - self._behind_s

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Refused: nothing in a cluster sleeps."""
        del seconds, stop
        raise RuntimeError("nothing in the cluster sleeps: enqueue a step instead")

    def run_at(self, at: float, step: Callable[[], None]) -> None:
        """Run `step` with the time being `at` (monotonic seconds, not in the future)."""
        self._behind_s = max(0.0, self.clock.monotonic() - at)
        try:
            step()
        finally:
            self._behind_s = 0.0


class Cluster:
    """A Kubernetes control plane, as far as a client can see it.

    `seed` fixes uids and generated names. `controllers` False is an API server alone: no ServiceAccounts appear, and
    pods may be created without one, as in envtest. `scheduler` and `kubelet` False leave these two out: pods stay
    Pending, as in a control plane without machines. `nodes` (0 to 1000) machines are there from the beginning, if there
    are kubelets. `pod_ready_after_s` is how long a pod takes from bound to Ready; `pod_lives` says more of
    some (`backends.kubelet.lives`). With `heartbeats` nodes renew their leases, and one that stops (by the annotation
    `kubelet.kubeactions.test/stopped: "true"`) is lost after 50 s, its pods go 300 s later.
    `reaction_s` is how long after a write a controller acts, in seconds of cluster time (> 0).
    `tokens` maps bearer tokens to identities. `authorization` "rbac" lets everybody do what roles and bindings say,
    "always-allow" anything; then, without `tokens`, nobody has to say who he is: he is an administrator. `anonymous`
    says whether others may come without credentials (as in a real server: yes with "rbac", no with "always-allow").
    `root_certificate` is the PEM text that pods check the API server with, where it is served over TLS (every namespace
    has it in a ConfigMap).
    `exec_needs_create`: exec and attach over a WebSocket need the verb `create` beside `get`, as from v1.35 on (feature
    gate AuthorizePodWebsocketUpgradeCreatePermission); v1.34 asks for `get` alone.
    `webhook_services` says where the Services of admission webhooks are, `namespace/name` -> `https://127.0.0.1:8443`;
    others cannot be called. `webhook_caller` makes the calls (over HTTPS, checked with the webhook's caBundle).
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        seed: int = 0,
        controllers: bool = True,
        scheduler: bool = True,
        kubelet: bool = True,
        nodes: int = 1,
        pod_ready_after_s: float = 1.0,
        pod_lives: Lives | None = None,
        heartbeats: bool = False,
        reaction_s: float = REACTION_S,
        tokens: Mapping[str, Identity] | None = None,
        authorization: Mode = "always-allow",
        anonymous: bool | None = None,
        root_certificate: str | None = None,
        exec_needs_create: bool = False,
        webhook_services: Mapping[str, str] | None = None,
        webhook_caller: Caller = call_over_https,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.lock = threading.RLock()
        self.time = ClusterTime(self.clock)
        self.reaction_s = reaction_s
        self.pod_ready_after_s = pod_ready_after_s
        self.root_certificate = root_certificate
        self.catalogue = Catalogue.load().of_cluster()
        self.ids = Ids(seed)
        self.store = Store()
        self.audit = AuditLog()
        self.due = DueQueue()
        self.tokens = tokens
        self.authorization: Mode = authorization
        access = self._access(seed, anonymous)
        self.callouts = Callouts(webhook_caller)
        around = admission.Surroundings(
            self.store, self.catalogue, self.time, self.ids, self.callouts,
            admission.Services(webhook_services or {}), access.authorizer,
        )  # fmt: skip
        plugins = admission.plugins(around, service_accounts=controllers)
        self.registry = Registry(self.store, self.time, self.ids, KindRules(), plugins)
        self.lend = access.authenticator.lend
        expiry = Expiry(self.store, self.time.monotonic, self.enqueue)
        self.recorder = Recorder(self.store, self.catalogue, self.time, seed, expiry)
        self.programs = Programs()
        """What runs in containers, and what they log."""
        self.server = Server(
            self.registry, self.catalogue, self.time, self.ids, self.audit, access,
            Running(self.programs, access.authorizer, gated=exec_needs_create), self.callouts,
            self.recorder,
            pods_run=controllers and kubelet,
        )  # fmt: skip
        self.custom_resources = CustomResources(self.store, self.catalogue)
        self._lifecycle = Lifecycle(self.store, self.time, self.server.handle, self.enqueue)
        self._catching_up = False
        self.sleepers: set[Callable[[], None]] = set()
        """Called when something new is to be done later: whoever waits for this cluster looks again until when."""
        if controllers:
            self._start_controllers(scheduler, kubelet, pod_lives, heartbeats=heartbeats)
        machines = nodes if controllers and kubelet else 0
        self.time.run_at(self.clock.monotonic() - BOOTSTRAP_S, lambda: self._fill(machines))
        self.catch_up()
        # As after a real server's first compaction: nobody can watch from before the cluster was there.
        self.store.compact(self.store.revision)

    def _fill(self, machines: int) -> None:
        bootstrap.fill(self.server.handle, machines, self.time.wall())
        if self.authorization == "rbac":
            bootstrap.fill_roles(self.store, self.catalogue, self.ids, self.time.wall())

    def _access(self, seed: int, anonymous: bool | None) -> Access:
        """Who decides who somebody is and what he may do."""
        authorizer = Rbac(self.store) if self.authorization == "rbac" else AlwaysAllow()
        issued = ServiceAccountTokens(self.store, self.time, seed)
        if anonymous is None and authorizer.mode == "always-allow" and self.tokens is None:
            without_credentials: Identity | None = ADMINISTRATOR
        else:
            allowed = anonymous if anonymous is not None else authorizer.mode == "rbac"
            without_credentials = NOBODY if allowed else None
        authenticator = Authenticator(self.tokens or {}, issued.read, without_credentials, AUDIENCE)
        return Access(authenticator, authorizer, issued)

    def _start_controllers(self, scheduler: bool, kubelet: bool, lives: Lives | None, *, heartbeats: bool) -> None:
        # Imported here: an API server alone does not need them.
        from backends.fake.controllers import Controllers
        from backends.kubelet import Timing

        timing = Timing(ready_after_s=self.pod_ready_after_s)
        self.controllers = Controllers(
            self, scheduler=scheduler, kubelet=kubelet, timing=timing, lives=lives, heartbeats=heartbeats
        )

    # ---- requests

    def handle(self, request: Request) -> Response:
        """Let the past happen, then answer. Safe to call from any thread that does not hold the lock.

        Where admission webhooks have to be asked, that happens without the lock, and takes real time.
        """
        while True:
            if self.callouts.waiting:
                self.ask_webhooks()
            try:
                return self.attempt(request)
            except Suspended as suspended:
                self.callouts.perform(suspended.calls)

    def attempt(self, request: Request) -> Response:
        """`handle` for who must not wait. Raises `Suspended` where webhooks have to be asked first."""
        with self.lock:
            if not self._catching_up:
                self.catch_up()
            return self.server.handle(request)

    def ask_webhooks(self) -> None:
        """Make the calls that controllers wait for, and let them go on. The lock must not be held."""
        while True:
            with self.lock:
                taken = self.callouts.take()
            if not taken:
                return
            for calls, _ in taken:
                self.callouts.perform(calls)
            with self.lock:
                for _, resume in taken:
                    resume()
                self.catch_up()

    # ---- time

    def enqueue(self, key: Hashable, delay_s: float, step: Callable[[], None], *, background: bool = False) -> None:
        """Run `step` `delay_s` seconds from now; if `key` waits already, the earlier time holds.

        `background`: it comes again and again, and `settle` does not wait for it.
        """
        with self.lock:
            self.due.add(key, self.time.monotonic() + delay_s, step, background=background)
            for wake in self.sleepers:
                wake()

    def catch_up(self) -> None:
        """Run every step that is due up to now, in due order, each with its own due time as the time."""
        with self.lock:
            next_at = self.due.next_at()
            if next_at is None or self._catching_up:
                return
            now = self.clock.monotonic()
            if next_at > now:
                return
            self._catching_up = True
            try:
                while (due := self.due.take(now)) is not None:
                    self.run_step(due.at, due.key, due.step)
            finally:
                self._catching_up = False

    def run_step(self, at: float, key: Hashable, step: Callable[[], None]) -> None:
        """Run a step with the time being `at`; one that has to ask a webhook is run again when that has answered."""
        try:
            self.time.run_at(at, step)
        except Suspended as suspended:
            self.callouts.wait(suspended.calls, partial(self.enqueue, key, 0.0, step))

    def next_due(self) -> float | None:
        """When the next step is due, in monotonic seconds of the clock; None when nothing waits."""
        with self.lock:
            return self.due.next_at()

    def settle(self, limit_s: float = 3600.0) -> float:
        """Move the simulated clock until nothing more is due soon; returns how many seconds that took.

        Raises TypeError under a clock that cannot be moved, RuntimeError when there is no end within `limit_s`.
        """
        if not hasattr(self.clock, "advance"):
            raise TypeError("settle moves the clock: it needs a simulated one")
        begin = self.clock.monotonic()
        self._look()
        while (at := self.due.next_to_wait_for()) is not None:
            now = self.clock.monotonic()
            if at - now > SETTLE_HORIZON_S:
                break
            if now - begin > limit_s:
                raise RuntimeError(f"the cluster does not settle: still busy after {limit_s} s")
            self.clock.sleep(max(0.0, at - now))
            self._look()
        return self.clock.monotonic() - begin

    def _look(self) -> None:
        self.catch_up()
        if self.callouts.waiting:
            self.ask_webhooks()

    def advance(self, duration: str | float | timedelta) -> None:
        """Move the simulated clock by `duration` (Go's `10m`, or seconds), doing what is due on the way, when it is.

        Raises TypeError under a clock that cannot be moved, ValueError for no duration.
        """
        if not hasattr(self.clock, "advance"):
            raise TypeError("advance moves the clock: it needs a simulated one")
        end = self.clock.monotonic() + seconds_of(duration)
        self._look()
        while (at := self.next_due()) is not None and at <= end:
            self.clock.sleep(max(0.0, at - self.clock.monotonic()))
            self._look()
        self.clock.sleep(max(0.0, end - self.clock.monotonic()))

    # ---- twice

    def fork(self, clock: Clock | None = None) -> Cluster:
        """Another cluster that goes on from here by itself, made in well under a millisecond.

        Its clock is `clock`, or one that shows the same time. Raises TypeError for a clock that cannot be copied.
        """
        return snapshots.fork(self, clock)

    def snapshot(self) -> Snapshot:
        """What the cluster is now, to come back to with `restore`."""
        return Snapshot(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Be again what `snapshot` was taken of: objects, revisions, audit trail, and the time of a simulated clock.

        Clients and listeners stay; watches end, as they do when a real server is restarted.
        """
        snapshots.restore(self, snapshot)

    # ---- as data

    def dump(self) -> list[dict[str, Any]]:
        """Every object as it is stored, uids and all."""
        with self.lock:
            self.catch_up()
            self.recorder.write()
            return [entry.load() for entry in self.store.everything()]

    def load(self, objects: Iterable[dict[str, Any]]) -> None:
        """Put objects in as they are, from a `dump`: nothing is defaulted or validated, what has the same key goes.

        But every object gets a uid and a time of creation if it has none. Raises KeyError for a kind that there is
        not.
        """
        with self.lock:
            for obj in objects:
                resource = self.catalogue.of_object(obj)
                metadata = obj["metadata"]
                key = Key(*resource.storage, metadata.get("namespace", ""), metadata["name"])
                copy = {**obj, "metadata": dict(metadata)}
                if not metadata.get("uid"):
                    copy["metadata"]["uid"] = self.ids.uid()
                if not metadata.get("creationTimestamp"):
                    copy["metadata"]["creationTimestamp"] = meta.timestamp(self.time.wall())
                held = self.store.get(key)
                if held is not None:
                    self.store.update(held, copy)
                else:
                    self.store.create(key, resource, copy)
