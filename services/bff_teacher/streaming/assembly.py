"""Live updates, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bff_core.clock import Clock
from bff_core.events import UserChannels
from services.bff_teacher.streaming.audience import Audience, Limits
from services.bff_teacher.streaming.live import LiveUpdates, running
from services.bff_teacher.streaming.measures import Measures
from services.bff_teacher.streaming.redis_log import LogOptions, RedisLog, redis_for_live
from services.bff_teacher.streaming.refreshing import Refresher
from services.bff_teacher.streaming.signals import RedisSignals
from services.bff_teacher.streaming.sources import Source
from services.bff_teacher.streaming.stream import Patience, Surroundings
from services.bff_teacher.streaming.watched import Rhythm

SOURCE = "bff_teacher"
"""Who says so, in the messages that we publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """Everything that may be set, in seconds; `budget` is for a read in the background."""

    budget: float
    channels: tuple[str, ...]
    per_user: int
    per_process: int
    heartbeat: float
    write_seconds: float
    poll: float
    rereads: tuple[float, ...]
    kept_events: int
    kept_seconds: float


@asynccontextmanager
async def live_updates(
    redis_url: str, source: Source, clock: Clock, measures: Measures, config: LiveConfig
) -> AsyncIterator[LiveUpdates]:
    """Live updates over a Redis, for as long as the block lasts."""
    channels = UserChannels(config.channels, SOURCE)
    redis = redis_for_live(redis_url)
    options = LogOptions(longest=config.kept_events, life=config.kept_seconds)
    log = RedisLog(redis, channels, options)
    patience = Patience(config.heartbeat, config.write_seconds)
    shared = Surroundings(log, clock, measures, patience)
    limits = Limits(config.per_user, config.per_process)
    rhythm = Rhythm(poll=config.poll, rereads=config.rereads)
    live = LiveUpdates(
        Refresher(log, source, clock, measures, config.budget),
        RedisSignals(redis),
        shared,
        Audience(shared, limits, rhythm),
        channels,
    )
    try:
        async with running(live):
            yield live
    finally:
        await redis.aclose()
