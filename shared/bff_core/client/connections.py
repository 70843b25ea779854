"""Connections that are checked before they are used again, and closed when an answer is wrong.

aiohttp looks for unread bytes when a connection is released, not when it is used again
(https://github.com/aio-libs/aiohttp/issues/13656): a response that a service sends later would be
the answer to the next request.
"""

import select
from asyncio import BaseTransport
from contextvars import ContextVar

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

MAX_CLOSED = 16
"""A call closes so many kept connections before it gives up."""

_last: ContextVar[BaseTransport | None] = ContextVar("last_transport", default=None)


class UnrequestedBytesError(aiohttp.ClientConnectionError):
    """Every connection had bytes that no request has asked for; nothing was sent."""


class CheckedConnector(aiohttp.TCPConnector):
    """Hands out only connections on which nothing has arrived since their last response."""

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


def close_last_connection() -> None:
    """Close the connection of the last request of this task, also when it was released."""
    transport = _last.get()
    if transport is not None:
        transport.close()


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
