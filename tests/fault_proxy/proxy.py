"""A bad network on 127.0.0.1: stands between clients and a server and spoils what passes."""

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
    Passage,
    Reset,
    Slicer,
    SlowClose,
    Toxic,
    spoil_all,
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
_CONNECT_WITHIN = 5.0
_STOP_WITHIN = 5.0
# On, zero seconds: closing sends RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class _Ended(Exception):
    """A toxic ends the connection."""

    def __init__(self, end: End) -> None:
        super().__init__(end.value)
        self.end = end


@dataclass(slots=True)
class _Way:
    """One direction: its toxics now."""

    toxics: tuple[Toxic, ...] = ()


@dataclass(slots=True)
class FaultProxy:
    """Passes bytes on for any protocol over TCP; toxics may change at any time.

    A change holds from the next chunk on (64 KiB at most), of connections that are open too.
    Several toxics work in the order given.
    """

    server_port: int
    port: int = 0
    seed: int = 0
    accepted: int = 0
    _to_client: _Way = field(default_factory=_Way)
    _to_server: _Way = field(default_factory=_Way)
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
        """Connections whose client is still there; a toxic may hold the others open for longer."""
        return sum(not _is_gone(reader) for reader in self._open.values())

    def to_client(self, *toxics: Toxic) -> None:
        """Spoil what the server says; with nothing, no longer."""
        self._to_client.toxics = toxics

    def to_server(self, *toxics: Toxic) -> None:
        """Spoil what the client says; with nothing, no longer."""
        self._to_server.toxics = toxics

    def clear(self) -> None:
        self.to_client()
        self.to_server()

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self) -> None:
        """End every connection and wait until nothing serves one."""
        self._stopped.set()
        if self._open:
            await asyncio.wait(set(self._open), timeout=_STOP_WITHIN)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = reader
        self.accepted += 1
        try:
            await self._join(reader, writer)
        except OSError:
            pass
        finally:
            del self._open[task]
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client's connection and one to the server, until one of them ends."""
        async with asyncio.timeout(_CONNECT_WITHIN):
            from_server, to_server = await asyncio.open_connection(HOST, self.server_port)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._until_stopped())
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pass_on(reader, to_server, self._to_server))
                    ways.create_task(self._pass_on(from_server, writer, self._to_client))
                watch.cancel()
        except* _Ended as ended:
            if _first(ended).end is End.RESET:
                _break(writer, to_server)
        except* OSError:
            # Either side went away in the middle: so does the other.
            pass
        finally:
            to_server.close()

    async def _until_stopped(self) -> None:
        # Not by cancelling the connection's task: asyncio's streams log that as an error.
        await self._stopped.wait()
        raise _Ended(End.CLOSE)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way
    ) -> None:
        passage = Passage(random.Random(self.seed))
        chunk = b"-"
        while chunk:
            chunk = await reader.read(CHUNK)
            for step in spoil_all(chunk, way.toxics, passage):
                await asyncio.sleep(step.pause)
                writer.write(step.data)
                await writer.drain()
                passage.passed += len(step.data)
                if step.end is not None:
                    raise _Ended(step.end)
        writer.write_eof()


def _is_gone(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None


def _first(ended: BaseExceptionGroup[_Ended]) -> _Ended:
    first = ended.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _break(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()


@asynccontextmanager
async def fault_proxy(server_port: int) -> AsyncIterator[FaultProxy]:
    """A proxy on a free port, gone with all its connections at the end."""
    proxy = FaultProxy(server_port)
    server = await proxy.start()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
