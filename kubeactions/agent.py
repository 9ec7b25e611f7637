"""One replica: builds every object once, and runs the two loops.

The command line makes an `Agent` and calls `run`; scenarios and the demo call `agent.elector.step()` and
`agent.processor.step()` themselves, under their own clock. The loops share nothing but the elector's answer to "do we
lead?": a processor that hangs does not cost the lease, and an elector that hangs stops the processor by the clock.

It decides nothing. Settings that cannot work together are refused here, before anything starts (`SettingsError`).
"""

from __future__ import annotations

import difflib
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kubeactions import policy, registry, reporters, sources
from kubeactions.clock import Clock, SystemClock
from kubeactions.elector import Elector, Timing, new_identity
from kubeactions.errors import SettingsError
from kubeactions.kube import Kube, Observer
from kubeactions.ledger import NAME, Bounds, Ledger
from kubeactions.model import Executor, Meter, Reporter, Source, Target
from kubeactions.plugins import nearest
from kubeactions.processor import Pace, Parts, Processor
from kubeactions.settings import Settings

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

log = logging.getLogger("kubeactions.agent")

STALLED_AFTER_S = 60.0
"""A loop that has not ticked for this long is stuck: liveness fails. It ticks with each step and with each request that
has ended, so an API server that is slow or away, which a restart would not mend, does not fail it."""
LISTEN_S = 0.1
"""How often a loop that waits asks whether there is something to do before its time: a `stat`, no request."""
RELEASE_S = 3.0
"""Of the time for a graceful stop, what is kept for the end: the last write and the release of the lease."""


class Agent:
    """A replica of the system. `api_client` is the official client, already authenticated.

    `identity` names the replica in the Lease, the ledger and reports; by default pod name, pod UID and a random part.
    Sources, reporters and executors come from the settings and the registry unless they are given. Raises `UserError`.
    """

    def __init__(
        self,
        settings: Settings,
        api_client: ApiClient,
        *,
        clock: Clock | None = None,
        name: str = "",
        identity: str = "",
        sources: Sequence[Source] | None = None,
        reporters: Sequence[Reporter] | None = None,
        executors: Mapping[str, Executor] | None = None,
        pace: Pace | None = None,
        meter: Meter | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        dice = dice or random.SystemRandom()
        own = settings.own
        self.identity = identity or new_identity(name or own.pod_name or "kubeactions", own.pod_uid, dice)
        self._meter = meter or Meter()
        self._ticks = {"elector": self.clock.monotonic(), "processor": self.clock.monotonic()}
        self.stopping = False
        """Whether a graceful stop has begun."""

        def door(loop: str) -> Kube:
            return Kube(api_client, self.clock, settings.request_timeout_s, observer=self._observer(loop))

        kube = door("processor")
        self.elector = self._elector(door("elector"), dice)
        ledger = Ledger(
            kube, self.clock, namespace=settings.ledger_namespace, identity=self.identity, bounds=_bounds(settings)
        )
        self.executors = executors if executors is not None else registry.load()
        _check_names(settings, self.executors)
        self.processor = Processor(
            Parts(
                kube=kube,
                clock=self.clock,
                elector=self.elector,
                ledger=ledger,
                executors=self.executors,
                sources=sources if sources is not None else _open_sources(settings),
                reporters=reporters if reporters is not None else _open_reporters(settings, kube),
                settings=settings,
                hooks=policy.load_hooks(settings),
                pace=pace or Pace(),
                meter=self._meter,
            )
        )

    def run(self, stop: threading.Event) -> bool:
        """Run both loops until `stop` is set: finish or leave what is begun, then release the lease, then return.

        Takes at most `settings.shutdown_timeout_s` from then on. False when the work had not stopped by then (a request
        hangs): nothing more is written, the lease runs out by itself, and the threads, which are daemons, must end with
        the process. Nothing is lost by that: intents are in the ledger.
        """
        processing = threading.Thread(
            target=self._loop,
            args=("processor", self.processor.step, stop, self._listen),
            name="processor",
            daemon=True,
        )
        released = threading.Event()
        electing = threading.Thread(
            target=self._loop,
            args=("elector", self.elector.step, released, self.clock.sleep),
            name="elector",
            daemon=True,
        )
        self.processor.run_aside()
        electing.start()
        processing.start()
        stop.wait()
        self.stopping = True
        ends_at = self.clock.monotonic() + self.settings.shutdown_timeout_s
        self.elector.retire()  # The round that is under way begins no further effect.
        processing.join(max(self.settings.shutdown_timeout_s - RELEASE_S, 0.5))
        if processing.is_alive():
            released.set()
            log.warning("the work has not stopped in time: the lease is left to run out, intents stay in the ledger")
            return False
        self.processor.finish(max(ends_at - self.clock.monotonic() - RELEASE_S, 0.0))
        released.set()  # The lease is kept alive until the work has stopped.
        electing.join(max(ends_at - self.clock.monotonic(), 0.1))
        if electing.is_alive():
            log.warning("the elector has not stopped in time: the lease is left to run out")
            return False
        self.shut_down()
        return True

    def shut_down(self) -> None:
        """The end of a graceful stop, when no loop runs any more: write what is amended, release the lease."""
        self.processor.finish()
        if self.settings.election.release_on_shutdown:
            self.elector.release()

    def stalled(self) -> tuple[str, ...]:
        """Names of loops that have not ticked for `STALLED_AFTER_S`, for `/livez`; () is healthy."""
        now = self.clock.monotonic()
        return tuple(name for name, at in self._ticks.items() if now - at > STALLED_AFTER_S)

    def last_tick(self, loop: str) -> float:
        """When "elector" or "processor" last began a step or ended a request, in monotonic seconds."""
        return self._ticks[loop]

    def why_not_ready(self) -> str:
        """Why this replica does not do its work, in one line, for `/readyz`; "" when it does, or follows."""
        if self.stopping:
            return "shutting down"
        if self.processor.closed:
            return f"the ledger is closed: {self.processor.closed}"
        if self.elector.last_error:
            return f"the lease cannot be read or written: {self.elector.last_error}"
        if not self.elector.reached:
            return "the API server has not been reached yet"
        return f"the last round ended early: {self.processor.last_error}" if self._failing() else ""

    def _failing(self) -> bool:
        return bool(self.elector.is_leader() and self.processor.last_error)

    def _observer(self, loop: str) -> Observer:
        """What is told of each request of a loop: it is a tick, and it is counted."""

        def observe(method: str, status: int, seconds: float) -> None:
            self._ticks[loop] = self.clock.monotonic()
            self._meter.requested(method, status, seconds)

        return observe

    def _loop(
        self,
        name: str,
        step: Callable[[], float],
        stop: threading.Event,
        wait: Callable[[float, threading.Event], None],
    ) -> None:
        while not stop.is_set():
            self._ticks[name] = self.clock.monotonic()
            wait(step(), stop)

    def _listen(self, seconds: float, stop: threading.Event) -> None:
        """Sleep for so long, or until the processor has something to do."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0 and not stop.is_set():
            self._ticks["processor"] = self.clock.monotonic()  # A poll may be due later than a loop counts as stuck.
            self.clock.sleep(min(left, LISTEN_S), stop)
            if self.processor.stirred():
                return

    def _elector(self, kube: Kube, dice: random.Random) -> Elector:
        election = self.settings.election
        try:
            timing = Timing(
                election.lease_duration_s,
                election.renew_deadline_s,
                election.retry_period_s,
                request_timeout_s=min(3.0, 0.3 * election.renew_deadline_s),
            )
        except ValueError as error:
            raise SettingsError(f"leader_lease_duration: {error}") from error
        if self.settings.request_timeout_s + election.retry_period_s >= election.renew_deadline_s:
            raise SettingsError(
                f"kubeactions.request_timeout_s: {self.settings.request_timeout_s:g} s does not fit into a lease of "
                f"{election.lease_duration_s:g} s: a request must end before the lease does (at most "
                f"{election.renew_deadline_s - election.retry_period_s:g} s, or a longer leader_lease_duration)"
            )
        return Elector(
            kube,
            self.clock,
            identity=self.identity,
            namespace=self.settings.ledger_namespace,
            name=election.lease_name,
            timing=timing,
            dice=dice,
        )


def _check_names(settings: Settings, executors: Mapping[str, Executor]) -> None:
    """A mistyped permit or kind would permit nothing, a mistyped action type hold nothing back, in silence."""
    known = {name for executor in executors.values() for name in executor.spec.permits}
    for name in sorted(settings.permits - known):
        raise SettingsError(f"kubeactions.permits: unknown permit {name!r}{nearest(name, known)}")
    for name in sorted(settings.safety.action_types() - executors.keys()):
        where = "kubeactions.approvals, rate.per_action_type or windows"
        raise SettingsError(f"{where}: unknown action type {name!r}{nearest(name, executors)}")
    enabled = [one.spec for name, one in executors.items() if name in (settings.allowed_actions or executors)]
    kinds = {kind.casefold(): kind for spec in enabled for kind in spec.kinds}
    reads_any = any(not spec.kinds for spec in enabled)
    for _, name in sorted(settings.safety.kinds or (), key=str):
        mistyped = difflib.get_close_matches(name, kinds, n=1, cutoff=0.0 if not reads_any else 0.85)
        if name not in kinds and (mistyped or not reads_any):
            text = f"kubeactions.allowed_kinds: no enabled action acts on kind {name!r}{nearest(name, kinds.values())}"
            raise SettingsError(text)


def _bounds(settings: Settings) -> Bounds:
    keep_s = settings.retention_s + settings.expiry_s + settings.future_tolerance_s
    return Bounds(
        open_bytes=settings.limits.open_bytes,
        max_segments=settings.limits.segments,
        keep_s=keep_s,
        not_before_s=settings.safety.not_before_limit_s,
    )


def _open_sources(settings: Settings) -> tuple[Source, ...]:
    return sources.open_all(settings.sources, settings.limits)


def _open_reporters(settings: Settings, kube: Kube) -> tuple[Reporter, ...]:
    ledger = Target("v1", "ConfigMap", NAME, settings.ledger_namespace)
    return reporters.open_all(settings.reporters, reporters.Surroundings(kube, ledger, settings.cluster_name))
