"""Reading topics anew and publishing what has changed, as seldom as is right."""

import asyncio
from dataclasses import dataclass, replace
from uuid import uuid4

import structlog

from bff_core.clock import Clock
from bff_core.context import CorrelationId, Deadline, RequestContext
from bff_core.errors import BffError, DownstreamError, NotAuthorized, NotFound
from services.bff_teacher.streaming.differ import diff
from services.bff_teacher.streaming.log import Log, LogAway, Publication
from services.bff_teacher.streaming.measures import Measures
from services.bff_teacher.streaming.sources import Source
from services.bff_teacher.streaming.states import StreamState, carried_over
from services.bff_teacher.streaming.topics import Topic
from services.bff_teacher.streaming.watched import Watched

RECENT = 1.0
"""Seconds for which a read is good enough for somebody who comes now."""
STEP = 0.1
TRIES = 8

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refresher:
    """`budget` is for one read in the background, in seconds."""

    log: Log
    source: Source
    clock: Clock
    measures: Measures
    budget: float = 3.0

    async def begin(self, watched: Watched, ctx: RequestContext) -> None:
        """See to it that there is a state to show to somebody who comes now.

        Raises:
            NotFound: There is no such batch.
            NotAuthorized: It is somebody else's.
            DownstreamError: There is none, and it could not be read.
            LogAway: There is no place for it.
        """
        ago = RECENT
        settled = watched.rhythm.poll * 1.5
        while True:
            claim = await self.log.claim(watched.topic, ago=ago)
            if claim.verdict == "go":
                await self._read_or_show(watched, ctx, claim.ticket, kept=claim.mark is not None)
                return
            if claim.verdict == "done" or ctx.deadline.left() <= STEP:
                break
            if ago == settled:
                await asyncio.sleep(min(claim.wait, STEP))
            ago = settled
        if claim.mark is None:
            raise LogAway
        if ago == settled:
            watched.want(self.clock.monotonic())

    async def satisfy(self, watched: Watched) -> None:
        """Read until nobody wants it, unless another replica does.

        Raises:
            LogAway: What is kept cannot be reached.
        """
        while (since := watched.wanted) is not None and watched.streams:
            ago = self.clock.monotonic() - since
            claim = await self.log.claim(watched.topic, ago=ago)
            if claim.verdict == "wait":
                await asyncio.sleep(claim.wait)
                continue
            watched.satisfy(since)
            watched.catch_up(claim.mark)
            if claim.verdict == "go":
                await self._read_in_background(watched, claim.ticket)

    async def _read_or_show(
        self, watched: Watched, ctx: RequestContext, ticket: int, *, kept: bool
    ) -> None:
        try:
            await self._read(watched.topic, ctx, ticket)
        except DownstreamError:
            if not kept:
                raise
            watched.trigger(self.clock.monotonic())

    async def _read_in_background(self, watched: Watched, ticket: int) -> None:
        newest = max(watched.streams, key=lambda stream: stream.ctx.token_expires_at)
        ctx = replace(
            newest.ctx,
            correlation_id=CorrelationId(str(uuid4())),
            deadline=Deadline.after(self.budget, self.clock),
        )
        try:
            await self._read(watched.topic, ctx, ticket)
        except LogAway:
            raise
        except BffError as error:
            log.info("live_read_failed", code=error.code, correlation_id=ctx.correlation_id)

    async def _read(self, topic: Topic, ctx: RequestContext, ticket: int) -> None:
        try:
            fetched = await self.source.read(ctx, topic)
        except (NotFound, NotAuthorized):
            self.measures.read("gone")
            if (await self.log.held(topic)).epoch:
                await self._publish(topic, StreamState({}), ticket)
            raise
        except BffError:
            self.measures.read("failed")
            raise
        changed = await self._publish(topic, fetched, ticket)
        self.measures.read("changed" if changed else "same")

    async def _publish(self, topic: Topic, fetched: StreamState, ticket: int) -> bool:
        """Whether it led to another state.

        Raises:
            LogAway: What is kept cannot be reached, or changes faster than we can look at it.
        """
        for _ in range(TRIES):
            held = await self.log.held(topic)
            batches = carried_over(fetched, held.batches or {})
            changes = diff(held.batches or {}, batches) if held.epoch else []
            if await self.log.publish(topic, Publication(held, ticket, batches, changes)):
                return bool(changes)
        raise LogAway
