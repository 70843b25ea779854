"""Keeps the open connections of a process below its limit: when there are many, closes idle ones."""

import asyncio
import errno
import os
import resource
import socket
import stat
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import structlog
import uvloop

from bff_core.observability import Metrics

Peer = tuple[str, int]
"""Address and port of the other end."""

CHECK_SECONDS = 0.1
PAUSE_SECONDS = 1.0
"""Between checks while all connections are in use."""
MOST_DESCRIPTORS = 65_536
START_CLOSING, KEEP = 0.75, 0.5
"""Shares of the limit at which connections are closed, and down to which."""
DESCRIPTORS = "/dev/fd"
RESERVE = 4
IP = frozenset({socket.AF_INET, socket.AF_INET6})
GONE = frozenset({errno.EBADF, errno.ENOTCONN, errno.EINVAL, errno.ECONNRESET})
LAST_DATA_SENT, TCP_INFO_BYTES = 44, 56
"""Place of `tcpi_last_data_sent` in Linux's `struct tcp_info`, and its end with `…_recv`."""

log = structlog.get_logger()


def connection_limit(configured: int) -> int:
    """Allow as many descriptors as the process may have, and connections half as many at most.

    The rest is for services, databases and a rush.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY:
        soft = MOST_DESCRIPTORS
    elif soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(1, min(configured, soft // 2))


class ServerLoop(uvloop.Loop):
    """uvloop's loop; `accepted` holds the open connections of its servers by their peer."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[Peer, asyncio.Transport] = {}

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *args: Any, **options: Any
    ) -> Any:
        def recorded() -> Any:
            inner: Any = protocol_factory()
            return AcceptedProtocol(inner, self.accepted)

        return await super().create_server(recorded, *args, **options)


class AcceptedProtocol:
    """Records a connection while it is open; all but its beginning and end is the server's own."""

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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that a client has opened, `idle_ms` without data either way."""

    descriptor: int
    peer: Peer
    idle_ms: int


class IdleCloser:
    """Closes idle connections: first those of the address that has the most, the longest idle first.

    It finds them among the process's descriptors, so it works alike for every server. A few
    descriptors are kept in reserve, because it needs one itself.
    """

    def __init__(
        self,
        port: int,
        limit: int,
        busy: Callable[[], Collection[Peer]],
        metrics: Metrics,
        accepted: Mapping[Peer, asyncio.Transport],
    ) -> None:
        """`busy` gives the clients being answered, `accepted` are a server's own in this loop."""
        self._port = port
        self._accepted = accepted
        self._limit = limit
        self._busy = busy
        self._closed = metrics.connections_closed
        self._reserve: list[int] = []

    async def run(self) -> None:
        """Check until cancelled."""
        self._fill_reserve()
        try:
            while True:
                pause = PAUSE_SECONDS if self.check() else CHECK_SECONDS
                await asyncio.sleep(pause)
        finally:
            self._free_reserve()

    def check(self) -> bool:
        """Close idle connections if there are many; True if too few were idle."""
        self._free_reserve()
        try:
            with os.scandir(DESCRIPTORS) as entries:
                descriptors = [int(entry.name) for entry in entries]
            if len(descriptors) < self._limit * START_CLOSING:
                return False
            found = [connection_at(descriptor, self._port) for descriptor in descriptors]
            return self._close_idle([one for one in found if one])
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            return False
        finally:
            self._fill_reserve()

    def _close_idle(self, connections: list[Connection]) -> bool:
        if len(connections) < self._limit * START_CLOSING:
            return False
        excess = len(connections) - int(self._limit * KEEP)
        closed = sum(map(self._close, longest_idle(connections, self._busy())[:excess]))
        still_open = len(connections) - closed
        self._closed.inc(closed)
        log.warning("idle_connections_closed", closed=closed, open=still_open, limit=self._limit)
        return still_open >= self._limit * START_CLOSING

    def _close(self, connection: Connection) -> bool:
        transport = self._accepted.get(connection.peer)
        if transport is None:
            return close(connection)
        # Hypercorn keeps a connection that the client ended until it would have been idle for long.
        transport.abort()
        return True

    def _fill_reserve(self) -> None:
        with suppress(OSError):
            while len(self._reserve) < RESERVE:
                self._reserve.append(os.open(os.devnull, os.O_RDONLY))

    def _free_reserve(self) -> None:
        while self._reserve:
            os.close(self._reserve.pop())


def longest_idle(connections: Iterable[Connection], busy: Collection[Peer]) -> list[Connection]:
    """Idle connections in the order in which to close them, so that each address keeps its last."""
    ranks: Counter[str] = Counter()
    ranked: list[tuple[int, int, Connection]] = []
    for one in sorted(connections, key=attrgetter("idle_ms")):
        ranks[one.peer[0]] += 1
        if one.peer not in busy:
            ranked.append((ranks[one.peer[0]], one.idle_ms, one))
    ranked.sort(key=lambda entry: entry[:2], reverse=True)
    return [one for _, _, one in ranked]


def connection_at(descriptor: int, port: int) -> Connection | None:
    """The connection that a client has opened to `port`, if this is one."""
    with _unless_gone(), _duplicate(descriptor) as one:
        if one and one.family in IP and one.getsockname()[1] == port:
            host, peer_port = one.getpeername()[:2]
            return Connection(descriptor, (host, peer_port), _idle_ms(one))
    return None


def close(connection: Connection) -> bool:
    """End a connection, which its server then closes; False if it has ended already."""
    with _unless_gone(), _duplicate(connection.descriptor) as one:
        if one and one.getpeername()[:2] == connection.peer:
            one.shutdown(socket.SHUT_RD)
            return True
    return False


@contextmanager
def _unless_gone() -> Iterator[None]:
    """Pass over a connection that ends meanwhile."""
    try:
        yield
    except OSError as error:
        if error.errno not in GONE:
            raise


def _duplicate(descriptor: int) -> AbstractContextManager[socket.socket | None]:
    """The socket, if it is one, and stays it even if the server closes its own meanwhile."""
    copy = os.dup(descriptor)
    if stat.S_ISSOCK(os.fstat(copy).st_mode):
        return socket.socket(fileno=copy)
    os.close(copy)
    return nullcontext()


def _idle_ms(connection: socket.socket) -> int:
    """Time without data either way, or since the client connected; 0 where no system call tells."""
    if not hasattr(socket, "TCP_INFO"):
        return 0
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    sent, _, received = struct.unpack_from("III", info, LAST_DATA_SENT)
    return int(min(sent, received))
