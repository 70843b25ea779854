"""Streams of one or two replicas: reads of the source, and the events that follow."""

import asyncio

from bff_core.context import UserId
from bff_core.errors import (
    DownstreamUnreachable,
    NotFound,
)
from bff_core.testing import FakeClock
from bff_core.testing.clock import Run
from tests.unit.bff_teacher.live.live_replicas import ANNA, ScreenCopy, cancel_all, live_system

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
ERIK = UserId("erik-1")


def test_a_message_updates_an_open_screen_within_two_seconds(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(3)
            system.source.batches[ANNA] = {BATCH: {"done": 2}}
            system.notify("batch_phase_concluded", batch_id=BATCH, phase="spellcheck", secret="x")
            await asyncio.sleep(2)
            await cancel_all(stream)

            assert screen.event_names == ["snapshot", "activity", "batch_changed"]
            assert screen.batches == system.source.batches[ANNA]
            assert screen.data[1].keys() == {"at", "kind", "batch_id", "phase"}

    run(main())


def test_a_burst_of_messages_causes_one_read_and_none_for_users_without_streams(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            screens = [ScreenCopy(), ScreenCopy()]
            streams = [
                await replica.open(screen)
                for replica, screen in zip(system.replicas, screens, strict=True)
            ]
            await asyncio.sleep(3)
            before = len(system.source.reads)
            for number in range(20):
                system.notify("essay_status_updated", n=number)
                system.notify("essay_status_updated", user=ERIK, n=number)
            await asyncio.sleep(2)
            await cancel_all(*streams)

            assert len(system.source.reads) - before == 1
            assert {user for _, user in system.source.reads} == {ANNA}

    run(main())


def test_a_change_that_the_source_still_caches_is_found_by_a_later_read(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.cache_seconds = 4.5
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            system.source.batches[ANNA] = {BATCH: {"done": 2}}
            system.notify()
            await asyncio.sleep(2)
            before_reread = dict(screen.batches or {})
            await asyncio.sleep(5)
            await cancel_all(stream)

            assert before_reread == {BATCH: {"done": 1}}
            assert screen.batches == {BATCH: {"done": 2}}

    run(main())


def test_without_messages_the_poll_finds_a_change(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            screens = [ScreenCopy(), ScreenCopy()]
            streams = [await one.open(screens[at]) for at, one in enumerate(system.replicas)]
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            await asyncio.sleep(120)
            reads = len(system.source.reads)
            await cancel_all(*streams)
            await asyncio.sleep(300)

            assert [screen.batches for screen in screens] == [{BATCH: {"done": 1}}] * 2
            assert 4 <= reads <= 6
            assert len(system.source.reads) == reads

    run(main())


def test_an_unfinished_batch_is_polled_often_for_some_time_after_each_sign_of_life(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            screen = ScreenCopy()
            system.source.batches[ANNA] = {BATCH: {"is_final": False}}
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(280)
            often = len(system.source.reads)
            system.source.batches[ANNA] = {BATCH: {"is_final": False, "status": "processing"}}
            await asyncio.sleep(5)
            shown = screen.batches
            await asyncio.sleep(400)
            seldom = len(system.source.reads)
            await asyncio.sleep(300)
            at_rest = len(system.source.reads) - seldom
            await cancel_all(stream)

            assert shown == system.source.batches[ANNA]
            assert 90 <= often <= 150
            assert at_rest <= 12

    run(main())


def test_finished_batches_are_polled_seldom(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches[ANNA] = {BATCH: {"is_final": True}}
            stream = await system.replicas[0].open(ScreenCopy())
            await asyncio.sleep(120)
            await cancel_all(stream)

            assert len(system.source.reads) <= 7

    run(main())


def test_a_client_resumes_after_its_last_event_on_another_replica(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            await cancel_all(stream)
            witness = ScreenCopy()
            watching = await system.replicas[0].open(witness)
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            system.notify()
            await asyncio.sleep(2)
            again = await system.replicas[1].open(screen)
            await asyncio.sleep(1)
            await cancel_all(again, watching)

            assert screen.event_names == ["snapshot", "batch_added"]
            assert screen.batches == witness.batches == {BATCH: {"done": 1}}

    run(main())


def test_events_appended_during_a_read_of_the_log_are_not_lost(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.event_log.response_seconds = 0.3
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            for number in range(2):
                system.notify("class_created", n=number)
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.7)
            await cancel_all(stream)

            assert screen.event_names.count("activity") == 2

    run(main())


def test_a_wiped_log_begins_a_new_epoch(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            system.event_log.wipe()
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            system.notify()
            await asyncio.sleep(2)
            await cancel_all(stream)

            assert screen.event_names == ["snapshot", "resync", "snapshot"]
            assert screen.data[1] == {"reason": "epoch"}
            assert screen.batches == {BATCH: {"done": 1}}
            assert system.replicas[0].metric("live_resyncs_total", reason="epoch") == 1

    run(main())


def test_a_batch_that_is_gone_is_removed(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen, batch_id=BATCH)
            await asyncio.sleep(2)
            system.source.error = NotFound()
            system.notify()
            await asyncio.sleep(2)
            await cancel_all(stream)

            assert screen.event_names == ["snapshot", "batch_removed"]
            assert screen.batches == {}

    run(main())


def test_a_failed_read_changes_nothing_and_is_repeated(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches[ANNA] = {BATCH: {"done": 1}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            system.source.batches[ANNA] = {BATCH: {"done": 2}}
            system.source.error = DownstreamUnreachable("ras")
            system.notify()
            await asyncio.sleep(2)
            system.source.error = None
            await asyncio.sleep(5)
            await cancel_all(stream)

            assert screen.batches == {BATCH: {"done": 2}}
            assert system.replicas[0].metric("live_reads_total", outcome="failed") == 1

    run(main())
