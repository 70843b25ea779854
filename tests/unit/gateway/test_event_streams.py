"""Relayed event streams are bounded in number and end between two events."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff_core.errors import Unavailable, UpstreamAborted
from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from bff_core.testing.clock import run_virtually
from services.gateway.implementations.event_streams import DRAIN_TIMEOUT, EventStreams


async def source(*chunks: bytes, every: float = 0.0, stays: bool = True) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(every)
    if stays:
        await asyncio.sleep(3600)


class StreamReader:
    def __init__(self, stuck_after: int = 1000) -> None:
        self.received: list[bytes] = []
        self._stuck_after = stuck_after

    async def deliver(self, piece: bytes) -> None:
        if len(self.received) >= self._stuck_after:
            await asyncio.sleep(3600)
        self.received.append(piece)


def streams(limit: int = 10) -> EventStreams:
    return EventStreams(limit, Metrics("test"))


def drained(
    chunks: AsyncIterator[bytes], reader: StreamReader, *, after: float = 10.0
) -> tuple[str, float]:
    """Drain a stream after some seconds; returns how it ended, and how long that took."""
    clock, all_ = FakeClock(), streams()

    async def scene() -> str:
        asyncio.get_running_loop().call_later(after, all_.drain)
        with all_.acquire() as stream:
            try:
                await stream.relay(chunks, reader.deliver)
            except UpstreamAborted:
                return "cut"
        return "ended"

    began = clock.monotonic()
    how = run_virtually(clock, scene())
    return how, clock.monotonic() - began - after


def test_quiet_stream_ends_at_once() -> None:
    reader = StreamReader()

    how, took = drained(source(b"data: a\n\n"), reader)

    assert how == "ended"
    assert took == pytest.approx(0.0)
    assert reader.received == [b"data: a\n\n"]


def test_half_an_event_is_left_out() -> None:
    reader = StreamReader()

    assert drained(source(b"data: a\n\ndata", b": b"), reader)[0] == "ended"
    assert reader.received == [b"data: a\n\n"]


def test_large_event_that_is_half_out_comes_to_its_end() -> None:
    reader = StreamReader()
    chunks = source(b"data: " + b"x" * 70_000, b"y", b"\n\ndata: b\n\n", every=6.0)

    how, _ = drained(chunks, reader, after=11.9)

    assert how == "ended"
    assert b"".join(reader.received).endswith(b"xy\n\ndata: b\n\n")


def test_large_event_that_does_not_end_is_cut() -> None:
    how, took = drained(source(b"x" * 70_000), StreamReader())

    assert how == "cut"
    assert took == pytest.approx(DRAIN_TIMEOUT)


def test_reader_that_is_stuck_is_cut() -> None:
    how, took = drained(source(b"data: a\n\n", b"data: b\n\n"), StreamReader(stuck_after=1))

    assert how == "cut"
    assert took == pytest.approx(DRAIN_TIMEOUT)


async def test_stream_that_ends_by_itself_ends_with_all_of_it() -> None:
    reader = StreamReader()
    with streams().acquire() as stream:
        await stream.relay(source(b"data: a\n\ndata: b", stays=False), reader.deliver)

    assert reader.received == [b"data: a\n\n", b"data: b"]


def test_open_streams_are_bounded_and_freed() -> None:
    all_ = streams(limit=1)
    with all_.acquire(), pytest.raises(Unavailable) as refused, all_.acquire():
        pass
    with all_.acquire():
        pass

    assert refused.value.retry_after is not None


def test_no_stream_is_admitted_while_draining() -> None:
    all_ = streams()
    all_.drain()

    with pytest.raises(Unavailable), all_.acquire():
        pass
