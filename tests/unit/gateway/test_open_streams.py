"""Streams that pass through: how many, and how they end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff_core.errors import Unavailable, UpstreamAborted
from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from bff_core.testing.virtual_time import run_virtually
from services.gateway.implementations.open_streams import LAST_SECONDS, OpenStreams


async def talk(*chunks: bytes, every: float = 0.0, stays: bool = True) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(every)
    if stays:
        await asyncio.sleep(3600)


class Reader:
    def __init__(self, stuck_after: int = 1000) -> None:
        self.heard: list[bytes] = []
        self._stuck_after = stuck_after

    async def deliver(self, piece: bytes) -> None:
        if len(self.heard) >= self._stuck_after:
            await asyncio.sleep(3600)
        self.heard.append(piece)


def streams(limit: int = 10) -> OpenStreams:
    return OpenStreams(limit, Metrics("test"))


def drained(
    chunks: AsyncIterator[bytes], reader: Reader, *, after: float = 10.0
) -> tuple[str, float]:
    """How a stream ended that was told to end after some seconds, and how long that took."""
    clock, all_ = FakeClock(), streams()

    async def scene() -> str:
        asyncio.get_running_loop().call_later(after, all_.drain)
        with all_.place() as stream:
            try:
                await stream.pass_on(chunks, reader.deliver)
            except UpstreamAborted:
                return "cut"
        return "ended"

    began = clock.monotonic()
    how = run_virtually(clock, scene())
    return how, clock.monotonic() - began - after


def test_quiet_stream_ends_at_once() -> None:
    reader = Reader()

    assert drained(talk(b"data: a\n\n"), reader) == ("ended", pytest.approx(0.0))
    assert reader.heard == [b"data: a\n\n"]


def test_half_an_event_is_left_out() -> None:
    reader = Reader()

    assert drained(talk(b"data: a\n\ndata", b": b"), reader)[0] == "ended"
    assert reader.heard == [b"data: a\n\n"]


def test_large_event_that_is_half_out_comes_to_its_end() -> None:
    reader = Reader()
    chunks = talk(b"data: " + b"x" * 70_000, b"y", b"\n\ndata: b\n\n", every=6.0)

    how, _ = drained(chunks, reader, after=11.9)

    assert how == "ended"
    assert b"".join(reader.heard).endswith(b"xy\n\ndata: b\n\n")


def test_large_event_that_does_not_end_is_cut() -> None:
    how, took = drained(talk(b"x" * 70_000), Reader())

    assert (how, took) == ("cut", pytest.approx(LAST_SECONDS))


def test_reader_that_is_stuck_is_cut() -> None:
    how, took = drained(talk(b"data: a\n\n", b"data: b\n\n"), Reader(stuck_after=1))

    assert (how, took) == ("cut", pytest.approx(LAST_SECONDS))


async def test_stream_that_ends_by_itself_ends_with_all_of_it() -> None:
    reader = Reader()
    with streams().place() as stream:
        await stream.pass_on(talk(b"data: a\n\ndata: b", stays=False), reader.deliver)

    assert reader.heard == [b"data: a\n\n", b"data: b"]


def test_places_are_bounded_and_come_back() -> None:
    all_ = streams(limit=1)
    with all_.place(), pytest.raises(Unavailable) as refused, all_.place():
        pass
    with all_.place():
        pass

    assert refused.value.retry_after is not None


def test_nobody_comes_in_while_it_drains() -> None:
    all_ = streams()
    all_.drain()

    with pytest.raises(Unavailable), all_.place():
        pass
