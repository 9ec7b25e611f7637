"""Under httpx, in process: for clients that let their transport be given, such as lightkube.

`httpx_transport` makes a transport for httpx or httpx2 (two names of one interface), synchronous or asynchronous. An
answer comes at once; a watch under a simulated clock moves the time. Faults come as the errors that httpx raises.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

from urllib3.exceptions import HTTPError, ReadTimeoutError

from backends.faults import Transport, Wire


def httpx_transport(wire: Transport, library: ModuleType) -> Any:
    """A synchronous and asynchronous transport of `library` (httpx or httpx2); `wire` is what is sent with."""

    class Body(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, request: Any, answer: Wire) -> None:
            self._request, self._answer = request, answer

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from self._answer.stream()
            except HTTPError as error:
                raise library.ReadError(str(error), request=self._request) from error

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

        def close(self) -> None:
            self._answer.close()

        async def aclose(self) -> None:
            self.close()

    class InProcess(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            timeout_s = (request.extensions.get("timeout") or {}).get("read")
            try:
                answer = wire.request(
                    request.method, str(request.url), body=request.read(), headers=request.headers, timeout=timeout_s
                )
            except ReadTimeoutError as error:
                raise library.ReadTimeout(str(error), request=request) from error
            except HTTPError as error:
                raise library.ReadError(str(error), request=request) from error
            return library.Response(answer.status, headers=dict(answer.headers), stream=Body(request, answer))

        async def handle_async_request(self, request: Any) -> Any:
            return self.handle_request(request)

    return InProcess()
