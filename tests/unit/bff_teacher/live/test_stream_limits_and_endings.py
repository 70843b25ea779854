"""Limits, heartbeats and endings of the streams of one process."""

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
from bff_core.testing.clock import Run
from services.bff_teacher.live import LiveOptions
from services.bff_teacher.live.event_log import EventLogUnavailable
from tests.unit.bff_teacher.live.live_replicas import ANNA, ScreenCopy, cancel_all, live_system

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
ERIK = UserId("erik-1")


def test_a_slow_reader_that_missed_events_gets_a_snapshot(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock, options=LiveOptions(kept_events=2)) as system:
            screen, quick = ScreenCopy(), ScreenCopy()
            frames = await system.replicas[0].frames()
            screen.receive(await anext(frames))
            screen.receive(await anext(frames))
            stream = await system.replicas[0].open(quick)
            for number in range(4):
                system.source.batches[ANNA] = {BATCH: {"done": number}}
                system.notify(n=number)
                await asyncio.sleep(2)
            screen.receive(await anext(frames))
            await frames.aclose()
            await cancel_all(stream)

            assert screen.event_names == ["snapshot", "resync", "snapshot"]
            assert screen.data[1] == {"reason": "slow"}
            assert screen.batches == quick.batches == {BATCH: {"done": 3}}
            assert "resync" not in quick.event_names

    run(main())


def test_a_quiet_stream_sends_heartbeats(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            frames = await system.replicas[0].frames()
            chunks = [await anext(frames) for _ in range(2)]
            began = clock.monotonic()
            chunks += [await anext(frames) for _ in range(2)]
            await frames.aclose()

            assert chunks[2:] == [b":\n\n"] * 2
            assert 28 <= clock.monotonic() - began <= 33

    run(main())


def test_a_stream_ends_when_its_token_expires(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen, expires=clock.now().timestamp() + 60)
            began = clock.monotonic()
            await stream

            assert screen.end_reason == "token_expired"
            assert 60 <= clock.monotonic() - began <= 61.1
            assert system.replicas[0].metric("live_streams_open") == 0

    run(main())


def test_draining_ends_streams_and_refuses_new_ones(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(1)
            system.replicas[0].updates.drain()
            await stream

            assert screen.end_reason == "shutdown"
            with pytest.raises(Unavailable):
                await system.replicas[0].open(ScreenCopy())

    run(main())


def test_an_unavailable_log_ends_streams_and_refuses_new_ones(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(1)
            system.event_log.unavailable = True
            system.notify()
            await stream
            with pytest.raises(EventLogUnavailable) as refusal:
                await system.replicas[0].open(ScreenCopy())
            system.event_log.unavailable = False
            back = await system.replicas[0].open(screen)
            await cancel_all(back)

            assert screen.end_reason is None
            assert screen.event_names[-1] == "end"
            assert refusal.value.retry_after

    run(main())


def test_limits_apply_to_a_user_and_to_the_process(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock, options=LiveOptions(per_user=2, per_process=3)) as system:
            replica = system.replicas[0]
            streams = [await replica.open(ScreenCopy()) for _ in range(2)]
            with pytest.raises(RateLimited):
                await replica.open(ScreenCopy())
            streams.append(await replica.open(ScreenCopy(), user=ERIK))
            with pytest.raises(Unavailable):
                await replica.open(ScreenCopy(), user=UserId("sara-1"))
            await asyncio.sleep(0.1)
            await cancel_all(*streams[:2])

            streams[:2] = [await replica.open(ScreenCopy())]
            await asyncio.sleep(0.1)
            await cancel_all(*streams)
            assert replica.metric("live_streams_open") == 0
            assert replica.metric("live_topics_followed") == 0

    run(main())


@pytest.mark.parametrize("error", [NotFound(), NotAuthorized(), DownstreamUnreachable("ras")])
def test_a_failed_first_read_is_refused_before_the_first_byte(
    clock: FakeClock, run: Run, error: Exception
) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.error = error  # type: ignore[assignment]
            with pytest.raises(type(error)):
                await system.replicas[0].open(ScreenCopy(), batch_id=BATCH)

            assert system.replicas[0].metric("live_streams_open") == 0
            assert not system.event_log.topics

    run(main())


def test_a_stuck_write_is_cancelled_and_delays_no_other_stream(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            frames = await system.replicas[0].frames()

            async def send() -> None:
                async for _ in frames:
                    await asyncio.sleep(1e6)

            stuck = asyncio.create_task(send())
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            system.source.batches[ANNA] = {BATCH: {"a": 1}}
            system.notify()
            await asyncio.sleep(2)
            events_before = list(screen.event_names)
            await asyncio.wait([stuck], timeout=60)
            await frames.aclose()
            await cancel_all(stream)

            assert events_before == ["snapshot", "batch_added"]
            assert stuck.cancelled()
            assert system.replicas[0].metric("live_streams_open") == 0

    run(main())


def test_a_response_that_is_never_sent_frees_its_slot(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            await system.replicas[0].frames()

            await asyncio.sleep(15)

            assert system.replicas[0].metric("live_streams_open") == 0

    run(main())


def test_live_updates_restart_after_a_crash(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(1)
            system.pubsub.broken = True
            await stream
            system.pubsub.broken = False
            await asyncio.sleep(2)
            back = await system.replicas[0].open(screen)
            await asyncio.sleep(1)
            still_open = not back.done()
            await cancel_all(back)

            assert screen.event_names == ["snapshot", "end"]
            assert still_open

    run(main())
