"""The stream over HTTP: one GET that goes on, with a deadline for its head."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from devstack.stream_client.source import OpenStream, SourceFailed

HEAD_SECONDS = 10.0
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class HttpSource:
    """`address` is the whole URL; the session is the caller's."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    @asynccontextmanager
    async def open(self, headers: Mapping[str, str]) -> AsyncIterator[OpenStream]:
        # The follower itself decides how long a silence may be.
        timeout = aiohttp.ClientTimeout(sock_connect=HEAD_SECONDS, connect=HEAD_SECONDS)
        try:
            answer = await self._session.get(
                self._address, headers=headers, timeout=timeout, allow_redirects=False
            )
        except _FAILURES as error:
            raise SourceFailed(type(error).__name__) from error
        try:
            yield _HttpStream(answer)
        finally:
            answer.close()


class _HttpStream:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def content_type(self) -> str:
        return self._answer.content_type

    @property
    def retry_after(self) -> str | None:
        return self._answer.headers.get("Retry-After")

    async def read(self) -> bytes:
        try:
            return await self._answer.content.readany()
        except _FAILURES as error:
            raise SourceFailed(type(error).__name__) from error
