"""The innermost step: one HTTP exchange through aiohttp, capped and checked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from bff_core.client.call import Call, DownstreamResponse, Undecodable
from bff_core.client.errors import from_exception, from_status, is_json
from bff_core.client.headers import TIMEOUT_HEADER, time_left
from bff_core.errors import DownstreamFailed
from bff_core.observability import tracing

CONNECT_TIMEOUT = 0.5
CONNECTIONS = 1024
"""More than all bulkheads of a process let through: waiting for a connection here would charge a
hung service's crowd to the services that are well."""
AT_ONCE = 2**19
"""Bytes of a body that may wait to be read; beyond twice as many, reading stops until some are read.
A page of batches has 240 KB, for which aiohttp's own 64 KiB stopped the socket and started it again."""
_NOT_MODIFIED = 304
KEEP_ALIVE = 4.0
"""Shorter than the 5 s after which Hypercorn closes an idle connection, so that we never write
into one that is being closed."""


@asynccontextmanager
async def http_session(*, connections: int = CONNECTIONS) -> AsyncIterator[aiohttp.ClientSession]:
    """The process's one session: no cookies, no proxy of the environment, no redirects."""
    connector = aiohttp.TCPConnector(
        limit=connections, limit_per_host=connections, keepalive_timeout=KEEP_ALIVE
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
        headers={"Accept-Encoding": "identity", "User-Agent": "huleedu-bff"},
        read_bufsize=AT_ONCE,
    ) as session:
        yield session


class _Once:
    """A body that is sent once: aiohttp repeats a PUT when a kept connection turns out dead."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            raise aiohttp.ClientConnectionError("a body cannot be sent twice")
        self._begun = True
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield self._body


def _body_of(call: Call) -> bytes | _Once | None:
    return _Once(call.body) if call.method == "PUT" and call.body is not None else call.body


class Transport:
    """Sends a call as it is and reads an answer of at most `max_bytes`.

    `json` says whether the answer must be JSON; other content is given to `decode` as bytes.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, max_bytes: int, json: bool = True
    ) -> None:
        self._session = session
        self._max_bytes = max_bytes
        self._json = json

    async def __call__(self, call: Call) -> DownstreamResponse:
        """Send and read.

        Raises:
            DownstreamError: Whatever went wrong, translated.
        """
        try:
            return await self._exchange(call)
        except (aiohttp.ClientError, OSError, Undecodable) as error:
            raise from_exception(call.service, error) from error

    async def _exchange(self, call: Call) -> DownstreamResponse:
        headers = {
            **call.headers,
            **tracing().headers(),
            TIMEOUT_HEADER: time_left(call.deadline),
        }
        if call.body is not None:
            headers["Content-Length"] = str(len(call.body))
        async with self._session.request(
            call.method,
            URL(call.url, encoded=True),
            headers=headers,
            data=_body_of(call),
            allow_redirects=False,
        ) as response:
            good = 200 <= response.status < 300
            if not good and response.status not in call.statuses:
                raise from_status(call.service, response.status, response.headers)
            if response.status == _NOT_MODIFIED:
                return DownstreamResponse(None, b"", response.status, response.headers)
            self._check(call, response)
            body = await self._read(call, response)
        return DownstreamResponse(
            call.decode(body) if good else None, body, response.status, response.headers
        )

    def _check(self, call: Call, response: aiohttp.ClientResponse) -> None:
        if self._json and not is_json(response.headers):
            raise DownstreamFailed(call.service, reason="content_type")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownstreamFailed(call.service, reason="content_encoding")

    async def _read(self, call: Call, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._max_bytes:
            raise DownstreamFailed(call.service, reason="too_large")
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_bytes:
                raise DownstreamFailed(call.service, reason="too_large")
            chunks.append(chunk)
        return b"".join(chunks)
