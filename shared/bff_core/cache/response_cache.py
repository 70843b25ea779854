"""Where answers are kept: decoded in this process's memory, as bytes in a cache that is shared."""

import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol, Self

import msgspec
from msgspec.structs import replace

from bff_core.cache.estimated_size import estimated_size
from bff_core.client.call import NO_HEADERS, Call, DownstreamResponse, Freshness
from bff_core.clock import Clock
from bff_core.protocols import SharedCache

_WALL_TIME = struct.Struct(">d")


class CacheEntry(msgspec.Struct, frozen=True, gc=False):
    """An answer and when it was read from its source, on the monotonic clock."""

    answer: DownstreamResponse
    read_at: float
    service: str
    identity: str
    operation: str

    def served(self, age: float, *, stale: bool = False) -> DownstreamResponse:
        kept = self.answer
        return DownstreamResponse(
            kept.value, kept.body, kept.status, kept.headers, age, stale, exchange=kept.exchange
        )

    def is_of(self, service: str, identity: str, operation: str | None) -> bool:
        """Whether a write to that operation, or to any when None, concerns it."""
        asked = (service, identity)
        return (self.service, self.identity) == asked and operation in {None, self.operation}


class Memory(Protocol):
    """Bounded storage in this process; it may forget whatever it likes."""

    def get(self, key: str) -> CacheEntry | None: ...

    def put(self, key: str, value: CacheEntry, size: int) -> None: ...

    def drop(self, key: str) -> None: ...

    def drop_if(self, condition: Callable[[CacheEntry], bool]) -> None: ...


class PendingRead:
    """A read under way; `void` once a write has made what it will bring out of date."""

    __slots__ = ("_under_way", "call", "void")

    def __init__(self, call: Call, under_way: set["PendingRead"]) -> None:
        self.call = call
        self.void = False
        self._under_way = under_way

    def __enter__(self) -> Self:
        self._under_way.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._under_way.discard(self)


class ResponseCache:
    """Finds, keeps and forgets answers.

    What comes from the shared cache is not believed when it was read before a write, or so soon
    after that the read may have begun before it: within `doubt` seconds.
    """

    def __init__(
        self,
        memory: Memory,
        shared: SharedCache | None,
        clock: Clock,
        *,
        prefix: str = "bff1",
        doubt: float = 2.0,
        longest: float = 7200.0,
    ) -> None:
        self._memory = memory
        self.remembered = memory.get
        """What this process's memory holds under a key, however old."""
        self._shared = shared
        self._clock = clock
        self._prefix = prefix
        self._doubt = doubt
        self._longest = longest
        self._readings: set[PendingRead] = set()

    def age(self, kept: CacheEntry) -> float:
        return max(0.0, self._clock.monotonic() - kept.read_at)

    async def find(self, call: Call) -> CacheEntry | None:
        """The newest we have, however old."""
        kept = self._memory.get(call.key)
        fresh = kept is not None and self.age(kept) < call.freshness.max_age
        if fresh or self._shared is None or not call.freshness.store_in_redis:
            return kept
        other = await self._fetch(self._shared, call)
        if other is None or (kept is not None and other.read_at <= kept.read_at):
            return kept
        self._remember(call, other.answer, other.read_at)
        return other

    async def keep(self, call: Call, answer: DownstreamResponse) -> None:
        known = self._memory.get(call.key)
        if known is not None and known.answer.exchange is answer.exchange:
            # One call was shared by many: the first of them has kept it.
            return
        self._remember(call, answer, self._clock.monotonic() - answer.age)
        if self._shared is not None and call.freshness.store_in_redis:
            read_at = _WALL_TIME.pack(self._clock.now().timestamp() - answer.age)
            ttl = min(self._longest, _retention(call.freshness))
            await self._shared.put(self._key(call.key), read_at + answer.body, ttl=ttl)

    async def discard(self, call: Call) -> None:
        """The source says that there is no such answer, for this caller at least."""
        self._memory.drop(call.key)
        if self._shared is not None and call.freshness.store_in_redis:
            await self._shared.drop(self._key(call.key))

    async def forget(self, service: str, identity: str, operation: str | None = None) -> None:
        """A write has changed these answers; what is being read now may be older than it."""
        self._memory.drop_if(lambda kept: kept.is_of(service, identity, operation))
        for reading in self._readings:
            call = reading.call
            if (call.service, call.identity) == (service, identity):
                reading.void |= operation in {None, call.operation}
        if self._shared is not None:
            moment = _WALL_TIME.pack(self._clock.now().timestamp())
            await self._shared.put(self._mark(service, identity), moment, ttl=self._longest)

    def reading(self, call: Call) -> PendingRead:
        """Says while it is entered that a read is under way, so that a write can make it void."""
        return PendingRead(call, self._readings)

    def _remember(self, call: Call, answer: DownstreamResponse, read_at: float) -> None:
        """Without the body, which only the shared cache needs, and the headers, which nobody does.

        The value is a tenth of the one; the others are half of what the garbage collector would
        have to look at.
        """
        bare = replace(answer, body=b"", headers=NO_HEADERS)
        kept = CacheEntry(bare, read_at, call.service, call.identity, call.operation)
        self._memory.put(call.key, kept, estimated_size(answer))

    async def _fetch(self, shared: SharedCache, call: Call) -> CacheEntry | None:
        key = self._key(call.key)
        with self.reading(call) as reading:
            found = await shared.get(key)
            if found is None or len(found) < _WALL_TIME.size:
                return None
            mark = await shared.get(self._mark(call.service, call.identity))
        read_at, body = _WALL_TIME.unpack_from(found)[0], found[_WALL_TIME.size :]
        if reading.void or (mark is not None and read_at < _moment(mark) + self._doubt):
            return None
        try:
            value = call.decode(body)
        except ValueError:
            # Written by another version of us, or by nobody of ours.
            await shared.drop(key)
            return None
        age = max(0.0, self._clock.now().timestamp() - read_at)
        at = self._clock.monotonic() - age
        return CacheEntry(
            DownstreamResponse(value, body), at, call.service, call.identity, call.operation
        )

    def _key(self, key: str) -> str:
        """Hashed: keys of a store that others can list must not tell who asked for what."""
        return f"{self._prefix}:{sha256(key.encode()).hexdigest()}"

    def _mark(self, service: str, identity: str) -> str:
        return self._key(f"written {service} {identity}")


def _retention(freshness: Freshness) -> float:
    return freshness.max_age + max(freshness.stale_while_revalidate, freshness.stale_if_error)


def _moment(mark: bytes) -> float:
    """When a write was; a mark that cannot be read stands for one that is always recent."""
    if len(mark) != _WALL_TIME.size:
        return float("inf")
    moment: float = _WALL_TIME.unpack(mark)[0]
    return moment
