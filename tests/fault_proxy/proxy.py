"""A TCP proxy on 127.0.0.1 that delays, cuts or resets connections (like Toxiproxy)."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fault_proxy.toxics import (
    Bandwidth,
    End,
    Hang,
    Latency,
    Limit,
    Reset,
    Slicer,
    SlowClose,
    Toxic,
    TransferState,
    apply_toxics,
)

__all__ = [
    "Bandwidth",
    "FaultProxy",
    "Hang",
    "Latency",
    "Limit",
    "Reset",
    "Slicer",
    "SlowClose",
    "Toxic",
    "fault_proxy",
]

HOST = "127.0.0.1"
CHUNK = 64 * 1024
CONNECT_TIMEOUT = 5.0
STOP_TIMEOUT = 5.0
# On, zero seconds: closing sends RST instead of FIN.
NO_LINGER = struct.pack("ii", 1, 0)


class ConnectionEnded(Exception):
    """A toxic ended the connection."""

    def __init__(self, end: End) -> None:
        super().__init__(end.value)
        self.end = end


@dataclass(slots=True)
class Direction:
    """The current toxics of one direction."""

    toxics: tuple[Toxic, ...] = ()


@dataclass(slots=True)
class FaultProxy:
    """Forwards any protocol over TCP; toxics may change at any time.

    A change takes effect with the next chunk (64 KiB at most), on open connections too. Several
    toxics apply in the given order.
    """

    server_port: int
    port: int = 0
    seed: int = 0
    accepted: int = 0
    _to_client: Direction = field(default_factory=Direction)
    _to_server: Direction = field(default_factory=Direction)
    _open: dict[asyncio.Task[None], asyncio.StreamReader] = field(default_factory=dict)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    @property
    def open_clients(self) -> int:
        """Connections whose client has not closed; a toxic may hold others open for longer."""
        return sum(not _is_closed(reader) for reader in self._open.values())

    def to_client(self, *toxics: Toxic) -> None:
        """Set the toxics on what the server sends; none ends them."""
        self._to_client.toxics = toxics

    def to_server(self, *toxics: Toxic) -> None:
        """Set the toxics on what the client sends; none ends them."""
        self._to_server.toxics = toxics

    def clear(self) -> None:
        self.to_client()
        self.to_server()

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self) -> None:
        """End all connections and wait for their tasks."""
        self._stopped.set()
        if self._open:
            await asyncio.wait(set(self._open), timeout=STOP_TIMEOUT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = reader
        self.accepted += 1
        try:
            await self._proxy(reader, writer)
        except OSError:
            pass
        finally:
            del self._open[task]
            writer.close()

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect to the server and forward until either side ends."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            from_server, to_server = await asyncio.open_connection(HOST, self.server_port)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._until_stopped())
                async with asyncio.TaskGroup() as directions:
                    directions.create_task(self._forward(reader, to_server, self._to_server))
                    directions.create_task(self._forward(from_server, writer, self._to_client))
                watch.cancel()
        except* ConnectionEnded as ended:
            if _first(ended).end is End.RESET:
                _reset(writer, to_server)
        except* OSError:
            # One side broke off, so the other is closed too.
            pass
        finally:
            to_server.close()

    async def _until_stopped(self) -> None:
        # Not by cancelling the connection's task: asyncio's streams log that as an error.
        await self._stopped.wait()
        raise ConnectionEnded(End.CLOSE)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        state = TransferState(random.Random(self.seed))
        chunk = b"-"
        while chunk:
            chunk = await reader.read(CHUNK)
            for step in apply_toxics(chunk, direction.toxics, state):
                await asyncio.sleep(step.pause)
                writer.write(step.data)
                await writer.drain()
                state.passed += len(step.data)
                if step.end is not None:
                    raise ConnectionEnded(step.end)
        writer.write_eof()


def _is_closed(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None


def _first(ended: BaseExceptionGroup[ConnectionEnded]) -> ConnectionEnded:
    first = ended.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _reset(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        writer.transport.abort()


@asynccontextmanager
async def fault_proxy(server_port: int) -> AsyncIterator[FaultProxy]:
    """A proxy on a free port, stopped at the end."""
    proxy = FaultProxy(server_port)
    server = await proxy.start()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
