"""Streams of one process or two: when they move, what they cost, how they end."""

import asyncio
import json

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
