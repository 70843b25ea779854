"""Streams of one process: who may open one, and how they end."""

import asyncio

import pytest

from bff_core.context import UserId
from bff_core.errors import (
    DownstreamUnreachable,
    NotAuthorized,
    NotFound,
    RateLimited,
    Unavailable,
)
from bff_core.testing import FakeClock
from bff_core.testing.virtual_time import Run
from services.bff_teacher.streaming.audience import Limits
from services.bff_teacher.streaming.log import LogAway
from tests.unit.bff_teacher.streaming.live_world import ANNA, Client, a_world, ended

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
OTHER = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f11"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
ERIK = UserId("erik-1")


def test_a_reader_that_fell_behind_begins_anew(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock, longest=2) as world:
            client, quick = Client(), Client()
            frames = await world.replicas[0].frames()
            client.hear(await anext(frames))
            client.hear(await anext(frames))
            stream = await world.replicas[0].open(quick)
            for number in range(4):
                world.source.batches[ANNA] = {BATCH: {"done": number}}
                world.say(n=number)
                await asyncio.sleep(2)
            client.hear(await anext(frames))
            await frames.aclose()
            await ended(stream)

            assert client.words == ["snapshot", "resync", "snapshot"]
            assert client.told[1] == {"reason": "slow"}
            assert client.batches == quick.batches == {BATCH: {"done": 3}}
            assert "resync" not in quick.words

    run(main())


def test_a_quiet_stream_shows_signs_of_life(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            frames = await world.replicas[0].frames()
            chunks = [await anext(frames) for _ in range(2)]
            began = clock.monotonic()
            chunks += [await anext(frames) for _ in range(2)]
            await frames.aclose()

            assert chunks[2:] == [b":\n\n"] * 2
            assert 28 <= clock.monotonic() - began <= 33

    run(main())


def test_a_stream_ends_with_its_token(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client, expires=clock.now().timestamp() + 60)
            began = clock.monotonic()
            await stream

            assert client.ended == "token_expired"
            assert 60 <= clock.monotonic() - began <= 61.1
            assert world.replicas[0].count("live_streams_open") == 0

    run(main())


def test_going_down_says_so_and_lets_nobody_in(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(1)
            world.replicas[0].live.drain()
            await stream

            assert client.ended == "shutdown"
            with pytest.raises(Unavailable):
                await world.replicas[0].open(Client())

    run(main())


def test_a_lost_log_ends_streams_and_refuses_new_ones(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(1)
            world.log.away = True
            world.say()
            await stream
            with pytest.raises(LogAway) as refusal:
                await world.replicas[0].open(Client())
            world.log.away = False
            back = await world.replicas[0].open(client)
            await ended(back)

            assert client.ended is None
            assert client.words[-1] == "end"
            assert refusal.value.retry_after

    run(main())


def test_limits_are_of_a_user_and_of_the_process(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock, limits=Limits(per_user=2, per_process=3)) as world:
            replica = world.replicas[0]
            streams = [await replica.open(Client()) for _ in range(2)]
            with pytest.raises(RateLimited):
                await replica.open(Client())
            streams.append(await replica.open(Client(), user=ERIK))
            with pytest.raises(Unavailable):
                await replica.open(Client(), user=UserId("sara-1"))
            await asyncio.sleep(0.1)
            await ended(*streams[:2])

            streams[:2] = [await replica.open(Client())]
            await asyncio.sleep(0.1)
            await ended(*streams)
            assert replica.count("live_streams_open") == 0
            assert replica.count("live_topics_followed") == 0

    run(main())


@pytest.mark.parametrize("error", [NotFound(), NotAuthorized(), DownstreamUnreachable("ras")])
def test_what_cannot_be_read_is_refused_before_the_first_byte(
    clock: FakeClock, run: Run, error: Exception
) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.error = error  # type: ignore[assignment]
            with pytest.raises(type(error)):
                await world.replicas[0].open(Client(), batch_id=BATCH)

            assert world.replicas[0].count("live_streams_open") == 0
            assert not world.log.kept

    run(main())


def test_a_writer_that_is_stuck_is_cut_and_costs_nobody_else_anything(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            frames = await world.replicas[0].frames()

            async def send() -> None:
                async for _ in frames:
                    await asyncio.sleep(1e6)

            stuck = asyncio.create_task(send())
            client = Client()
            stream = await world.replicas[0].open(client)
            world.source.batches[ANNA] = {BATCH: {"a": 1}}
            world.say()
            await asyncio.sleep(2)
            moved = list(client.words)
            await asyncio.wait([stuck], timeout=60)
            await frames.aclose()
            await ended(stream)

            assert moved == ["snapshot", "batch_added"]
            assert stuck.cancelled()
            assert world.replicas[0].count("live_streams_open") == 0

    run(main())


def test_an_answer_that_nobody_began_to_send_gives_its_place_back(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            await world.replicas[0].frames()

            await asyncio.sleep(15)

            assert world.replicas[0].count("live_streams_open") == 0

    run(main())


def test_a_bug_ends_streams_once_and_not_for_good(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(1)
            world.bus.broken = True
            await stream
            world.bus.broken = False
            await asyncio.sleep(2)
            back = await world.replicas[0].open(client)
            await asyncio.sleep(1)
            still_open = not back.done()
            await ended(back)

            assert client.words == ["snapshot", "end"]
            assert still_open

    run(main())
