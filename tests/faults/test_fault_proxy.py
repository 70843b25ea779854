"""Each toxic does on real sockets what its name says, either way, and only while it is set."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.fault_proxy.proxy import (
    Bandwidth,
    FaultProxy,
    Hang,
    Latency,
    Limit,
    Reset,
    Slicer,
    SlowClose,
    Toxic,
    fault_proxy,
)

WORDS = bytes(range(256)) * 40
SOON = 0.15


@dataclass
class Line:
    """A client's connection through the proxy to a server that repeats what it hears."""

    proxy: FaultProxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, words: bytes = WORDS) -> None:
        self.writer.write(words)
        await self.writer.drain()

    async def echo(self, words: bytes = WORDS) -> bytes:
        await self.say(words)
        return await self.reader.readexactly(len(words))

    async def timed(self, words: bytes = WORDS) -> float:
        began = time.monotonic()
        assert await self.echo(words) == words
        return time.monotonic() - began

    async def is_silent(self) -> bool:
        try:
            async with asyncio.timeout(SOON):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while words := await reader.read(65536):
            writer.write(words)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def repeating_server() -> AsyncIterator[int]:
    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    async with repeating_server() as port, fault_proxy(port) as proxy:
        yield proxy


@pytest.fixture
async def line(proxy: FaultProxy) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    async with asyncio.timeout(10):
        yield Line(proxy, reader, writer)
    writer.transport.abort()


async def eventually(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not claim():
            await asyncio.sleep(0.01)


WAYS = pytest.mark.parametrize("way", ["to_client", "to_server"])


def set_toxics(proxy: FaultProxy, way: str, *toxics: Toxic) -> None:
    getattr(proxy, way)(*toxics)


async def test_without_a_toxic_bytes_pass_unchanged(line: Line) -> None:
    assert await line.echo() == WORDS


@WAYS
async def test_latency_delays_and_keeps_every_byte(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Latency(0.2, jitter=0.05))

    assert 0.15 <= await line.timed() < 30.0


async def test_jitter_differs_from_chunk_to_chunk(line: Line) -> None:
    line.proxy.to_client(Latency(0.06, jitter=0.06))

    times = [await line.timed(b"x") for _ in range(10)]

    assert max(times) - min(times) > 0.03


@WAYS
async def test_bandwidth_is_a_narrow_line(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Bandwidth(len(WORDS) * 4))

    assert 0.25 <= await line.timed() < 30.0


@WAYS
async def test_slow_close_delays_the_end_only(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, SlowClose(0.5))

    assert await line.timed() < 0.5
    line.writer.write_eof()
    began = time.monotonic()
    assert await line.reader.read() == b""
    assert 0.5 <= time.monotonic() - began < 30.0


@WAYS
async def test_hang_swallows_until_it_is_cleared(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Hang())

    await line.say()
    assert await line.is_silent()
    line.proxy.clear()
    assert await line.echo(b"again") == b"again"


@WAYS
async def test_hang_for_a_time_closes_at_its_end(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Hang(0.2))

    began = time.monotonic()
    await line.say()

    assert await line.reader.read() == b""
    assert 0.2 <= time.monotonic() - began < 30.0


@WAYS
async def test_reset_breaks_the_connection(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Reset())

    await line.say()

    with pytest.raises(ConnectionResetError):
        await line.reader.read()


@WAYS
async def test_slicer_sends_small_pieces_of_the_same_bytes(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Slicer(1024, variation=100, pause=0.02))

    assert 0.1 <= await line.timed() < 30.0


@WAYS
async def test_limit_cuts_after_so_many_bytes(line: Line, way: str) -> None:
    set_toxics(line.proxy, way, Limit(1000))

    assert await line.echo(WORDS[:600]) == WORDS[:600]
    await line.say(WORDS[600:])

    assert await line.reader.read() == (WORDS[600:1000] if way == "to_client" else b"")


async def test_limit_of_nothing_lets_nothing_through(line: Line) -> None:
    line.proxy.to_client(Limit(0))
    await line.say()

    assert await line.reader.read() == b""


async def test_toxics_work_together_in_order(line: Line) -> None:
    line.proxy.to_client(Slicer(300), Latency(0.05), Limit(1000))

    began = time.monotonic()
    await line.say()

    assert await line.reader.read() == WORDS[:1000]
    assert time.monotonic() - began >= 0.2


async def test_a_server_that_is_gone_closes_the_client(proxy: FaultProxy) -> None:
    async with fault_proxy(1) as nowhere:
        reader, writer = await asyncio.open_connection("127.0.0.1", nowhere.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await eventually(lambda: nowhere.open_connections == 0)


@pytest.mark.parametrize("toxic", [Latency(0.01), Hang(), Slicer(1), Bandwidth(1_000_000)])
async def test_a_client_that_leaves_leaves_nothing(proxy: FaultProxy, toxic: Toxic) -> None:
    proxy.to_client(toxic)
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await eventually(lambda: proxy.open_connections == 1)

    writer.transport.abort()

    await eventually(lambda: proxy.open_connections == 0)


async def test_the_end_of_the_proxy_ends_its_connections() -> None:
    before = asyncio.all_tasks()
    async with repeating_server() as port, fault_proxy(port) as proxy:
        proxy.to_client(Latency(60.0))
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await asyncio.sleep(0.1)

    assert await reader.read() == b""
    assert proxy.open_connections == 0
    writer.close()
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_redis_through_the_proxy(redis_url: str) -> None:
    async with fault_proxy(int(redis_url.rpartition(":")[2].partition("/")[0])) as proxy:
        redis = Redis(
            host="127.0.0.1", port=proxy.port, socket_timeout=0.2, retry=Retry(NoBackoff(), 0)
        )
        await redis.set("toxic", "value")
        proxy.to_client(Hang())

        with pytest.raises(RedisError):
            await redis.get("toxic")

        proxy.clear()
        assert await redis.get("toxic") == b"value"
        await redis.aclose()
