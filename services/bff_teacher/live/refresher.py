"""Reads topics from their source and publishes the changes, at most once a second for a user."""

import asyncio
from dataclasses import dataclass, replace
from uuid import uuid4

import structlog

from bff_core.context import CorrelationId, Deadline, RequestContext
from bff_core.errors import BffError, DownstreamError, NotAuthorized, NotFound
from services.bff_teacher.live.dependencies import StreamDependencies
from services.bff_teacher.live.event_log import EventLogUnavailable, Publication
from services.bff_teacher.live.source import (
    StreamSource,
    StreamState,
    keep_fields_of_missing_parts,
)
from services.bff_teacher.live.state import StreamTopic, diff
from services.bff_teacher.live.subscriptions import TopicSubscription

OPENING_MAX_AGE_SECONDS = 1.0
"""A stream that opens is content with a read of this age."""
CLAIM_POLL_SECONDS = 0.1
MAX_PUBLISH_ATTEMPTS = 8

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refresher:
    dependencies: StreamDependencies
    source: StreamSource

    async def ensure_state(self, subscription: TopicSubscription, ctx: RequestContext) -> None:
        """Ensure that the log holds a state for a stream that opens.

        Raises:
            NotFound: The batch does not exist.
            NotAuthorized: The batch belongs to another user.
            DownstreamError: There is no state, and the source could not be read.
            EventLogUnavailable: There is no state, and no place to store one.
        """
        topic, event_log = subscription.topic, self.dependencies.event_log
        now = self.dependencies.clock.monotonic
        claim = await event_log.claim_read(topic, max_age=OPENING_MAX_AGE_SECONDS)
        is_current = claim.outcome == "fresh"
        # While another topic of the user is read, a state that the poll keeps current is enough,
        # and a read follows in the background.
        polled_max_age = self.dependencies.options.poll * 1.5
        if claim.outcome == "wait":
            claim = await event_log.claim_read(topic, max_age=polled_max_age)
        while claim.outcome == "wait" and ctx.deadline.left() > CLAIM_POLL_SECONDS:
            await asyncio.sleep(min(claim.wait_seconds, CLAIM_POLL_SECONDS))
            claim = await event_log.claim_read(topic, max_age=polled_max_age)
        if claim.outcome == "granted":
            try:
                await self._read(subscription, ctx, claim.fencing_token)
            except DownstreamError:
                if claim.position is None:
                    raise
                subscription.schedule_reads(now())
        elif claim.position is None:
            raise EventLogUnavailable
        elif not is_current:
            subscription.need_read(now())

    async def refresh(self, subscription: TopicSubscription) -> None:
        """Read until no read is needed; a read of another replica counts.

        Raises:
            EventLogUnavailable: The event log cannot be reached.
        """
        event_log, clock = self.dependencies.event_log, self.dependencies.clock
        while (since := subscription.read_needed_since) is not None and subscription.streams:
            max_age = clock.monotonic() - since
            claim = await event_log.claim_read(subscription.topic, max_age=max_age)
            if claim.outcome == "wait":
                await asyncio.sleep(claim.wait_seconds)
                continue
            subscription.read_claimed(since)
            subscription.wake_behind(claim.position)
            if claim.outcome == "granted":
                await self._read_in_background(subscription, claim.fencing_token)

    async def _read_in_background(
        self, subscription: TopicSubscription, fencing_token: int
    ) -> None:
        newest = max(subscription.streams, key=lambda stream: stream.ctx.token_expires_at)
        budget = self.dependencies.options.read_budget
        ctx = replace(
            newest.ctx,
            correlation_id=CorrelationId(str(uuid4())),
            deadline=Deadline.after(budget, self.dependencies.clock),
        )
        try:
            await self._read(subscription, ctx, fencing_token)
        except EventLogUnavailable:
            raise
        except BffError as error:
            log.info("live_read_failed", code=error.code, correlation_id=ctx.correlation_id)

    async def _read(
        self, subscription: TopicSubscription, ctx: RequestContext, fencing_token: int
    ) -> None:
        topic, reads = subscription.topic, self.dependencies.metrics.reads
        try:
            fetched = await self.source.read(ctx, topic)
        except (NotFound, NotAuthorized):
            reads.labels("gone").inc()
            if (await self.dependencies.event_log.stored_state(topic)).epoch:
                await self._publish(topic, StreamState({}), fencing_token)
            raise
        except BffError:
            reads.labels("failed").inc()
            raise
        subscription.unfinished = fetched.has_unfinished
        changed = await self._publish(topic, fetched, fencing_token)
        reads.labels("changed" if changed else "same").inc()

    async def _publish(self, topic: StreamTopic, fetched: StreamState, fencing_token: int) -> bool:
        """Publish the changes from the stored state; False when there are none.

        Raises:
            EventLogUnavailable: The log cannot be reached, or other replicas are always faster.
        """
        event_log = self.dependencies.event_log
        for _ in range(MAX_PUBLISH_ATTEMPTS):
            stored = await event_log.stored_state(topic)
            before = stored.batches or {}
            batches = keep_fields_of_missing_parts(fetched, before)
            changes = diff(before, batches) if stored.epoch else []
            if changes:
                # No stream reads it, so the read has not replaced it.
                self.dependencies.reads.forget_activity(topic.user_id)
            if await event_log.publish(topic, Publication(stored, fencing_token, batches, changes)):
                return bool(changes)
        raise EventLogUnavailable
