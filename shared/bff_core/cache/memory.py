"""A least-recently-used map in memory, bounded in entries and in bytes."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class MemoryCache(Generic[K, V]):
    """Values with their sizes in bytes; a value larger than `max_bytes` is not kept."""

    def __init__(self, *, max_entries: int = 4096, max_bytes: int = 64 * 2**20) -> None:
        self._max_entries = max_entries
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
        if size > self._entries.maxsize or self._max_entries < 1:
            return
        if len(self._entries) >= self._max_entries:
            self._entries.popitem()
        self._entries[key] = (value, size)

    def drop(self, key: K) -> None:
        self._entries.pop(key, None)

    def drop_if(self, condition: Callable[[K], bool]) -> None:
        """Drop the entries whose keys meet the condition."""
        for key in [key for key in self._entries if condition(key)]:
            self.drop(key)
