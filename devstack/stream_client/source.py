"""Connections to a stream: the interface, and the one over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import aiohttp

CONNECT_SECONDS = 10.0


class SourceError(OSError):
    """No connection, or a broken one."""


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """A response whose head has arrived; `read` gives the next bytes, empty at the end.

    It raises a `SourceError` when the connection breaks.
    """

    status: int
    content_type: str
    retry_after: str | None
    read: Callable[[], Awaitable[bytes]]


class StreamSource(Protocol):
    def open(self, headers: Mapping[str, str]) -> AbstractAsyncContextManager[StreamResponse]:
        """Open the stream.

        Raises:
            SourceError: There is no answer.
        """
        ...


class HttpStreamSource:
    """`address` is the whole URL; the caller closes the session."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    @asynccontextmanager
    async def open(self, headers: Mapping[str, str]) -> AsyncIterator[StreamResponse]:
        # The follower itself limits the silence between events.
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, connect=CONNECT_SECONDS)
        with _failures_translated():
            response = await self._session.get(
                self._address, headers=headers, timeout=timeout, allow_redirects=False
            )

        async def read() -> bytes:
            with _failures_translated():
                return await response.content.readany()

        retry_after = response.headers.get("Retry-After")
        try:
            yield StreamResponse(response.status, response.content_type, retry_after, read)
        finally:
            response.close()


@contextmanager
def _failures_translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SourceError(type(error).__name__) from error
