"""Reads that replicas drop when a stream changes, a message arrives or the user writes."""

import asyncio

from bff_core.testing import FakeClock
from bff_core.testing.clock import Run
from services.bff_teacher.live.writes import AnnouncedWrites
from tests.unit.bff_teacher.live.live_replicas import ANNA, ScreenCopy, cancel_all, live_system

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"


def test_every_replica_drops_older_reads_before_a_stream_sends_the_event(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(3)
            for replica in system.replicas:
                replica.reads.forgotten.clear()
            system.source.batches[ANNA] = {BATCH: {"done": 2}}
            system.notify()
            await asyncio.sleep(2)
            await cancel_all(stream)

            assert "batch_changed" in screen.event_names
            assert all(ANNA in replica.reads.forgotten for replica in system.replicas)

    run(main())


def test_a_new_connection_drops_everything_because_messages_were_lost(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.replicas[0].reads.forgotten.clear()
            system.pubsub.broken = True
            await asyncio.sleep(0.5)
            system.pubsub.broken = False
            await asyncio.sleep(2)

            assert system.replicas[0].reads.forgotten == [None]

    run(main())


def test_a_write_is_dropped_everywhere_and_read_again_until_it_has_settled(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            first, second = system.replicas
            stream = await second.open(ScreenCopy())
            await asyncio.sleep(3)
            second.reads.forgotten.clear()
            reads = len(system.source.reads)
            writes = AnnouncedWrites(first.reads, first.updates)
            await writes.written(ANNA)
            await asyncio.sleep(1)
            at_once = (len(first.reads.invalidated), len(second.reads.forgotten))
            read_again = len(system.source.reads) - reads
            await asyncio.sleep(31)
            await writes.aclose()
            await cancel_all(stream)

            assert at_once == (1, 1)
            assert read_again == 1
            assert first.reads.invalidated == [ANNA] * 3
            assert second.reads.forgotten == [ANNA] * 3

    run(main())


def test_a_stopping_process_follows_no_write(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            writes = AnnouncedWrites(system.replicas[0].reads, system.replicas[0].updates)
            await writes.aclose()
            await writes.written(ANNA)

            assert system.replicas[0].reads.invalidated == [ANNA]

    run(main())
