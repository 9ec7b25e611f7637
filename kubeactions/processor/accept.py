"""What becomes of a config: the rules of identity and dedup. Pure; called by the intake.

`candidates` reads one config into records-to-be. `Acceptance` holds each against the past and against what the same
write already holds, in this order:

1. the whole config was settled before (rejected whole, or by an earlier agent): nothing, or conflicting content;
2. the key is known: nothing; with another digest: conflicting content;
3. a version below the highest recorded for its id: superseded;
4. an action_id that another key has used up: duplicate;
5. stamped at or before the watermark: expired, whatever it was (so old that its record may have been pruned: no record
   is made, and only its source is told, since its end was reported once);
6. the policy's ruling, if it is a no;
7. `pending`, and older versions that are still pending are cancelled.

A refusal of conflicting content gets a record of its own, `<id>~<digest>`, so that it is reported once and cannot be
taken for the outcome of what has the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from kubeactions.errors import Malformed
from kubeactions.ledger import note
from kubeactions.ledger.codec import Known, known_of
from kubeactions.ledger.history import History
from kubeactions.model import Action, ActionKey, Config, Outcome, Phase, Record, Spec, Status
from kubeactions.policy import Gate, Ruling
from kubeactions.settings import Limits
from kubeactions.strict_json import is_unicode
from kubeactions.validator import MAX_TEXT, MAX_VERSION, Rejected, parse

TOO_OLD = "older than the history that is kept (before the watermark)"
Judge = Callable[[Action], Ruling]


def candidates(config: Config, specs: Mapping[str, Spec], limits: Limits, now: datetime) -> list[Record]:
    """The records that a config would make: pending ones, refused ones, or a single one for a config that is none."""
    try:
        return [_candidate(item, now) for item in parse(config, specs, limits)]
    except Malformed as error:
        return [whole_refusal(config, "Malformed", str(error), now)]


def whole_refusal(config: Config, reason: str, message: str, now: datetime) -> Record:
    """One record for a config that is refused as a whole. Without an id or version it is named after its content."""
    digest = hashlib.sha256(config.payload).hexdigest()
    key = (
        ActionKey(config.id[:MAX_TEXT], config.version)
        if is_named(config)
        else ActionKey(f"unidentified-{digest[:12]}", 0)
    )
    record = Record(key=key, phase=Phase.PENDING, digest=digest, received_at=now, order=0, whole=True)
    return refused(record, Outcome(Status.REJECTED, reason, message), now)


def is_named(config: Config) -> bool:
    """Whether it has an id and a version that a record can have: a source of others may hand on anything."""
    version, id_ = config.version, config.id
    is_version = isinstance(version, int) and not isinstance(version, bool) and 1 <= version <= MAX_VERSION
    return is_version and isinstance(id_, str) and bool(id_) and is_unicode(id_)


def refused(record: Record, outcome: Outcome, now: datetime) -> Record:
    """The same, settled at acceptance."""
    why = note(record.why, "accept", outcome.reason, outcome.message, now)
    return replace(record, phase=Phase.SETTLED, outcome=outcome, settled_at=now, why=why)


def conflict_key(record: Record) -> ActionKey:
    """The key of the record that says that this content was refused."""
    return replace(record.key, id=f"{record.key.id}~{record.digest[:8]}")


def _candidate(item: Action | Rejected, now: datetime) -> Record:
    if isinstance(item, Rejected):
        record = Record(key=item.key, phase=Phase.PENDING, digest=item.digest, received_at=now, order=0)
        return refused(record, Outcome(Status.REJECTED, item.reason, item.message), now)
    return Record(key=item.key, phase=Phase.PENDING, digest=item.digest, received_at=now, order=0, action=item)


class Acceptance:
    """One write's worth of new records. `open_records` are the ledger's: a newer version cancels pending ones."""

    def __init__(
        self,
        history: History,
        open_records: Mapping[str, Record],
        watermark: datetime | None,
        judge: Judge,
        now: datetime,
        first_order: int,
    ) -> None:
        self._history = history
        self._open = open_records
        self._watermark = watermark
        self._judge = judge
        self._now = now
        self._order = first_order
        self._made = History()
        self.records: dict[str, Record] = {}
        """What is to be written, by name."""

    def known(self, record: Record) -> bool:
        """Whether this candidate, or the refusal of its content, is on record already."""
        past = self._whole(record.key) or self._get(record.marker)
        if past is None:
            return False
        if past.digest in ("", record.digest):
            return True
        return self._get(conflict_key(record).marker) is not None

    def take(self, record: Record) -> None:
        """Decide about one candidate that is not known, and put what becomes of it into `records`."""
        if (self._whole(record.key) or self._get(record.marker)) is not None:
            text = f"conflicting content: {record.key} was recorded with other content; this one is never executed"
            outcome = Outcome(Status.REJECTED, "ConflictingContent", text)
            self._add(refused(replace(record, key=conflict_key(record), phase=Phase.PENDING), outcome, self._now))
            return
        if not record.open or record.action is None:
            self._add(record)
        elif (objection := self._objection(record.key, record.action)) is not None:
            self._add(refused(record, objection, self._now))
        else:
            self._cancel_older(record.key)
            why = note(record.why, "accept", "Accepted", f"from {record.action.source}", self._now)
            self._add(replace(record, why=why))

    def _objection(self, key: ActionKey, action: Action) -> Outcome | None:
        highest = max(self._history.highest(key.id), self._made.highest(key.id))
        if key.version < highest:
            return Outcome(Status.REJECTED, "Superseded", f"superseded: version {highest} of {key.id} is on record")
        if action.action_id:
            taken = self._history.taken(action.action_id) or self._made.taken(action.action_id)
            if taken is not None:
                text = f"action_id {action.action_id} was used by {taken.key} already"
                return Outcome(Status.DUPLICATE, "DuplicateActionId", text)
        if self._watermark is not None and action.created_at <= self._watermark:
            return Outcome(Status.EXPIRED, "BeforeWatermark", TOO_OLD)
        ruling = self._judge(action)
        if ruling.gate is Gate.REJECT:
            return Outcome(ruling.status, ruling.reason, ruling.message)
        return None

    def _cancel_older(self, key: ActionKey) -> None:
        for record in [*self._open.values(), *self.records.values()]:
            current = self.records.get(record.marker, record)
            older = current.key.id == key.id and current.key.version < key.version
            if older and current.phase is Phase.PENDING:
                text = f"version {key.version} of {key.id} came before this one had begun"
                self._put(refused(current, Outcome(Status.CANCELLED, "Superseded", text), self._now))

    def _add(self, record: Record) -> None:
        self._put(replace(record, order=self._order))
        self._order += 1

    def _put(self, record: Record) -> None:
        self.records[record.marker] = record
        self._made.add({record.marker: known_of(record)})

    def _get(self, name: str) -> Known | None:
        return self._made.get(name) or self._history.get(name)

    def _whole(self, key: ActionKey) -> Known | None:
        return self._made.whole(key.id, key.version) or self._history.whole(key.id, key.version)
