"""The protocol as an explicit-state model: every interleaving of leaders, requests and strangers, up to a bound.

No timing is assumed at all. Any number of processes may believe that they lead; any may die between two steps; a
request may arrive late, or never; an answer may be lost; a stranger may edit the target, strip the action's mark, or
put another object in its place. `explore` visits every state that can be reached and returns the first that breaks a
promise, with the way to it.

The rules are those of `kubeactions/protocol.md`. `Rules` names each as a flag, so that a test can take one away and see
the promise break: that is the reason for the rule. The model is of one action and knows no lease: leases make two
leaders rare, the rules make them harmless.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple


class Effect(Enum):
    """How the API server guards the effect: the classes P, U and X of the protocol."""

    PINNED_PATCH = "P"
    """A patch with a generation pin and a mark in it."""
    BY_UID = "U"
    """A deletion with a uid precondition."""
    UNTRACED = "X"
    """Something that leaves no trace, such as a command in a container."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the protocol demands. All of it is the protocol; each flag taken away is a shortcut."""

    intent_first: bool = True
    """Write down what is about to be done before doing it."""
    recovers: bool = True
    """Ask what became of an intent that somebody else left open."""
    claims_first: bool = True
    """Take the ledger's epoch before looking, so that every write of an older leader fails."""
    pins_generation: bool = True
    """Let a patch fail if the target has changed since the plan."""
    pins_uid: bool = True
    """Let a deletion fail if another object has the name now."""
    replans_only_when_used_up: bool = True
    """Plan anew only if the pin was used up by exactly one change; in doubt say `unknown`."""
    repeats_nothing_untraced: bool = True
    """Never repeat what leaves no trace."""


class Pin(NamedTuple):
    """What a plan saw: the target's identity and generation."""

    uid: int
    generation: int


class Target(NamedTuple):
    """The object in the cluster. Uid 0: there is none."""

    uid: int
    generation: int
    marked: bool


class Entry(NamedTuple):
    """The action's record: `intent` with its pin, or `done` with the outcome."""

    phase: str
    pin: Pin | None = None
    outcome: str = ""


class Ledger(NamedTuple):
    """One record under compare-and-set, and the epoch that fences older leaders."""

    epoch: int
    entry: Entry | None


class Process(NamedTuple):
    """A replica: where it stands, under which epoch, with which plan, waiting for which request."""

    step: str
    epoch: int = 0
    pin: Pin | None = None
    waits_for: int = 0
    recovering: bool = False


class Request(NamedTuple):
    """An effect on its way."""

    process: int
    serial: int
    pin: Pin


class State(NamedTuple):
    """The whole world."""

    target: Target
    ledger: Ledger
    processes: tuple[Process, ...]
    wire: frozenset[Request]
    strangers: int
    """How many more times a stranger will interfere."""
    effects: int
    wrong: int
    """Effects on an object that the action did not mean."""
    serial: int


Move = tuple[str, State]


class Found(NamedTuple):
    """What an exploration found: how many states, the broken promise ("" for none), and the way to it."""

    states: int
    broken: str
    way: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One exploration: the rules, the kind of effect, and the bounds."""

    rules: Rules
    effect: Effect
    processes: int = 2
    """How many replicas, all of which may lead at once (>= 1)."""
    strangers: int = 1
    """How often a stranger interferes (>= 0)."""
    requests: int = 3
    """How many effects are sent in all (>= 1); ways that need more are not followed further."""

    def explore(self) -> Found:
        """Visit every reachable state, nearest first; stop at the first that breaks a promise."""
        first = State(
            Target(1, 1, marked=False), Ledger(0, None), (Process("new"),) * self.processes, frozenset(),
            self.strangers, 0, 0, 0,
        )  # fmt: skip
        came_from: dict[State, Move | None] = {first: None}
        waiting = deque([first])
        visited = 0
        while waiting:
            state = waiting.popleft()
            visited += 1
            if broken := broken_promise(state):
                return Found(visited, broken, _way(came_from, state))
            if state.serial >= self.requests and any(one.step == "send" for one in state.processes):
                continue
            for label, following in self.moves(state):
                if following not in came_from:
                    came_from[following] = (label, state)
                    waiting.append(following)
        return Found(visited, "", ())

    def moves(self, state: State) -> Iterator[Move]:
        """Everything that may happen next."""
        yield from self._strangers(state)
        for request in state.wire:
            yield from self._deliveries(state, request)
            yield f"request {request.serial} is lost", state._replace(wire=state.wire - {request})
        for number, process in enumerate(state.processes):
            if process.step in ("dead", "end"):
                continue
            if process.step != "new":
                yield f"replica {number} dies", _with(state, number, Process("dead"))
            yield from self._steps(state, number, process)

    def _strangers(self, state: State) -> Iterator[Move]:
        if not state.strangers:
            return
        target, left = state.target, state._replace(strangers=state.strangers - 1)
        if self.effect is not Effect.PINNED_PATCH:
            another = Target(100 - state.strangers, 1, marked=False)  # uids never come back
            yield "a stranger puts another object in its place", left._replace(target=another)
            return
        edited = target._replace(generation=target.generation + 1)
        yield "a stranger edits the target", left._replace(target=edited)
        if target.marked:
            yield "a stranger strips the mark", left._replace(target=edited._replace(marked=False))

    def _deliveries(self, state: State, request: Request) -> Iterator[Move]:
        """The API server decides, at once and alone; the answer comes or is lost."""
        after, accepted = self._decide(state, request)
        after = after._replace(wire=state.wire - {request})
        said = "obeys" if accepted else "refuses"
        yield f"the server {said} request {request.serial}, the answer is lost", after
        process = state.processes[request.process]
        if process.step == "wait" and process.waits_for == request.serial:
            heard = process._replace(step="accepted" if accepted else "refused")
            yield f"the server {said} request {request.serial}", _with(after, request.process, heard)

    def _decide(self, state: State, request: Request) -> tuple[State, bool]:
        target, same = state.target, state.target.uid == request.pin.uid
        done = state._replace(effects=state.effects + 1)
        if self.effect is Effect.PINNED_PATCH:
            if self.rules.pins_generation and (target.uid, target.generation) != request.pin:
                return state, False
            return done._replace(target=Target(target.uid, target.generation + 1, marked=True)), True
        if target.uid == 0 or (not same and (self.rules.pins_uid or self.effect is Effect.UNTRACED)):
            return state, False
        if not same:
            done = state._replace(wrong=state.wrong + 1)
        gone = Target(0, 0, marked=False) if self.effect is Effect.BY_UID else target
        return done._replace(target=gone), True

    # ---- what a replica does

    def _steps(self, state: State, number: int, process: Process) -> Iterator[Move]:
        me = f"replica {number}"
        if process.step == "new":
            claimed = state._replace(ledger=state.ledger._replace(epoch=state.ledger.epoch + 1))
            yield f"{me} takes over", _with(claimed, number, Process("read", claimed.ledger.epoch))
        elif process.step == "read":
            yield self._read(state, number, process)
        elif process.step == "plan":
            yield self._plan(state, number, process)
        elif process.step == "send":
            yield self._send(state, number, process)
        elif process.step == "wait":
            yield self._give_up(state, number, process)
        elif process.step == "accepted":
            yield f"{me} records success", self._settled(state, number, process, "succeeded")
        elif process.step == "refused":
            yield self._refused(state, number, process)
        else:
            yield self._recover(state, number, process)

    def _read(self, state: State, number: int, process: Process) -> Move:
        me, entry = f"replica {number}", state.ledger.entry
        if entry is not None and entry.phase == "done":
            return f"{me} sees that it is done", _with(state, number, process._replace(step="end"))
        if entry is None:
            seen = Pin(state.target.uid, state.target.generation)
            return f"{me} plans", _with(state, number, process._replace(step="plan", pin=seen))
        if not self.rules.recovers:
            return f"{me} sees a claim and leaves it alone", _with(state, number, process._replace(step="end"))
        if process.epoch != state.ledger.epoch and self.rules.claims_first:
            return f"{me} is fenced off", _with(state, number, Process("dead"))
        taken = process._replace(step="recover", pin=entry.pin, recovering=True)
        return f"{me} takes the open intent over", _with(state, number, taken)

    def _plan(self, state: State, number: int, process: Process) -> Move:
        me = f"replica {number}"
        if state.target.uid == 0:
            return f"{me} finds no target", self._settled(state, number, process, "failed")
        sending = process._replace(step="send", waits_for=0)
        if not self.rules.intent_first:
            return f"{me} writes no intent", _with(state, number, sending)
        if process.epoch != state.ledger.epoch:
            return f"{me} is fenced off", _with(state, number, Process("dead"))
        noted = state._replace(ledger=state.ledger._replace(entry=Entry("intent", process.pin)))
        return f"{me} writes its intent", _with(noted, number, sending)

    @staticmethod
    def _send(state: State, number: int, process: Process) -> Move:
        assert process.pin is not None, "only what is planned is sent"
        serial = state.serial + 1
        wire = state.wire | {Request(number, serial, process.pin)}
        waiting = process._replace(step="wait", waits_for=serial)
        return f"replica {number} sends request {serial}", _with(
            state._replace(wire=wire, serial=serial), number, waiting
        )

    def _give_up(self, state: State, number: int, process: Process) -> Move:
        me = f"replica {number}"
        if self.rules.intent_first:
            asking = process._replace(step="recover", waits_for=0, recovering=True)
            return f"{me} hears nothing", _with(state, number, asking)
        failed = state._replace(ledger=state.ledger._replace(entry=Entry("done", outcome="failed")))
        return f"{me} hears nothing and records failure", _with(failed, number, process._replace(step="end"))

    def _refused(self, state: State, number: int, process: Process) -> Move:
        me = f"replica {number}"
        if self.effect is Effect.PINNED_PATCH:
            return f"{me} looks again", _with(state, number, process._replace(step="recover", waits_for=0))
        unsure = {Effect.BY_UID: "inferred", Effect.UNTRACED: "unknown"}[self.effect]
        outcome = unsure if process.recovering else "failed"
        return f"{me} records {outcome}", self._settled(state, number, process, outcome)

    def _recover(self, state: State, number: int, process: Process) -> Move:
        """What became of the intent? Asked of the cluster, never of a memory."""
        me, target, pin = f"replica {number}", state.target, process.pin
        assert pin is not None, "only intents are recovered"
        again = _with(state, number, process._replace(step="send", waits_for=0, recovering=True))
        if self.effect is Effect.UNTRACED:
            if not self.rules.repeats_nothing_untraced:
                return f"{me} does it again", again
            return f"{me} records unknown", self._settled(state, number, process, "unknown")
        if self.effect is Effect.BY_UID:
            if target.uid != pin.uid:
                return f"{me} finds it gone", self._settled(state, number, process, "inferred")
            return f"{me} sends it again", again
        if not self.rules.pins_generation:
            return f"{me} sends it again", again
        if target.marked:
            return f"{me} finds the mark", self._settled(state, number, process, "succeeded")
        if (target.uid, target.generation) == pin:
            return f"{me} sends it again under the same pin", again
        if target.generation == pin.generation + 1 or not self.rules.replans_only_when_used_up:
            anew = Process("plan", process.epoch, Pin(target.uid, target.generation), recovering=True)
            return f"{me} plans anew: the pin can never match again", _with(state, number, anew)
        return f"{me} is in doubt", self._settled(state, number, process, "unknown")

    def _settled(self, state: State, number: int, process: Process, outcome: str) -> State:
        """Compare-and-set of the outcome: who holds an older epoch fails."""
        if process.epoch != state.ledger.epoch and self.rules.intent_first:
            return _with(state, number, Process("dead"))
        settled = state._replace(ledger=state.ledger._replace(entry=Entry("done", outcome=outcome)))
        return _with(settled, number, Process("end", process.epoch))


def broken_promise(state: State) -> str:
    """Which promise this state breaks, "" for none."""
    entry = state.ledger.entry
    if state.effects > 1:
        return f"the effect happened {state.effects} times"
    if state.wrong:
        return "the effect hit another object"
    if entry is not None and entry.phase == "done":
        if entry.outcome == "succeeded" and state.effects != 1:
            return "success is on record without an effect"
        if entry.outcome == "failed" and state.effects:
            return "failure is on record, but the effect happened"
        return ""
    if any(one.step == "end" for one in state.processes):
        return "the action is lost: a leader has finished, and it is neither done nor reported"
    return ""


def shortcut(**without: bool) -> Rules:
    """The protocol but for these rules."""
    return replace(Rules(), **without)


def _with(state: State, number: int, process: Process) -> State:
    processes = state.processes
    return state._replace(processes=(*processes[:number], process, *processes[number + 1 :]))


def _way(came_from: dict[State, Move | None], state: State) -> tuple[str, ...]:
    way = []
    move = came_from[state]
    while move is not None:
        way.append(move[0])
        move = came_from[move[1]]
    return tuple(reversed(way))
