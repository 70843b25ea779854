"""The innermost step of a call: one HTTP exchange through aiohttp, bounded and checked."""

import select
import socket
from asyncio import BaseTransport, timeout
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from bff_core.client.call import (
    NEVER_ABSENT,
    TIMEOUT_HEADER,
    Absence,
    Call,
    DownstreamResponse,
    SizedBody,
    timeout_ms,
)
from bff_core.client.errors import UnrequestedBytesError, from_exception, from_status, is_json
from bff_core.errors import DownstreamFailed
from bff_core.observability import tracing

CONNECT_TIMEOUT = 0.5
CONNECTIONS = 1344
"""More than all bulkheads of a process admit: with fewer, calls to a hanging service would make
calls to healthy services wait for a connection."""
READ_BUFFER_BYTES = 2**19
"""Reading pauses at twice as many unread bytes. A page of batches has 240 KB, for which aiohttp's
default of 64 KiB pauses and resumes the socket many times."""
RECEIVE_BUFFER_BYTES = 2**17
"""uvloop reads a socket up to 32 times in a row; aiohttp keeps an object of 400 bytes for each
informational response of 25 bytes until it is looked at."""
KEEP_ALIVE_SECONDS = 4.0
"""Shorter than Hypercorn's 5 s, so that no request is written to a connection that is closing."""
MAX_CLOSED = 16
"""A call closes so many kept connections before it gives up."""
DOCUMENT_SECONDS = 2.0
DOCUMENT_BYTES = 64 * 1024
_NOT_MODIFIED = 304

_last: ContextVar[BaseTransport | None] = ContextVar("last_transport", default=None)


class CheckedConnector(aiohttp.TCPConnector):
    """Hands out only connections on which nothing has arrived since their last response.

    aiohttp looks for unread bytes when a connection is released, not when it is used again
    (https://github.com/aio-libs/aiohttp/issues/13656): a response that a service sends later would
    be the answer to the next request.
    """

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - as aiohttp calls it
    ) -> Connection:
        for _ in range(MAX_CLOSED):
            connection = await super().connect(req, traces, timeout)
            if _is_silent(connection):
                _last.set(connection.transport)
                return connection
            connection.close()
        raise UnrequestedBytesError("a service sends what nobody has asked for")


def _is_silent(connection: Connection) -> bool:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or protocol.should_close:
        return False
    if transport.get_extra_info("ssl_object") is not None:
        # TLS itself may send at any time, such as session tickets.
        return True
    socket = transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return not poll.poll(0)


def close_last_connection() -> None:
    """Close the connection of the last request of this task, also when it was released."""
    transport = _last.get()
    if transport is not None:
        transport.close()


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose kernel buffer bounds what arrives before the response is looked at."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return made


@asynccontextmanager
async def http_session(*, connections: int = CONNECTIONS) -> AsyncIterator[aiohttp.ClientSession]:
    """The HTTP session of a process: no cookies, no proxy from the environment, no redirects."""
    connector = CheckedConnector(
        limit=connections,
        limit_per_host=connections,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        socket_factory=_socket,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
        headers={"Accept-Encoding": "identity", "User-Agent": "huleedu-bff"},
        read_bufsize=READ_BUFFER_BYTES,
    ) as session:
        yield session


async def _read(response: aiohttp.ClientResponse, service: str, limit: int) -> bytes:
    """The body, which may have no more than `limit` bytes."""
    if (response.content_length or 0) > limit:
        raise DownstreamFailed(service, reason="too_large")
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > limit:
            raise DownstreamFailed(service, reason="too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def document_at(url: str, *, name: str = "jwks") -> Callable[[], Awaitable[bytes]]:
    """A function that reads a small JSON document, such as a key set, through its own session.

    It raises DownstreamError when the document is absent, late, too large or not JSON.
    """

    async def fetch() -> bytes:
        try:
            async with (
                timeout(DOCUMENT_SECONDS),
                http_session(connections=1) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                if response.status != 200 or not is_json(response.headers):
                    status = response.status
                    raise DownstreamFailed(name, reason="status", upstream_status=status)
                return await _read(response, name, DOCUMENT_BYTES)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise from_exception(name, error) from error

    return fetch


class _SingleUseBody:
    """A request body that cannot be sent twice.

    aiohttp repeats a PUT when a kept connection turns out to be closed.
    """

    def __init__(self, body: bytes | SizedBody) -> None:
        self._body = body
        self.started = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.started:
            raise aiohttp.ClientConnectionError("a body cannot be sent twice")
        self.started = True
        if isinstance(self._body, bytes):
            yield self._body
            return
        async for chunk in self._body:
            yield chunk


class Transport:
    """Sends a call and reads a response of at most `max_bytes`.

    With `json`, a response of another content type is a failure. One that means an absence is None.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        max_bytes: int,
        json: bool = True,
        absence: Absence = NEVER_ABSENT,
    ) -> None:
        self._session = session
        self._max_bytes = max_bytes
        self._json = json
        self._absence = absence

    async def __call__(self, call: Call) -> DownstreamResponse:
        """Send and read.

        Raises:
            DownstreamError: The exchange failed, or its status is not accepted.
        """
        body = _SingleUseBody(call.body) if call.body is not None else None
        try:
            return await self._exchange(call, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # A ValueError is a body that does not fit, or a header that aiohttp refuses to send.
            failure = from_exception(call.service, error)
            if body is not None and body.started:
                # aiohttp's own second attempt may be the one that could not connect.
                failure.sent = True
            raise failure from error

    async def _exchange(self, call: Call, body: _SingleUseBody | None) -> DownstreamResponse:
        headers = {**call.headers, **tracing().headers(), TIMEOUT_HEADER: timeout_ms(call.deadline)}
        if call.body is not None:
            headers["Content-Length"] = str(len(call.body))
        async with self._session.request(
            call.method,
            URL(call.url, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as response:
            success = 200 <= response.status < 300
            if not success and response.status not in call.statuses:
                raise from_status(call.service, response.status, response.headers)
            if response.status == _NOT_MODIFIED:
                return DownstreamResponse(None, b"", response.status, response.headers)
            self._check_type(call, response)
            content = await _read(response, call.service, self._max_bytes)
        if not success:
            return self._refusal(call, response, content)
        value = call.decode(content)
        if not call.asks_for(value):
            # The connection is one response behind, and so is each later answer on it.
            close_last_connection()
            raise DownstreamFailed(call.service, reason="other_subject")
        return DownstreamResponse(value, content, response.status, response.headers)

    def _refusal(
        self, call: Call, response: aiohttp.ClientResponse, content: bytes
    ) -> DownstreamResponse:
        """A response with one of the call's `statuses`."""
        if response.status not in self._absence.statuses:
            return DownstreamResponse(None, content, response.status, response.headers)
        if self._absence.is_meant_by(content):
            return DownstreamResponse(None, b"null")
        raise from_status(call.service, response.status, response.headers)

    def _check_type(self, call: Call, response: aiohttp.ClientResponse) -> None:
        if self._json and not is_json(response.headers):
            if response.status >= 400:
                raise from_status(call.service, response.status, response.headers)
            raise DownstreamFailed(call.service, reason="content_type")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownstreamFailed(call.service, reason="content_encoding")
