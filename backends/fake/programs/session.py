"""One exec or attach on a connection: frames in, frames out, in the channel protocol of the real server.

Made by the handlers, pumped by a transport (`websockets`): `receive` takes a frame, `tick` lets time and input have
their effect, `take` gives what is to be sent. The first byte of a frame is its channel. It reads no clock and talks to
nobody; a client that does not read stops the program (`BACKLOG_BYTES`), it does not fill the memory.

Protocol: k8s.io/apimachinery/pkg/util/remotecommand; v5 adds the closing of a channel (KEP-4006).
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from backends.fake.programs.steps import Cut, Err, Fail, Invocation, Out, Program, Read, Sleep, Step

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
PROTOCOLS: Final = (V5, V4)
"""What is spoken here, the best first."""
BACKLOG_BYTES: Final = 1 << 20
"""How much output may wait for a client that does not read."""
FRAME_BYTES: Final = 32 * 1024
"""The longest frame that is sent, as by the real server (wsstream and StreamTranslator copy in pieces of 32 KiB)."""
KILLED: Final = 137
"""The exit code of what dies with its container: 128 + SIGKILL."""


class Session:
    """A program and its streams. `now` is in monotonic seconds of the cluster's clock."""

    def __init__(self, call: Invocation, program: Program, protocol: str, now: float) -> None:
        self.call = call
        self.protocol = protocol
        self.closed = False
        """Whether the program has ended; what it left may still wait to be taken."""
        self.cut = False
        """Whether the connection is to be broken off when everything has been sent."""
        self._running = program(call)
        self._out: deque[bytes] = deque()
        self._backlog = 0
        self._input = bytearray()
        self._input_ended = not call.stdin
        self._waits: Step | None = None
        self._due = now
        self._in_step = False
        self._ends: list[Callable[[], None]] = []
        self._changed: Callable[[], None] = lambda: None

    # ---- the transport's side

    def receive(self, frame: bytes) -> None:
        """A frame of the client: input, the size of its terminal, or (v5) the end of its input. Others are ignored."""
        if not frame:
            return
        channel, data = frame[0], frame[1:]
        if channel == STDIN and self.call.stdin and not self._input_ended:
            self._input += data
        elif channel == CLOSE and self.protocol == V5 and data[:1] == bytes([STDIN]):
            self._input_ended = True
        elif channel == RESIZE:
            self.call.size = _size(data) or self.call.size

    def tick(self, now: float) -> None:
        """Run the program as far as it gets by now."""
        while not self.closed and self._backlog < BACKLOG_BYTES:
            sent: bytes | None = None
            if isinstance(self._waits, Sleep) and now < self._due:
                return
            if isinstance(self._waits, Read):
                if not self._input and not self._input_ended:
                    return
                sent = bytes(self._input)
                self._input.clear()
                self._due = now
            self._step(sent)

    def take(self) -> list[bytes]:
        """The frames that wait to be sent."""
        frames = list(self._out)
        self._out.clear()
        self._backlog = 0
        return frames

    def next_due(self) -> float:
        """When `tick` has something to do without anybody's doing; infinity: never."""
        if self.closed or isinstance(self._waits, Read):
            return math.inf
        return self._due

    @property
    def hangs(self) -> bool:
        """Whether it will never do anything by itself, nor when it is given input."""
        return not self.closed and isinstance(self._waits, Sleep) and math.isinf(self._due)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` (from whatever thread) when it has ended by something else than `tick`."""
        self._changed = callback

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` when it has ended."""
        self._ends.append(callback)

    def close(self) -> None:
        """The client has gone: the program is killed, nobody is told."""
        self._end()

    def kill(self) -> None:
        """The container has gone, and the program with it. Who was only attached to it has seen its end: a success."""
        if not self.closed:
            self._exit(KILLED if self.call.command else 0)
            self._changed()

    # ---- the program's side

    def _step(self, sent: bytes | None) -> None:
        self._in_step = True
        try:
            step = self._running.send(sent)
        except StopIteration as end:
            if not self.closed:
                self._exit(end.value or 0)
            return
        finally:
            self._in_step = False
        if self.closed:  # It has ended its own container.
            self._running.close()
            return
        self._waits = step if isinstance(step, (Sleep, Read)) else None
        if isinstance(step, Sleep):
            self._due += step.seconds
        elif isinstance(step, Out):
            self._write(STDOUT, step.data)
        elif isinstance(step, Err):
            self._write(STDOUT if self.call.tty else STDERR, step.data)
        elif isinstance(step, Fail):
            text = f"error executing command in container: {step.message}"
            causes = {"causes": [{"message": text}]}
            self._status(
                status="Failure", message=f"Internal error occurred: {text}", reason="InternalError", details=causes,
                code=500,
            )  # fmt: skip
        elif isinstance(step, Cut):
            self.cut = True
            self._end()

    def _write(self, channel: int, data: str | bytes) -> None:
        if not (self.call.stdout if channel == STDOUT else self.call.stderr):
            return
        raw = data.encode() if isinstance(data, str) else data
        for start in range(0, len(raw), FRAME_BYTES):
            self._out.append(bytes([channel]) + raw[start : start + FRAME_BYTES])
        self._backlog += len(raw)

    def _exit(self, code: int) -> None:
        """The kubelet's Status for an exit code (serveExec in its streaming server, with containerd's words)."""
        if code == 0:
            self._status(status="Success")
            return
        causes = {"causes": [{"reason": "ExitCode", "message": str(code)}]}
        text = f"error executing command [{' '.join(self.call.command)}], exit code {code}"
        text = f"command terminated with non-zero exit code: {text}"
        self._status(status="Failure", message=text, reason="NonZeroExitCode", details=causes)

    def _status(self, **members: Any) -> None:
        self._out.append(bytes([ERROR]) + json.dumps({"metadata": {}, **members}).encode())
        self._end()

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        if not self._in_step:
            self._running.close()
        for callback in self._ends:
            callback()


def _size(data: bytes) -> tuple[int, int] | None:
    """Columns and rows (client-go's TerminalSize); None for what cannot be read."""
    try:
        found = json.loads(data)
        return int(found["Width"]), int(found["Height"])
    except (ValueError, TypeError, KeyError):
        return None
