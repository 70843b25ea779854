"""Streams of one process or two: when they move, what they cost, how they end."""

import asyncio

from bff_core.context import UserId
from bff_core.errors import (
    DownstreamUnreachable,
    NotFound,
)
from bff_core.testing import FakeClock
from bff_core.testing.virtual_time import Run
from tests.unit.bff_teacher.streaming.live_world import ANNA, Client, a_world, ended

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
OTHER = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f11"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
ERIK = UserId("erik-1")


def test_a_message_moves_an_open_screen_within_two_seconds(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(3)
            world.source.batches[ANNA] = {BATCH: {"done": 2}}
            world.say("batch_phase_concluded", batch_id=BATCH, phase="spellcheck", secret="x")
            await asyncio.sleep(2)
            await ended(stream)

            assert client.words == ["snapshot", "activity", "batch_changed"]
            assert client.batches == world.source.batches[ANNA]
            assert client.told[1].keys() == {"at", "kind", "batch_id", "phase"}

    run(main())


def test_a_burst_of_messages_is_one_read_and_no_read_is_for_the_unwatched(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with a_world(clock, replicas=2) as world:
            clients = [Client(), Client()]
            streams = [
                await replica.open(client)
                for replica, client in zip(world.replicas, clients, strict=True)
            ]
            await asyncio.sleep(3)
            before = len(world.source.read_at)
            for number in range(20):
                world.say("essay_status_updated", n=number)
                world.say("essay_status_updated", user=ERIK, n=number)
            await asyncio.sleep(2)
            await ended(*streams)

            assert len(world.source.read_at) - before == 1
            assert {user for _, user in world.source.read_at} == {ANNA}

    run(main())


def test_what_the_source_still_hides_is_looked_for_again(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.lag = 4.5
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            world.source.batches[ANNA] = {BATCH: {"done": 2}}
            world.say()
            await asyncio.sleep(2)
            hidden = dict(client.batches or {})
            await asyncio.sleep(5)
            await ended(stream)

            assert hidden == {BATCH: {"done": 1}}
            assert client.batches == {BATCH: {"done": 2}}

    run(main())


def test_without_any_message_the_poll_finds_it(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock, replicas=2) as world:
            clients = [Client(), Client()]
            streams = [await one.open(clients[at]) for at, one in enumerate(world.replicas)]
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            await asyncio.sleep(120)
            reads = len(world.source.read_at)
            await ended(*streams)
            await asyncio.sleep(300)

            assert [client.batches for client in clients] == [{BATCH: {"done": 1}}] * 2
            assert 4 <= reads <= 6
            assert len(world.source.read_at) == reads

    run(main())


def test_a_client_goes_on_after_its_last_event(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock, replicas=2) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            await ended(stream)
            witness = Client()
            watching = await world.replicas[0].open(witness)
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            world.say()
            await asyncio.sleep(2)
            again = await world.replicas[1].open(client)
            await asyncio.sleep(1)
            await ended(again, watching)

            assert client.words == ["snapshot", "batch_added"]
            assert client.batches == witness.batches == {BATCH: {"done": 1}}

    run(main())


def test_what_is_said_while_a_stream_reads_is_not_lost(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.log.distance = 0.3
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            for number in range(2):
                world.say("class_created", n=number)
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.7)
            await ended(stream)

            assert client.words.count("activity") == 2

    run(main())


def test_a_log_that_was_lost_is_a_new_epoch(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            world.log.wipe()
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            world.say()
            await asyncio.sleep(2)
            await ended(stream)

            assert client.words == ["snapshot", "resync", "snapshot"]
            assert client.told[1] == {"reason": "epoch"}
            assert client.batches == {BATCH: {"done": 1}}
            assert world.replicas[0].count("live_resyncs_total", reason="epoch") == 1

    run(main())


def test_a_batch_that_is_gone_is_removed(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            client = Client()
            stream = await world.replicas[0].open(client, batch_id=BATCH)
            await asyncio.sleep(2)
            world.source.error = NotFound()
            world.say()
            await asyncio.sleep(2)
            await ended(stream)

            assert client.words == ["snapshot", "batch_removed"]
            assert client.batches == {}

    run(main())


def test_a_source_that_is_down_changes_nothing_and_is_asked_again(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with a_world(clock) as world:
            world.source.batches[ANNA] = {BATCH: {"done": 1}}
            client = Client()
            stream = await world.replicas[0].open(client)
            await asyncio.sleep(2)
            world.source.batches[ANNA] = {BATCH: {"done": 2}}
            world.source.error = DownstreamUnreachable("ras")
            world.say()
            await asyncio.sleep(2)
            world.source.error = None
            await asyncio.sleep(5)
            await ended(stream)

            assert client.batches == {BATCH: {"done": 2}}
            assert world.replicas[0].count("live_reads_total", outcome="failed") == 1

    run(main())
