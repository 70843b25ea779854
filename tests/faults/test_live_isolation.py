"""Two teachers' streams through one gateway, and somebody who writes anything to their channels."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.attack.process import gateway
from tests.faults.live_kit import Follower, Teaching, batch_id, following, message, until
from tests.faults.live_stage import Stage, stage
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform

OTHER = "7a9c1e3f-5b2d-4f60-8a71-c3e5d7f90b12"
MARK = "smuggled-in"
MINE, THEIRS = batch_id(1), batch_id(2)
TRIGGERS = 'bff_teacher_live_triggers_total{kind="%s"}'
# Only what is published may be a reason to read.
STILL = {"LIVE__POLL": "600", "LIVE__REREADS": "300"}


@dataclass
class Two:
    """A teacher with batch 1 and a teacher with batch 2, each following their own list."""

    on: Stage
    teachings: dict[str, Teaching]
    streams: dict[str, Follower]

    async def publish(self, user: str, *messages: str | bytes) -> None:
        for one in messages:
            await self.on.redis.publish(f"ws:{user}", one)

    async def heard(self, kind: str, count: float) -> None:
        """Wait until so many messages were taken for `kind`."""
        async with asyncio.timeout(10):
            while await self.on.metric(TRIGGERS % kind) < count:
                await asyncio.sleep(0.05)

    def said_to(self, user: str) -> str:
        copy = self.streams[user].copy
        return json.dumps([copy.words, copy.told])

    def activities(self, user: str) -> list[dict[str, object]]:
        return [one for one in self.streams[user].copy.told if "kind" in one]

    def is_told(self, user: str, own: str) -> bool:
        """Whether both the activity and the change of their own batch have come."""
        changed = "batch_changed" in self.streams[user].copy.words
        return changed and any(one.get("batch_id") == own for one in self.activities(user))

    @property
    def reads(self) -> list[int]:
        return [one.reads for one in self.teachings.values()]


@asynccontextmanager
async def two_teachers(folder: Path, platform: StubPlatform, redis_url: str) -> AsyncIterator[Two]:
    platform.answer_well(OTHER)
    async with stage(folder, platform, redis_url, **STILL) as on:
        theirs = Teaching(platform, OTHER)
        theirs.put(2)
        with gateway(folder, {"BFF_TEACHER_URL": on.url}) as through:
            urls, path = [f"http://127.0.0.1:{through.port}"], "/bff/v1/teacher/events"
            streams = {user: Follower(on.session, urls, user, path) for user in (TEACHER, OTHER)}
            async with following(*streams.values()):
                await until(lambda: all(one.copy.batches for one in streams.values()))
                yield Two(on, {TEACHER: on.teaching, OTHER: theirs}, streams)


def crossed(other: str, their_batch: str) -> list[str | bytes]:
    """What says it is another's, or is about what is another's."""
    words = ("batch_phase_concluded", "batch_results_ready", "batch_changed", "snapshot")
    by_batch = [message(word, batch_id=their_batch, status="completed") for word in words]
    named = [
        message("batch_results_ready", batch_id=their_batch, **{name: other})
        for name in ("user_id", "teacher_id", "owner_user_id")
    ]
    return [*by_batch, *named]


def malicious(other: str, their_batch: str) -> list[str | bytes]:
    """What is no message of the platform's, or more than one."""
    nested = {"event": "batch_results_ready", "data": {"batch_id": their_batch}}
    word = f"{MARK}\n\nevent: snapshot\ndata: {their_batch}\n\n"
    return [
        f"{MARK} no JSON {their_batch}",
        b"\xff\xfe" + their_batch.encode(),
        b"[" * 50_000,
        json.dumps({"event": "batch_results_ready", "data": {"x": their_batch * 10_000}}),
        message(MARK, batch_id=their_batch, user=other),
        message(word, batch_id=their_batch),
        message("batch_results_ready", batch_id=f"{their_batch}\n\ndata: {MARK}"),
        message("batch_results_ready", batch_id=[their_batch], essay_id={MARK: other}),
        message("batch_results_ready", batch=nested, data=nested, note=MARK),
        message("essay_status_updated", essay_id=their_batch, status=word, phase=MARK),
        json.dumps([nested, MARK]),
        json.dumps({"event": {"event": MARK}, "data": their_batch}),
    ]


async def test_no_stream_shows_what_is_another_s(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with two_teachers(tmp_path, platform, redis_url) as two:
        for user, other, theirs in ((TEACHER, OTHER, THEIRS), (OTHER, TEACHER, MINE)):
            await two.publish(user, *crossed(other, theirs), *malicious(other, theirs))
        await two.heard("crossed", 6)
        # What was told last is seen last: whatever comes of the rest has come by then.
        two.teachings[TEACHER].put(1, completed_essay_count=2)
        two.teachings[OTHER].put(2, completed_essay_count=2)
        await asyncio.sleep(1.2)
        await two.publish(TEACHER, message("batch_results_ready", batch_id=MINE))
        await two.publish(OTHER, message("batch_results_ready", batch_id=THEIRS))
        own = {TEACHER: MINE, OTHER: THEIRS}
        await until(lambda: all(two.is_told(user, batch) for user, batch in own.items()))

    said = {user: two.said_to(user) for user in (TEACHER, OTHER)}
    assert MINE in said[TEACHER]
    assert THEIRS in said[OTHER]
    assert not any(word in said[TEACHER] for word in (THEIRS, OTHER, MARK))
    assert not any(word in said[OTHER] for word in (MINE, TEACHER, MARK))
    for user, batch in own.items():
        *before, last = two.activities(user)
        assert last["batch_id"] == batch
        # Of what was about another's, no more than a word of the platform's is left.
        assert {*before[0], *before[-1]} == {"at", "kind"}
        assert len(before) == 2
    assert all(one.statuses == [200] for one in two.streams.values())


async def test_what_is_ours_malformed_or_crossed_is_no_reason_to_read(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with two_teachers(tmp_path, platform, redis_url) as two:
        await asyncio.sleep(1.2)
        before = two.reads
        for user, other, theirs in ((TEACHER, OTHER, THEIRS), (OTHER, TEACHER, MINE)):
            ours = message("batch_changed", batch_id=theirs, source="bff_teacher")
            theirs_and_ours = message("x", user_id=other, source="bff_teacher")
            await two.publish(
                user, ours, theirs_and_ours, b"\xff", b"{}", crossed(other, theirs)[-1]
            )
        await two.heard("own", 4)
        await two.heard("malformed", 4)
        await two.heard("crossed", 2)
        await asyncio.sleep(1.5)
        after, messages = two.reads, await two.on.metric(TRIGGERS % "message")

    assert after == before
    assert messages == 0
    assert [one.copy.words for one in two.streams.values()] == [["snapshot"], ["snapshot"]]
