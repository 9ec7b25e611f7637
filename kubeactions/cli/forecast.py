"""What would become of a config, here and now: the agent's own rules and executors, asked without doing anything.

`kubeactions plan` calls `forecast`. Acceptance, gates, look and plan are those of the processor, with the facts that
the ledger and the cluster give; what would be sent is sent as a server-side dry run, and its requests are kept. What it
cannot tell: what a safety hook answers (it is the agent's, where the agent runs), and what changes until then.

It writes nothing: the only door that it hands out is one whose every write says dryRun=All.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from kubeactions import policy
from kubeactions.errors import NotFound, Refused
from kubeactions.kube import Kube
from kubeactions.ledger import NAME, REQUESTS_NAME, Asked, Reading
from kubeactions.ledger.codec import known_of
from kubeactions.ledger.history import History
from kubeactions.model import (
    Action,
    Circumstances,
    Config,
    EffectClass,
    Evidence,
    Executor,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Phase,
    Plan,
    Record,
    Seen,
    Status,
    Target,
)
from kubeactions.processor.accept import Acceptance, candidates
from kubeactions.processor.gates import beginning_of, count_objects
from kubeactions.processor.own import own_targets
from kubeactions.processor.rehearsal import Rehearsing
from kubeactions.registry import specs
from kubeactions.settings import Settings

REFUSED = frozenset({Status.REJECTED, Status.EXPIRED, Status.DUPLICATE, Status.FAILED, Status.UNKNOWN})
"""Ends that are a no."""


@dataclass(slots=True)
class Request:
    """One write that would be sent."""

    method: str
    path: str
    body: Json
    format: str = ""
    """PATCH only: json, merge or strategic."""
    only_if: tuple[str, ...] = ()
    """What it is conditional on."""
    before: JsonObject | None = None
    """The object of this path as it is; None when there is none."""
    after: JsonObject | None = None
    """The same as it would be; None when it would be gone, or when the answer is no such object."""
    refusal: str = ""
    """Why the API server would refuse it; "" when it would not."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is said of one action."""

    key: str
    action: Action | None
    says: str
    """What it would do, in one line that completes "it would ..."."""
    good: bool
    """Whether it would be executed, now or when what holds it back is over, or is done already."""
    gates: tuple[tuple[str, policy.Ruling | None], ...] = ()
    plan: str = ""
    requests: tuple[Request, ...] = ()

    @property
    def objections(self) -> list[tuple[str, policy.Ruling]]:
        """The gates that say no, or not now."""
        return [(name, ruling) for name, ruling in self.gates if ruling is not None]


class Recording(Rehearsing):
    """A door that changes nothing and keeps what went through it."""

    def __init__(self, kube: Kube) -> None:
        super().__init__(kube)
        self.requests: list[Request] = []

    def create(self, path: str, body: JsonObject, *, dry_run: bool = True) -> JsonObject:
        """A dry run of POST, kept. A new object has nothing before it; a subresource's answer is no object."""
        one = self._keep(Request("POST", path, body, only_if=_of_new(path, body)))
        return self._answered(one, lambda: super(Recording, self).create(path, body, dry_run=dry_run))

    def replace(self, path: str, body: JsonObject, *, dry_run: bool = True) -> JsonObject:
        """A dry run of PUT, kept."""
        one = self._keep(Request("PUT", path, body, only_if=_preconditions(body), before=self._current(path)))
        return self._answered(one, lambda: super(Recording, self).replace(path, body, dry_run=dry_run))

    def patch(self, path: str, body: Json, *, type: str = "json", dry_run: bool = True) -> JsonObject:  # noqa: A002
        """A dry run of PATCH, kept."""
        one = self._keep(Request("PATCH", path, body, type, _preconditions(body), self._current(path)))
        return self._answered(one, lambda: super(Recording, self).patch(path, body, type=type, dry_run=dry_run))

    def delete(
        self, path: str, *, uid: str | None = None, grace_period_s: int | None = None, propagation: str | None = None
    ) -> JsonObject:
        """A dry run of DELETE, kept."""
        options = {
            "preconditions": {"uid": uid} if uid is not None else None,
            "gracePeriodSeconds": grace_period_s,
            "propagationPolicy": propagation,
        }
        body = {name: value for name, value in options.items() if value is not None}
        only_if = (f"metadata.uid = {uid}",) if uid is not None else ()
        one = self._keep(Request("DELETE", path, body, only_if=only_if, before=self._current(path)))
        answer = self._answered(
            one,
            lambda: super(Recording, self).delete(
                path, uid=uid, grace_period_s=grace_period_s, propagation=propagation
            ),
        )
        one.after = None
        return answer

    def _keep(self, request: Request) -> Request:
        self.requests.append(request)
        return request

    def _current(self, path: str) -> JsonObject | None:
        try:
            return self._kube.get(path)
        except NotFound:
            return None

    def _answered(self, request: Request, send: Callable[[], JsonObject]) -> JsonObject:
        try:
            answer = send()
        except Refused as error:
            request.refusal = error.message
            raise
        request.after = answer if answer.get("kind") != "Status" else None
        return answer


def _preconditions(body: Json) -> tuple[str, ...]:
    """The tests of a JSON patch; UID and resourceVersion of any other body, and those of an eviction."""
    if isinstance(body, list):
        return tuple(f"{one['path']} = {json.dumps(one['value'])}" for one in body if one.get("op") == "test")
    found = dict(body.get("metadata") or {})
    found |= (body.get("deleteOptions") or {}).get("preconditions") or {}
    return tuple(f"metadata.{name} = {found[name]}" for name in ("uid", "resourceVersion") if name in found)


def _of_new(path: str, body: JsonObject) -> tuple[str, ...]:
    """What a POST is conditional on: an object that is created under a name must not be there yet."""
    name = (body.get("metadata") or {}).get("name")
    if name is None or name in path.split("/"):  # A subresource of that object.
        return _preconditions(body)
    return (f"there is no {body.get('kind', 'object')} {name}",)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the system while a config is looked at."""

    kube: Kube
    settings: Settings
    executors: Mapping[str, Executor]
    reading: Reading
    asked: Asked
    now: datetime
    tally: policy.Tally = field(init=False)

    def __post_init__(self) -> None:
        tally = policy.Tally(self.settings.safety)
        begun = [beginning_of(known_of(record)) for record in self.reading.records]
        tally.fill([one for one in begun if one is not None], self.now)
        object.__setattr__(self, "tally", tally)

    def facts(self, action: Action) -> policy.Facts:
        """What the gates are given, as the leader's are."""
        settings, spec = self.settings, self.executors[action.type].spec
        asks_share = settings.safety.blast_radius.percent and spec.effect is not EffectClass.READ
        objects = count_objects(self.kube, action, spec) if asks_share else None
        in_flight = tuple(str(record.key) for record in self.reading.records if record.phase is Phase.INTENT)
        content = (action.key.marker, action.digest)
        approvers = [one.by for one in self.asked.approvals if (one.marker, one.digest) == content]
        lease = Target("coordination.k8s.io/v1", "Lease", settings.election.lease_name, settings.ledger_namespace)
        ledger = (Target("v1", "ConfigMap", name, settings.ledger_namespace) for name in (NAME, REQUESTS_NAME))
        return policy.Facts(
            now=self.now,
            own_namespace=settings.own.namespace,
            untouchable=(*ledger, lease, *own_targets(self.kube, settings.own)),
            pauses=tuple(str(one) for one in self.asked.pauses),
            approved_by=policy.names_of(approvers, action.requested_by),
            traffic=self.tally.about(action, self.now, in_flight, objects),
        )


def forecast(config: Config, around: Surroundings) -> Iterator[Forecast]:
    """Each action of a config, in its order. Raises a `KubeError` when the cluster cannot be asked."""
    history = History()
    history.add({record.marker: known_of(record) for record in around.reading.records})
    by_name = {record.marker: record for record in around.reading.records}
    watermark = around.reading.meta.watermark if around.reading.meta else None
    pending = {name: record for name, record in by_name.items() if record.open}
    acceptance = Acceptance(history, pending, watermark, lambda _: policy.ALLOWED, around.now, 0)
    known_specs = specs(around.executors)
    for candidate in candidates(config, known_specs, around.settings.limits, around.now):
        key = str(candidate.key)
        if acceptance.known(candidate):
            yield _on_record(key, candidate, by_name)
            continue
        acceptance.take(candidate)
        *_, record = acceptance.records.values()
        if record.outcome is not None or record.action is None:
            yield Forecast(key, candidate.action, _ends(record.outcome), good=False)
        else:
            yield _of_action(key, record.action, around)


def _on_record(key: str, candidate: Record, by_name: Mapping[str, Record]) -> Forecast:
    known = by_name.get(candidate.marker)
    state = (known.outcome.status if known.outcome else known.phase) if known is not None else "refused as a whole"
    says = f"do nothing: it is on record already ({state}); a higher version would run again"
    return Forecast(key, candidate.action, says, good=known is not None)


def _ends(outcome: Outcome | None) -> str:
    return f"end as {outcome.status}: {outcome.reason}: {outcome.message}" if outcome else "do nothing"


def _of_action(key: str, action: Action, around: Surroundings) -> Forecast:
    """One that would be accepted: the gates, and unless one of them says never, the plan."""
    executor = around.executors[action.type]
    gates = tuple(policy.rulings(action, executor.spec, around.facts(action), around.settings))
    for _, ruling in gates:
        if ruling is not None and ruling.gate is policy.Gate.REJECT:
            says = f"end as {ruling.status}: {ruling.reason}: {ruling.message}"
            return Forecast(key, action, says, good=False, gates=gates)
    try:
        seen = executor.look(action, None, around.kube)
    except Refused as error:
        says = f"end as failed: {action.target} cannot be looked at: {error.message}"
        return Forecast(key, action, says, good=False, gates=gates)
    if executor.spec.effect is not EffectClass.READ:
        gates = (*gates, ("opt-out of the target", policy.opted_out(seen.target)))
        if (ruling := gates[-1][1]) is not None:
            says = f"end as {ruling.status}: {ruling.reason}: {ruling.message}"
            return Forecast(key, action, says, good=False, gates=gates)
    return _planned(Forecast(key, action, "", good=True, gates=gates), action, seen, around)


def _planned(so_far: Forecast, action: Action, seen: Seen, around: Surroundings) -> Forecast:
    """The executor's plan, and its requests as dry runs."""
    executor, settings = around.executors[action.type], around.settings
    circumstances = Circumstances(
        now=around.now,
        marker=action.key.marker,
        permits=settings.permits,
        sensitive_words=settings.sensitive_words,
        exec_limits=settings.exec_limits,
    )
    planned = executor.plan(action, seen, circumstances)
    if isinstance(planned, Outcome):
        return replace(so_far, says=_ends(planned), good=planned.status not in REFUSED)
    if executor.spec.effect is EffectClass.UNTRACED:
        return replace(so_far, plan=planned.text, says=_when(so_far, "done; what it sends cannot be rehearsed"))
    requests = _rehearsed(executor, action, planned, seen, around)
    refusals = [one.refusal for one in requests if one.refusal]
    says = f"be refused by the API server: {refusals[0]}" if refusals else _when(so_far, _as_what(action, settings))
    return replace(so_far, plan=planned.text, requests=requests, says=says, good=not refusals)


def _as_what(action: Action, settings: Settings) -> str:
    dry = settings.safety.dry_run or action.dry_run
    return "rehearsed and end as dry_run: nothing would be changed" if dry else "done; the API server accepts it"


def _when(so_far: Forecast, what: str) -> str:
    waits = ", ".join(ruling.reason for _, ruling in so_far.objections)
    return f"wait ({waits}), then be {what}" if waits else f"be {what}"


def _rehearsed(executor: Executor, action: Action, plan: Plan, seen: Seen, around: Surroundings) -> tuple[Request, ...]:
    """What the intent would send, part by part where it has parts. Refusals are kept in the requests."""
    intent = Intent(epoch=0, attempt=1, uid=plan.uid, pin=plan.pin, resolved=plan.resolved, at=around.now)
    door = Recording(around.kube.attributed(action.key.marker))
    for one in _parts(executor, action, intent, seen, around.now):
        try:
            executor.execute(action, one, door)
        except Refused:
            continue
    return tuple(door.requests)


def _parts(executor: Executor, action: Action, intent: Intent, seen: Seen, now: datetime) -> Sequence[Intent]:
    """The intent itself, or one for each part that its executor would send first."""
    verdict = executor.verdict(action, intent, Evidence(seen=seen, at=now))
    if not verdict.parts:
        return (intent,)
    return [replace(intent, resolved={**intent.resolved, "part": part}) for part in verdict.parts]
