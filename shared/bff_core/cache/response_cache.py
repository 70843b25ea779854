"""Decoded responses in a bounded memory, and their bytes in a cache that processes share."""

import struct
import sys
from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Any, Generic, Self, TypeVar

import msgspec
from cachetools import LRUCache

from bff_core.clock import Clock
from bff_core.ports import SharedCache

ENTRY_OVERHEAD = 2048
"""Bytes of an entry beside its value."""
OBJECT_FACTOR = 3
"""Python objects take 1.7 to 3 times the bytes in which msgpack writes them."""
MAX_SHARED_SECONDS = 7200.0
"""No entry lives longer in the shared cache."""
KEY_PREFIX = "bff1"

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_TIMESTAMP = struct.Struct(">d")
_encoder = msgspec.msgpack.Encoder(enc_hook=repr)


class MemoryCache(Generic[K, V]):
    """A least-recently-used map of values with their sizes; one above `max_bytes` is not kept."""

    def __init__(self, *, max_entries: int = 4096, max_bytes: int = 64 * 2**20) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: LRUCache[K, tuple[V, int]] = LRUCache(max_bytes, lambda entry: entry[1])

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return int(self._entries.currsize)

    def get(self, key: K) -> V | None:
        try:
            return self._entries[key][0]
        except KeyError:
            return None

    def put(self, key: K, value: V, size: int) -> None:
        self.drop(key)
        if size <= self._max_bytes and self._max_entries > 0:
            if len(self._entries) >= self._max_entries:
                self._entries.popitem()
            self._entries[key] = (value, size)

    def drop(self, key: K) -> None:
        self._entries.pop(key, None)

    def drop_if(self, condition: Callable[[K], bool]) -> None:
        """Drop the entries whose keys meet the condition."""
        for key in [key for key in self._entries if condition(key)]:
            self.drop(key)


class Freshness(msgspec.Struct, frozen=True, gc=False):
    """Seconds for which a response may be used again (RFC 9111, RFC 5861).

    `store_in_redis` admits it to the shared cache: never essay texts, never names of pupils.
    """

    max_age: float = 0.0
    stale_while_revalidate: float = 0.0
    stale_if_error: float = 0.0
    store_in_redis: bool = False

    @property
    def cacheable(self) -> bool:
        return self.max_age > 0 or self.stale_while_revalidate > 0 or self.stale_if_error > 0

    @property
    def retention(self) -> float:
        return self.max_age + max(self.stale_while_revalidate, self.stale_if_error)


class CacheKey(msgspec.Struct, frozen=True, gc=False):
    """Equal for calls whose responses may stand for each other.

    The operation belongs to it because two operations may decode one URL differently; the identity
    is the user for whom the response is.
    """

    service: str
    operation: str
    identity: str
    method: str
    url: str

    def is_changed_by(self, service: str, identity: str | None, *operations: str) -> bool:
        """True if a change of these operations, or of all when none is named, changes it.

        An `identity` of None stands for all users.
        """
        return (
            self.service == service
            and identity in {None, self.identity}
            and (not operations or self.operation in operations)
        )


class CacheEntry(msgspec.Struct, frozen=True):
    """A decoded response and when it was read from its source, on the monotonic clock.

    `response_id` is the same object in all copies of one response.
    """

    value: Any
    read_at: float
    response_id: object = msgspec.field(default_factory=object)


class PendingRead(msgspec.Struct, eq=False):
    """A read that is in flight while the block lasts.

    It is `outdated` once a write has changed what it will bring.
    """

    key: CacheKey
    pending: set["PendingRead"]
    outdated: bool = False

    def __enter__(self) -> Self:
        self.pending.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.pending.discard(self)


class ResponseCache:
    """Finds, stores and invalidates responses.

    An entry of the shared cache is ignored when it was read before a write, or within
    `read_seconds` after one: its read may have begun before the write.
    """

    def __init__(
        self,
        memory: MemoryCache[CacheKey, CacheEntry],
        shared: SharedCache | None,
        clock: Clock,
        *,
        read_seconds: float = 2.0,
    ) -> None:
        self._memory = memory
        self._shared = shared
        self._clock = clock
        self._read_seconds = read_seconds
        self._pending: set[PendingRead] = set()

    def age(self, entry: CacheEntry) -> float:
        return self._clock.monotonic() - entry.read_at

    def reading(self, key: CacheKey) -> PendingRead:
        """Register a read for as long as the block lasts, so that a write can mark it outdated."""
        return PendingRead(key, self._pending)

    async def find(
        self, key: CacheKey, freshness: Freshness, decode: Callable[[bytes], Any]
    ) -> CacheEntry | None:
        """The entry in memory if it is fresh, else the newest of both caches, however old.

        `decode` is for one of the shared cache.
        """
        entry = self._memory.get(key)
        if self._shared is None or not freshness.store_in_redis:
            return entry
        if entry is not None and self.age(entry) < freshness.max_age:
            return entry
        other = await self._find_shared(self._shared, key, decode)
        if other is None or (entry is not None and other[0].read_at <= entry.read_at):
            return entry
        entry, body = other
        self._memory.put(key, entry, estimated_size(entry.value, body))
        return entry

    async def store(
        self, key: CacheKey, freshness: Freshness, entry: CacheEntry, body: bytes
    ) -> None:
        known = self._memory.get(key)
        if known is not None and known.response_id is entry.response_id:
            # Coalesced calls share one response; the first of them has stored it.
            return
        self._memory.put(key, entry, estimated_size(entry.value, body))
        if self._shared is not None and freshness.store_in_redis:
            read_at = _TIMESTAMP.pack(self._clock.now().timestamp() - self.age(entry))
            ttl = min(MAX_SHARED_SECONDS, freshness.retention)
            await self._shared.put(_shared_key(key), read_at + body, ttl=ttl)

    async def discard(self, key: CacheKey, freshness: Freshness) -> None:
        """Drop an entry that its source has refused to give again."""
        self._memory.drop(key)
        if self._shared is not None and freshness.store_in_redis:
            await self._shared.drop(_shared_key(key))

    def mark_outdated(self, service: str, identity: str | None, *operations: str) -> None:
        """Keep what reads in flight bring from being stored."""
        for read in self._pending:
            read.outdated |= read.key.is_changed_by(service, identity, *operations)

    async def record_write(self, service: str, identity: str | None) -> None:
        """Let all processes ignore the user's older entries of the shared cache."""
        if self._shared is not None and identity is not None:
            now = _TIMESTAMP.pack(self._clock.now().timestamp())
            await self._shared.put(_write_key(service, identity), now, ttl=MAX_SHARED_SECONDS)

    async def _find_shared(
        self, shared: SharedCache, key: CacheKey, decode: Callable[[bytes], Any]
    ) -> tuple[CacheEntry, bytes] | None:
        with self.reading(key) as read:
            found = await shared.get(_shared_key(key))
            if found is None or len(found) < _TIMESTAMP.size:
                return None
            written = await shared.get(_write_key(key.service, key.identity))
        read_at, body = _TIMESTAMP.unpack_from(found)[0], found[_TIMESTAMP.size :]
        if read.outdated or self._may_precede_write(read_at, written):
            return None
        try:
            value = decode(body)
        except ValueError:
            # Another version of this service wrote it, or something else did.
            await shared.drop(_shared_key(key))
            return None
        age = max(0.0, self._clock.now().timestamp() - read_at)
        return CacheEntry(value, self._clock.monotonic() - age), body

    def _may_precede_write(self, read_at: float, written: bytes | None) -> bool:
        """An unreadable time of the write counts as recent."""
        if written is None:
            return False
        if len(written) != _TIMESTAMP.size:
            return True
        written_at: float = _TIMESTAMP.unpack(written)[0]
        return read_at < written_at + self._read_seconds


def estimated_size(value: Any, body: bytes) -> int:
    """Bytes in memory; the body alone would mislead, because most of it may not be decoded."""
    if isinstance(value, str | bytes):
        return ENTRY_OVERHEAD + sys.getsizeof(value)
    try:
        return ENTRY_OVERHEAD + OBJECT_FACTOR * len(_encoder.encode(value))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return ENTRY_OVERHEAD + OBJECT_FACTOR * len(body)


def _shared_key(key: CacheKey) -> str:
    return _hashed(" ".join(msgspec.structs.astuple(key)))


def _write_key(service: str, identity: str) -> str:
    return _hashed(f"written {service} {identity}")


def _hashed(text: str) -> str:
    """The keys of a store that others can list must not reveal users or URLs."""
    return f"{KEY_PREFIX}:{sha256(text.encode()).hexdigest()}"
