"""Under the official asyncio client (kubernetes.aio), in process: what its aiohttp session is asked goes to a cluster.

`AsyncioTransport` stands in `ApiClient.rest_client.pool_manager`. Everything is answered at once, in the event loop's
thread; a watch under a simulated clock moves the time when nobody else in the loop has anything to do, and under the
machine's clock waits in a thread. Faults come as the errors that aiohttp raises. The loop stands still while an
admission webhook is asked: one that runs in the same loop could not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError, ReadTimeoutError

from backends.faults import Transport, Wire

if TYPE_CHECKING:
    from multidict import CIMultiDict


class AsyncioTransport:
    """Stands in for `aiohttp.ClientSession` below one client; `wire` is what the synchronous client would send with."""

    def __init__(self, wire: Transport, *, simulated: bool) -> None:
        self._wire = wire
        self._simulated = simulated

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], data: Any = None, timeout: Any = None, **_: Any
    ) -> AsyncioResponse:
        """Answer as the cluster does. Raises what aiohttp raises for a connection that breaks or is too slow."""
        total_s = getattr(timeout, "total", timeout)
        try:
            answer = self._wire.request(method, url, body=data, headers=headers, timeout=total_s)
        except HTTPError as error:
            raise _as_aiohttp(error) from error
        return AsyncioResponse(answer, simulated=self._simulated)

    async def close(self) -> None:
        """No connections, nothing to close."""


class AsyncioResponse:
    """What the client and its watch read of an `aiohttp.ClientResponse`."""

    def __init__(self, answer: Wire, *, simulated: bool) -> None:
        self.status: int = answer.status
        self.reason: str = answer.reason
        self._answer = answer
        self.content = Content(answer, simulated=simulated)

    @property
    def headers(self) -> CIMultiDict[str]:
        """The response's headers."""
        from multidict import CIMultiDict

        return CIMultiDict(self._answer.headers)

    async def read(self) -> bytes:
        """The whole body."""
        return await self.content.read()

    def release(self) -> None:
        """Nobody reads on: a watch ends."""
        self._answer.close()

    close = release


class Content:
    """The body as it comes."""

    def __init__(self, answer: Wire, *, simulated: bool) -> None:
        self._simulated = simulated
        self._pieces: Iterator[bytes] = answer.stream()

    async def readline(self) -> bytes:
        """The next line: of a watch, the next event; empty at the end. Raises what aiohttp raises when it breaks."""
        # Whoever else is ready acts before time moves.
        await asyncio.sleep(0)
        try:
            if self._simulated:
                return next(self._pieces, b"")
            return await asyncio.to_thread(next, self._pieces, b"")
        except HTTPError as error:
            raise _as_aiohttp(error) from error

    async def read(self) -> bytes:
        """All that is left."""
        found = []
        while piece := await self.readline():
            found.append(piece)
        return b"".join(found)


def _as_aiohttp(error: HTTPError) -> Exception:
    import aiohttp

    if isinstance(error, ReadTimeoutError):
        return asyncio.TimeoutError()  # noqa: UP041  its name there
    return aiohttp.ClientOSError(104, str(error))
