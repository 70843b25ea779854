"""Connections to a stream: the interface, and the one over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import aiohttp

CONNECT_SECONDS = 10.0
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class SourceError(OSError):
    """No connection, or a broken one."""


class StreamResponse(Protocol):
    """A response whose head has arrived."""

    @property
    def status(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    @property
    def retry_after(self) -> str | None: ...

    async def read(self) -> bytes:
        """The next bytes; empty at the end.

        Raises:
            SourceError: The connection broke.
        """
        ...


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
        try:
            response = await self._session.get(
                self._address, headers=headers, timeout=timeout, allow_redirects=False
            )
        except _FAILURES as error:
            raise SourceError(type(error).__name__) from error
        try:
            yield _HttpStream(response)
        finally:
            response.close()


class _HttpStream:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.content_type = response.content_type
        self.retry_after = response.headers.get("Retry-After")

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except _FAILURES as error:
            raise SourceError(type(error).__name__) from error
