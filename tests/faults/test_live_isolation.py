"""Streams of two teachers through one gateway, with hostile messages on their channels."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.attack.process import gateway
from tests.faults.live_clients import (
    RasBatches,
    StreamFollower,
    batch_id,
    following,
    message,
    wait_until,
)
from tests.faults.live_process import LiveProcess, live_process
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform

OTHER = "7a9c1e3f-5b2d-4f60-8a71-c3e5d7f90b12"
MARKER = "smuggled-in"
MINE, THEIRS = batch_id(1), batch_id(2)
TRIGGERS = 'bff_teacher_live_triggers_total{kind="%s"}'
# Without polls and re-reads, only messages trigger reads.
NO_TIMED_READS = {"LIVE__POLL": "600", "LIVE__REREADS": "300"}


@dataclass
class TwoTeachers:
    """A teacher with batch 1 and a teacher with batch 2, each following their own list."""

    live: LiveProcess
    batches: dict[str, RasBatches]
    streams: dict[str, StreamFollower]

    async def publish(self, user: str, *messages: str | bytes) -> None:
        for one in messages:
            await self.live.redis.publish(f"ws:{user}", one)

    async def wait_for_trigger(self, kind: str, count: float) -> None:
        """Wait until `count` messages of `kind` have arrived."""
        async with asyncio.timeout(10):
            while await self.live.metric(TRIGGERS % kind) < count:
                await asyncio.sleep(0.05)

    def everything_sent_to(self, user: str) -> str:
        screen = self.streams[user].screen
        return json.dumps([screen.event_names, screen.data])

    def activities(self, user: str) -> list[dict[str, object]]:
        return self.streams[user].screen.activities

    def is_updated(self, user: str, own: str) -> bool:
        """True when the activity and the change of the user's own batch have arrived."""
        changed = "batch_changed" in self.streams[user].screen.event_names
        return changed and any(one.get("batch_id") == own for one in self.activities(user))

    @property
    def reads(self) -> list[int]:
        return [one.reads for one in self.batches.values()]


@asynccontextmanager
async def two_teachers(
    folder: Path, platform: StubPlatform, redis_url: str
) -> AsyncIterator[TwoTeachers]:
    platform.answer_well(OTHER)
    async with live_process(folder, platform, redis_url, **NO_TIMED_READS) as live:
        theirs = RasBatches(platform, OTHER)
        theirs.put(2)
        with gateway(folder, {"BFF_TEACHER_URL": live.url}) as through:
            urls, path = [f"http://127.0.0.1:{through.port}"], "/bff/v1/teacher/events"
            streams = {
                user: StreamFollower(live.session, urls, user, path) for user in (TEACHER, OTHER)
            }
            async with following(*streams.values()):
                await wait_until(lambda: all(one.screen.batches for one in streams.values()))
                yield TwoTeachers(live, {TEACHER: live.batches, OTHER: theirs}, streams)


def messages_of_another(other: str, their_batch: str) -> list[str | bytes]:
    """Messages that name another user, or another user's batch."""
    names = ("batch_phase_concluded", "batch_results_ready", "batch_changed", "snapshot")
    by_batch = [message(name, batch_id=their_batch, status="completed") for name in names]
    named = [
        message("batch_results_ready", batch_id=their_batch, **{name: other})
        for name in ("user_id", "teacher_id", "owner_user_id")
    ]
    return [*by_batch, *named]


def hostile_messages(other: str, their_batch: str) -> list[str | bytes]:
    """Messages that are malformed or nested, or try to inject events."""
    nested = {"event": "batch_results_ready", "data": {"batch_id": their_batch}}
    name = f"{MARKER}\n\nevent: snapshot\ndata: {their_batch}\n\n"
    return [
        f"{MARKER} no JSON {their_batch}",
        b"\xff\xfe" + their_batch.encode(),
        b"[" * 50_000,
        json.dumps({"event": "batch_results_ready", "data": {"x": their_batch * 10_000}}),
        message(MARKER, batch_id=their_batch, user=other),
        message(name, batch_id=their_batch),
        message("batch_results_ready", batch_id=f"{their_batch}\n\ndata: {MARKER}"),
        message("batch_results_ready", batch_id=[their_batch], essay_id={MARKER: other}),
        message("batch_results_ready", batch=nested, data=nested, note=MARKER),
        message("essay_status_updated", essay_id=their_batch, status=name, phase=MARKER),
        json.dumps([nested, MARKER]),
        json.dumps({"event": {"event": MARKER}, "data": their_batch}),
    ]


async def test_no_stream_contains_anything_of_another_user(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with two_teachers(tmp_path, platform, redis_url) as two:
        for user, other, theirs in ((TEACHER, OTHER, THEIRS), (OTHER, TEACHER, MINE)):
            await two.publish(
                user, *messages_of_another(other, theirs), *hostile_messages(other, theirs)
            )
        await two.wait_for_trigger("crossed", 6)
        # Events arrive in order: the effect of all earlier messages has arrived by then.
        two.batches[TEACHER].put(1, completed_essay_count=2)
        two.batches[OTHER].put(2, completed_essay_count=2)
        await asyncio.sleep(1.2)
        await two.publish(TEACHER, message("batch_results_ready", batch_id=MINE))
        await two.publish(OTHER, message("batch_results_ready", batch_id=THEIRS))
        own = {TEACHER: MINE, OTHER: THEIRS}
        await wait_until(lambda: all(two.is_updated(user, batch) for user, batch in own.items()))

    sent = {user: two.everything_sent_to(user) for user in (TEACHER, OTHER)}
    assert MINE in sent[TEACHER]
    assert THEIRS in sent[OTHER]
    assert not any(name in sent[TEACHER] for name in (THEIRS, OTHER, MARKER))
    assert not any(name in sent[OTHER] for name in (MINE, TEACHER, MARKER))
    for user, batch in own.items():
        *before, last = two.activities(user)
        assert last["batch_id"] == batch
        # Only the event name and the time remain of messages about another user.
        assert {*before[0], *before[-1]} == {"at", "kind"}
        assert len(before) == 2
    assert all(one.statuses == [200] for one in two.streams.values())


async def test_own_malformed_and_crossed_messages_trigger_no_read(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with two_teachers(tmp_path, platform, redis_url) as two:
        await asyncio.sleep(1.2)
        before = two.reads
        for user, other, theirs in ((TEACHER, OTHER, THEIRS), (OTHER, TEACHER, MINE)):
            ours = message("batch_changed", batch_id=theirs, source="bff_teacher")
            theirs_and_ours = message("x", user_id=other, source="bff_teacher")
            await two.publish(
                user, ours, theirs_and_ours, b"\xff", b"{}", messages_of_another(other, theirs)[-1]
            )
        await two.wait_for_trigger("own", 4)
        await two.wait_for_trigger("malformed", 4)
        await two.wait_for_trigger("crossed", 2)
        await asyncio.sleep(1.5)
        after, messages = two.reads, await two.live.metric(TRIGGERS % "message")

    assert after == before
    assert messages == 0
    assert [one.screen.event_names for one in two.streams.values()] == [["snapshot"], ["snapshot"]]
