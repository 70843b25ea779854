"""An event loop that knows the connections of its servers, so that idle ones can be closed."""

import asyncio
from collections.abc import Callable
from typing import Any

import uvloop

Peer = tuple[str, int]
"""Address and port of the other end."""


class ServerLoop(uvloop.Loop):
    """uvloop's loop; `accepted` holds the open connections of its servers by their peer."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[Peer, asyncio.Transport] = {}

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *args: Any, **options: Any
    ) -> Any:
        def recorded() -> asyncio.BaseProtocol:
            inner: Any = protocol_factory()
            return AcceptedProtocol(inner, self.accepted)

        return await super().create_server(recorded, *args, **options)


class AcceptedProtocol(asyncio.Protocol):
    """Passes everything on to the server's own protocol, and records the connection while it is open."""

    def __init__(self, inner: asyncio.Protocol, accepted: dict[Peer, asyncio.Transport]) -> None:
        self._inner = inner
        self._accepted = accepted
        self._peer: Peer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._peer = peer[0], peer[1]
            self._accepted[self._peer] = transport  # type: ignore[assignment]  # a stream's, typed loosely
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._peer is not None:
            self._accepted.pop(self._peer, None)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
