"""Notifications of the platform: activities in streams, and triggers of reads."""

import asyncio
import json

from bff_core.context import UserId
from bff_core.testing import FakeClock
from bff_core.testing.clock import Run
from tests.unit.bff_teacher.live.live_replicas import ANNA, ScreenCopy, cancel_all, live_system

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
OTHER = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f11"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
ERIK = UserId("erik-1")


def test_no_content_of_another_user_reaches_a_stream(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches = {ANNA: {BATCH: {"a": 1}}, ERIK: {OTHER: {"b": 1}}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            system.notify("batch_results_ready", batch_id=OTHER, status="completed")
            system.notify("batch_results_ready", batch_id=BATCH, user_id=ERIK)
            system.notify("essay_status_updated", essay_id=ESSAY, status="spellchecked_success")
            system.notify("batch_results_ready", batch_id=f"{BATCH} {OTHER}")
            system.notify("batch_results_ready", batch_id=BATCH[:8])
            system.notify("<script>", batch_id=BATCH)
            system.notify("batch_results_ready", status="x" * 9, phase={"a": 1}, timestamp=[9])
            for junk in (b"", b"\xff", b"[]", b'{"event":1}', b"[" * 5000, b"{}" * 50_000):
                system.pubsub.publish(ANNA, junk)
            await asyncio.sleep(2)
            await cancel_all(stream)

            first, second = screen.activities
            assert (first["kind"], second["kind"]) == (
                "essay_status_updated",
                "batch_results_ready",
            )
            assert first.keys() == {"at", "kind", "status"}
            assert second.keys() == {"at", "kind"}
            assert OTHER not in json.dumps(screen.data)

    run(main())


def test_messages_of_this_service_are_ignored(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            before = len(system.source.reads)
            system.notify("batch_changed", source="bff_teacher", batch_id=BATCH)
            await asyncio.sleep(4)
            await cancel_all(stream)

            assert screen.event_names == ["snapshot"]
            assert len(system.source.reads) == before
            assert system.replicas[0].metric("live_triggers_total", kind="own") == 1

    run(main())


def test_two_replicas_append_an_activity_once(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            screens = [ScreenCopy(), ScreenCopy()]
            streams = [await one.open(screens[at]) for at, one in enumerate(system.replicas)]
            await asyncio.sleep(2)
            system.notify("class_created", n=1)
            system.notify("class_created", n=1)
            system.notify("class_created", n=2)
            await asyncio.sleep(2)
            await cancel_all(*streams)

            assert [screen.event_names.count("activity") for screen in screens] == [2, 2]

    run(main())


def test_equal_notifications_within_a_second_are_one_activity(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches = {ANNA: {BATCH: {"a": 1}}}
            screen = ScreenCopy()
            stream = await system.replicas[0].open(screen)
            await asyncio.sleep(2)
            for number in range(25):
                timestamp = f"2026-01-31T12:00:00.{number:06d}"
                system.notify("essay_status_updated", batch_id=BATCH, n=number, timestamp=timestamp)
            system.notify("essay_status_updated", batch_id=BATCH, timestamp="2026-01-31T12:00:01")
            system.notify(
                "batch_processing_started", batch_id=BATCH, timestamp="2026-01-31T12:00:01"
            )
            await asyncio.sleep(2)
            await cancel_all(stream)

            seconds = [activity["at"][17:19] for activity in screen.activities]
            assert seconds == ["00", "01", "01"]

    run(main())


def test_ids_of_a_message_match_those_of_the_state_in_any_case(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.source.batches[ANNA] = {BATCH.upper(): {"essays": {ESSAY.upper(): {}}}}
            screens = [ScreenCopy(), ScreenCopy()]
            streams = [
                await system.replicas[0].open(screens[0]),
                await system.replicas[0].open(screens[1], batch_id=BATCH.upper()),
            ]
            await asyncio.sleep(3)
            system.notify("batch_results_ready", batch_id=BATCH)
            system.notify("essay_status_updated", batch_id=BATCH, essay_id=ESSAY)
            await asyncio.sleep(2)
            await cancel_all(*streams)

            kinds = [[one["kind"] for one in screen.activities] for screen in screens]
            both = ["batch_results_ready", "essay_status_updated"]
            assert kinds == [both, both]

    run(main())
