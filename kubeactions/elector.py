"""Leader election on a coordination.k8s.io/v1 Lease, with client-go's fields and rules.

1. A candidate looks at the Lease. Nobody holds it, or its last *observed change* is older than the duration that the
   holder itself wrote: take it. Somebody's clock skew does not matter, only local observation times are used.
2. Every write is a PUT of the object just seen, with its resourceVersion: of two candidates one gets 409.
3. The leader renews every `retry_period_s`. It counts its validity from the moment *before* the renewal that succeeded
   was sent, on the monotonic clock, and for `renew_deadline_s` only; the others wait `lease_duration_s`. The difference
   is what a slow clock, a request under way and a paused thread may eat.
4. `is_leader()` compares two floats: no lock, no request. It is asked right before each effect, with `leads(slack_s)`.
5. On shutdown the Lease is released only after the work has stopped.

What it does **not** promise (client-go's package comment says the same): that only one process acts as leader. A
process that is paused for longer than its lease wakes up and believes for an instant. A Lease keeps two leaders rare;
that an action still takes effect once is the business of the ledger's epoch and of preconditions (see protocol.md).

The Lease also carries one annotation, the ledger's identity {uid, epoch, seq}, by which a deleted or restored ledger
is noticed. Renewals keep it; `stamp` rewrites it on each promotion. Only this file writes the Lease. Who has seen the
annotation writes it again where it is gone: whoever deletes the ledger and the Lease together (a namespace) must not
make a new ledger look like a first start, in which everything would be done again.

`Agent` calls `step()` in a thread of its own, or a simulation does. Rules: k8s.io/client-go tools/leaderelection;
field meanings: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from kubeactions.clock import Clock
from kubeactions.errors import Conflict, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.model import JsonObject
from kubeactions.trouble import Trouble

log = logging.getLogger("kubeactions.elector")

LEDGER_ANNOTATION = "kubeactions.datadoghq.com/ledger"
"""Annotation of the Lease: {"uid", "epoch", "seq"} of the ledger that the last promoted leader used."""
JITTER = 1.2
"""A candidate waits up to (1 + JITTER) retry periods, so that candidates do not march in step (client-go)."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The numbers of an election, in seconds. The constructor refuses what cannot be safe.

    `lease_duration_s` is whole seconds (the API field is an integer); `renew_deadline_s` is how long a leader trusts
    its last renewal; `retry_period_s` is the pause between two tries; `request_timeout_s` bounds one request.
    """

    lease_duration_s: float = 15.0
    renew_deadline_s: float = 10.0
    retry_period_s: float = 2.0
    request_timeout_s: float = 3.0

    def __post_init__(self) -> None:
        rules = (
            (self.retry_period_s > 0, "retry_period_s must be positive"),
            (self.request_timeout_s > 0, "request_timeout_s must be positive"),
            (self.lease_duration_s >= 1, "lease_duration_s must be at least 1: the Lease counts whole seconds"),
            (
                self.renew_deadline_s < int(self.lease_duration_s),
                "renew_deadline_s must be below lease_duration_s: a leader must stop before others may start",
            ),
            (
                self.renew_deadline_s > JITTER * self.retry_period_s,
                f"renew_deadline_s must be above {JITTER} retry periods, or one lost renewal ends every term",
            ),
            (
                self.retry_period_s + self.request_timeout_s < self.renew_deadline_s,
                "retry_period_s + request_timeout_s must be below renew_deadline_s, or one slow renewal ends a term",
            ),
        )
        for holds, problem in rules:
            if not holds:
                raise ValueError(f"unsafe election timing {self}: {problem}")


class Move(StrEnum):
    """What a candidate or leader does next."""

    CREATE = "create"
    """There is no Lease: create it."""
    TAKE = "take"
    """Nobody holds it, or its holder let it run out."""
    RENEW = "renew"
    """We hold it."""
    WAIT = "wait"
    """Somebody else holds it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The Lease as last seen (None: there is none), and when it was last seen to change, on the monotonic clock."""

    lease: JsonObject | None
    changed_at: float


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which ledger the last promoted leader used, and how far that was."""

    uid: str
    epoch: int
    seq: int


def decide(seen: Seen, identity: str, now: float) -> Move:
    """What to do about a Lease, `now` on the monotonic clock. Pure; client-go's tryAcquireOrRenew."""
    if seen.lease is None:
        return Move.CREATE
    spec = seen.lease.get("spec") or {}
    holder = spec.get("holderIdentity") or ""
    if holder == identity:
        return Move.RENEW
    runs_out_at = seen.changed_at + float(spec.get("leaseDurationSeconds") or 0)
    return Move.TAKE if not holder or now >= runs_out_at else Move.WAIT


def next_spec(seen: Seen, identity: str, timing: Timing, now: datetime) -> JsonObject:
    """The spec that makes us the holder: acquireTime and leaseTransitions move when the holder changes. Pure."""
    old = (seen.lease or {}).get("spec") or {}
    renewal = old.get("holderIdentity") == identity
    transitions = int(old.get("leaseTransitions") or 0)
    return {
        **old,
        "holderIdentity": identity,
        "leaseDurationSeconds": int(timing.lease_duration_s),
        "acquireTime": old.get("acquireTime") if renewal and old.get("acquireTime") else micro_time(now),
        "renewTime": micro_time(now),
        "leaseTransitions": transitions if renewal or seen.lease is None else transitions + 1,
    }


def micro_time(now: datetime) -> str:
    """Kubernetes' MicroTime: RFC 3339 in UTC with exactly six fractional digits (a Lease refuses any other number)."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_stamp(lease: JsonObject | None) -> Stamp | None:
    """The ledger annotation of a Lease; None when it has none. Raises ValueError when it cannot be read."""
    text = (((lease or {}).get("metadata") or {}).get("annotations") or {}).get(LEDGER_ANNOTATION)
    if not text:
        return None
    try:
        found = json.loads(text)
        return Stamp(str(found["uid"]), int(found["epoch"]), int(found["seq"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"annotation {LEDGER_ANNOTATION} of the Lease is unreadable: {text!r}") from error


def new_identity(pod_name: str, pod_uid: str, dice: random.Random) -> str:
    """Pod name + pod UID + a random part: a restarted container of the same pod is somebody else."""
    return "_".join(part for part in (pod_name, pod_uid, f"{dice.getrandbits(64):016x}") if part)


class Elector:
    """One candidate for one Lease. `step` and `stamp` may be called from different threads."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        *,
        identity: str,
        namespace: str,
        name: str,
        timing: Timing | None = None,
        dice: random.Random | None = None,
    ) -> None:
        if not identity:
            raise ValueError("identity: a candidate needs a name of its own")
        self.identity = identity
        self._timing = timing or Timing()
        self._kube = kube.within(self._timing.request_timeout_s)
        self._clock = clock
        self._dice = dice or random.Random(identity)  # noqa: S311  Jitter, no secret.
        self._collection = path_of("coordination.k8s.io/v1", "leases", namespace=namespace)
        self._path = path_of("coordination.k8s.io/v1", "leases", namespace=namespace, name=name)
        self._metadata = {"name": name, "namespace": namespace}
        self._seen = Seen(None, clock.monotonic())
        self._ledger_text = ""
        """The ledger annotation as last seen, "" when none ever was."""
        self._valid_until = float("-inf")
        self._term = 0
        self._leading = False
        self._one_writer = threading.Lock()
        self._trouble = Trouble(clock, log)
        self.last_error = ""
        """Text of the last failed try, "" after a success; for health and `why`."""
        self.retired = False
        """Whether `retire` was called."""
        self.reached = False
        """Whether a try has succeeded since this process began."""

    def is_leader(self) -> bool:
        """Whether our last renewal still counts."""
        return self._clock.monotonic() < self._valid_until

    def leads(self, slack_s: float) -> bool:
        """Whether it will still count in `slack_s` (>= 0) seconds: asked right before each effect."""
        return not self.retired and self._clock.monotonic() + slack_s <= self._valid_until

    def slack_s(self) -> float:
        """Seconds for which our last renewal still counts; negative when it does not."""
        return self._valid_until - self._clock.monotonic()

    def retire(self) -> None:
        """The end of this replica is near: `leads` says no from now on, and the lease is kept until it is released."""
        self.retired = True

    def term(self) -> int:
        """Number of times this candidate became leader; a worker that sees it change starts from the ledger again."""
        return self._term

    def holder(self) -> str:
        """Who held the Lease when it was last seen, "" for nobody."""
        return str(((self._seen.lease or {}).get("spec") or {}).get("holderIdentity") or "")

    def known_stamp(self) -> Stamp | None:
        """The ledger annotation of the Lease as last written or seen. Raises ValueError when it is unreadable."""
        return read_stamp(self._seen.lease)

    def step(self) -> float:
        """Try once to get or keep the Lease; returns the seconds after which to be called again. Never raises."""
        with self._one_writer:
            self._notice_loss()
            try:
                self._advance()
                self.last_error, self.reached = "", True
                self._trouble.over("the lease can be read and written again")
            except Exception as error:  # noqa: BLE001  The loop must outlive whatever a request does; the text is kept.
                self._doubt(error)
            self._notice_loss()
        if self._leading:
            return self._timing.retry_period_s
        return self._timing.retry_period_s * (1 + JITTER * self._dice.random())

    def stamp(self, stamp: Stamp) -> None:
        """Renew and make the Lease name this ledger, before the first record is written in a new epoch.

        Raises a `KubeError` when that is not known to be durable; Conflict also when we hold no valid lease.
        """
        with self._one_writer:
            if not self.is_leader():
                raise Conflict("the Lease is not ours to write")
            try:
                self._write(stamp)
            except Exception as error:
                self._doubt(error)
                raise

    def release(self) -> None:
        """Give the Lease up, so that another candidate need not wait for it to run out. Call it when work has stopped.

        client-go: holder "", duration 1 s, transitions kept. Never raises: a lost release runs out by itself.
        """
        with self._one_writer:
            held = self._leading or self.holder() == self.identity
            self._valid_until = float("-inf")
            self._leading = False
            if not held or self._seen.lease is None:
                return
            now = micro_time(self._clock.wall())
            spec = {**self._seen.lease.get("spec", {}), "holderIdentity": "", "leaseDurationSeconds": 1}
            spec |= {"renewTime": now, "acquireTime": now}
            try:
                self._observe(self._kube.replace(self._path, {**self._seen.lease, "spec": spec}))
                log.info("lease released", extra={"identity": self.identity})
            except Exception as error:  # noqa: BLE001  It runs out by itself.
                self._doubt(error)

    def _advance(self) -> None:
        if not self._leading:
            self._look()
        move = decide(self._seen, self.identity, self._clock.monotonic())
        if move is Move.WAIT:
            return
        try:
            self._write(None)
        except Conflict:
            if self._leading:
                raise
            self._look()  # Another candidate was first: that is no trouble.

    def _look(self) -> None:
        try:
            self._observe(self._kube.get(self._path))
        except NotFound:
            self._observe(None)

    def _observe(self, lease: JsonObject | None) -> None:
        """Keep what was seen; the clock of a foreign holder restarts only when its spec has changed."""
        if lease is not None:
            annotations = lease["metadata"].get("annotations") or {}
            self._ledger_text = annotations.get(LEDGER_ANNOTATION) or self._ledger_text
        if (lease or {}).get("spec") != (self._seen.lease or {}).get("spec") or lease is None:
            self._seen = Seen(lease, self._clock.monotonic())
        else:
            self._seen = Seen(lease, self._seen.changed_at)

    def _write(self, stamp: Stamp | None) -> None:
        """One PUT (or POST) that makes us the holder; validity counts from just before it is sent."""
        sent_at = self._clock.monotonic()
        body = self._body(stamp)
        if self._seen.lease is None:
            lease = self._kube.create(self._collection, body)
        else:
            lease = self._kube.replace(self._path, body)
        self._observe(lease)
        self._valid_until = sent_at + self._timing.renew_deadline_s
        if not self._leading and self.is_leader():
            self._leading = True
            self._term += 1
            log.info("lease acquired", extra={"identity": self.identity, "term": self._term})

    def _body(self, stamp: Stamp | None) -> JsonObject:
        spec = next_spec(self._seen, self.identity, self._timing, self._clock.wall())
        if self._seen.lease is None:
            body: JsonObject = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {**self._metadata}}
        else:
            body = {**self._seen.lease, "metadata": {**self._seen.lease["metadata"]}}
        text = self._ledger_text
        if stamp is not None:
            text = json.dumps({"uid": stamp.uid, "epoch": stamp.epoch, "seq": stamp.seq}, separators=(",", ":"))
        if text:
            body["metadata"]["annotations"] = {**(body["metadata"].get("annotations") or {}), LEDGER_ANNOTATION: text}
        return {**body, "spec": spec}

    def _doubt(self, error: Exception) -> None:
        """A try failed: what we knew of the Lease may be out of date, so a leader looks again before it renews."""
        self.last_error = f"{type(error).__name__}: {error}"
        self._trouble.goes_on(type(error).__name__, f"lease: {error}", identity=self.identity)
        try:
            if isinstance(error, (Conflict, NotFound)) and self._leading:
                self._look_after_conflict()
        except Exception as again:  # noqa: BLE001  The next step looks again.
            self.last_error = f"{type(again).__name__}: {again}"

    def _look_after_conflict(self) -> None:
        self._look()
        if self.holder() not in ("", self.identity):
            self._valid_until = float("-inf")  # Somebody else has it: believing on would only do harm.

    def _notice_loss(self) -> None:
        if self._leading and not self.is_leader():
            self._leading = False
            log.warning("lease lost", extra={"identity": self.identity, "holder": self.holder()})
