"""Answers again what was answered lately, and in need what was answered some time ago."""

import asyncio
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bff_core.cache.response_cache import CacheEntry, Memory, PendingRead, ResponseCache
from bff_core.client.background import Background
from bff_core.client.call import Call, DownstreamResponse, Question, Send
from bff_core.client.policies.observer import UNOBSERVED, Observer, notify
from bff_core.client.policies.single_flight import LINGER
from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import Deadline
from bff_core.errors import (
    BffError,
    DownstreamError,
    DownstreamRefused,
    DownstreamTimeout,
    Unavailable,
)
from bff_core.protocols import SharedCache


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Times in seconds.

    `budget` is for a refresh in the background; a read that has a stale answer to fall back on
    gives up `reserve` early, to be able to give it. No entry lives longer than `longest` in the
    shared cache, whose keys begin with `prefix`.
    """

    budget: float = 2.0
    reserve: float = 0.05
    longest: float = 7200.0
    prefix: str = "bff1"


class Cached:
    """A policy for reads that declare a freshness."""

    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        options: CacheOptions | None = None,
        *,
        shared: SharedCache | None = None,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._clock = clock
        self._options = options or CacheOptions()
        self._observer = observer
        self._shelf = ResponseCache(
            memory,
            shared,
            clock,
            prefix=self._options.prefix,
            doubt=self._options.budget,
            longest=self._options.longest,
        )
        self._background = Background()
        self._refreshing: set[str] = set()

    @property
    def refreshing(self) -> int:
        return len(self._background)

    def __call__(self, send: Send) -> Send:
        async def cached(call: Call) -> DownstreamResponse:
            if not (call.safe and call.freshness.keeps):
                return await send(call)
            kept = await self._shelf.find(call)
            if kept is None:
                return await self._read(send, call)
            return await self._serve(send, call, kept)

        return cached

    def at_hand(self, asked: Question) -> Fetched[Any] | None:
        """What of a read is fresh in this process's memory.

        Taking it needs no time, so nothing bounds it.
        """
        fresh = asked.freshness.max_age
        kept = self._shelf.remembered(asked.key) if fresh > 0 else None
        if kept is None:
            return None
        now = self._clock.monotonic()
        age = now - kept.read_at
        if age >= fresh or now >= asked.deadline.at:
            return None
        notify(self._observer.cache_hit, asked)
        return Fetched(kept.answer.value, age if age > 0.0 else 0.0)  # noqa: FURB136 - no call, ten times a screen

    async def forget(self, service: str, identity: str, operation: str | None = None) -> None:
        """Drop the reads that a write has changed, of one operation or of all."""
        await self._shelf.forget(service, identity, operation)

    async def aclose(self) -> None:
        """Cancel the refreshes under way and wait for their end."""
        await self._background.aclose()

    async def _serve(self, send: Send, call: Call, kept: CacheEntry) -> DownstreamResponse:
        age, freshness = self._shelf.age(kept), call.freshness
        if age < freshness.max_age:
            notify(self._observer.cache_hit, call)
            return kept.served(age)
        if age < freshness.max_age + freshness.stale_while_revalidate:
            self._refresh(send, call)
            notify(self._observer.stale_served, call, "refresh")
            return kept.served(age, stale=True)
        if age < freshness.max_age + freshness.stale_if_error:
            return await self._read_or(kept, send, call)
        return await self._read(send, call)

    async def _read(self, send: Send, call: Call) -> DownstreamResponse:
        notify(self._observer.cache_missed, call)
        with self._shelf.reading(call) as reading:
            return await self._ask(send, call, reading)

    async def _read_or(self, kept: CacheEntry, send: Send, call: Call) -> DownstreamResponse:
        notify(self._observer.cache_missed, call)
        early = Deadline(call.deadline.at - self._options.reserve, call.deadline.clock)
        with self._shelf.reading(call) as reading:
            try:
                return await self._ask(send, replace(call, deadline=early), reading)
            except DownstreamError as error:
                age = self._shelf.age(kept)
                too_old = age >= call.freshness.max_age + call.freshness.stale_if_error
                if reading.void or too_old or _is_an_answer(error):
                    raise
        notify(self._observer.stale_served, call, "error")
        return kept.served(age, stale=True)

    async def _ask(self, send: Send, call: Call, reading: PendingRead) -> DownstreamResponse:
        try:
            answer = await send(call)
        except DownstreamRefused as error:
            # A router's page says nothing of what the service would have answered.
            if _is_an_answer(error) and error.spoke_json:
                await self._shelf.discard(call)
            raise
        if answer.status == 200 and not reading.void:
            await self._shelf.keep(call, answer)
        return answer

    def _refresh(self, send: Send, call: Call) -> None:
        if call.key in self._refreshing:
            return
        own = replace(call, deadline=Deadline.after(self._options.budget, self._clock))
        try:
            task = self._background.start(self._refreshed(send, own))
        except Unavailable:
            # The process is going down; the stale answer is good enough for the last callers.
            return
        self._refreshing.add(call.key)
        task.add_done_callback(lambda _: self._refreshing.discard(call.key))

    async def _refreshed(self, send: Send, call: Call) -> None:
        try:
            with self._shelf.reading(call) as reading:
                await self._ask_in_time(send, call, reading)
        except BffError as error:
            notify(self._observer.refresh_failed, call, error)

    async def _ask_in_time(self, send: Send, call: Call, reading: PendingRead) -> None:
        """A backstop: the policies inside keep the deadline too."""
        try:
            async with asyncio.timeout(call.deadline.left() + LINGER):
                await self._ask(send, call, reading)
        except TimeoutError as error:
            raise DownstreamTimeout(call.service, reason="refresh_overran") from error


def _is_an_answer(error: DownstreamError) -> bool:
    """Whether the service did answer, and the answer is no."""
    return isinstance(error, DownstreamRefused) and error.upstream_status != 429
