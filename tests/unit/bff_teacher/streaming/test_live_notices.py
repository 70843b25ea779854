"""Messages of the platform: what of them reaches a stream, and what is a reason to look."""

import asyncio
import json

from bff_core.context import UserId
from bff_core.testing import FakeClock
from bff_core.testing.virtual_time import Run
from tests.unit.bff_teacher.streaming.live_world import ANNA, Client, a_world, ended

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
OTHER = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f11"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
ERIK = UserId("erik-1")


def test_nothing_of_another_user_reaches_a_stream(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.batches = {ANNA: {BATCH: {"a": 1}}, ERIK: {OTHER: {"b": 1}}}
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            world.say("batch_results_ready", batch_id=OTHER, status="completed")
            world.say("batch_results_ready", batch_id=BATCH, user_id=ERIK)
            world.say("essay_status_updated", essay_id=ESSAY, status="spellchecked_success")
            world.say("batch_results_ready", batch_id=f"{BATCH} {OTHER}")
            world.say("batch_results_ready", batch_id=BATCH[:8])
            world.say("<script>", batch_id=BATCH)
            world.say("batch_results_ready", status="x" * 9, phase={"a": 1}, timestamp=[9])
            for junk in (b"", b"\xff", b"[]", b'{"event":1}', b"[" * 5000, b"{}" * 50_000):
                world.bus.publish(ANNA, junk)
            await asyncio.sleep(2)
            await ended(stream)

            pairs = zip(client.words, client.told, strict=True)
            said = [told for word, told in pairs if word == "activity"]
            assert [one["kind"] for one in said] == ["essay_status_updated", "batch_results_ready"]
            assert said[0].keys() == {"at", "kind", "status"}
            assert said[1].keys() == {"at", "kind"}
            assert OTHER not in json.dumps(client.told)

    run(main())


def test_our_own_messages_are_no_reason_to_do_anything(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            before = len(world.source.read_at)
            world.say("batch_changed", source="bff_teacher", batch_id=BATCH)
            await asyncio.sleep(4)
            await ended(stream)

            assert client.words == ["snapshot"]
            assert len(world.source.read_at) == before
            assert world.replicas[0].count("live_triggers_total", kind="own") == 1

    run(main())


def test_two_replicas_say_an_activity_once(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock, replicas=2) as world:
            clients = [Client(), Client()]
            streams = [await one.open(clients[at]) for at, one in enumerate(world.replicas)]
            await asyncio.sleep(2)
            world.say("class_created", n=1)
            world.say("class_created", n=1)
            world.say("class_created", n=2)
            await asyncio.sleep(2)
            await ended(*streams)

            assert [client.words.count("activity") for client in clients] == [2, 2]

    run(main())


def test_what_says_the_same_within_a_second_is_said_once(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.batches = {ANNA: {BATCH: {"a": 1}}}
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            for file in range(25):
                told = f"2026-01-31T12:00:00.{file:06d}"
                world.say("batch_files_uploaded", batch_id=BATCH, file=file, timestamp=told)
            world.say("batch_files_uploaded", batch_id=BATCH, timestamp="2026-01-31T12:00:01")
            world.say("batch_processing_started", batch_id=BATCH, timestamp="2026-01-31T12:00:01")
            await asyncio.sleep(2)
            await ended(stream)

            said = [
                told["at"]
                for word, told in zip(client.words, client.told, strict=True)
                if word == "activity"
            ]
            assert [at[17:19] for at in said] == ["00", "01", "01"]

    run(main())
