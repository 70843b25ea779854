"""A cache in this process, bounded in entries and in bytes, that forgets the least used first."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MemoryOptions:
    entries: int = 4096
    size: int = 64 * 2**20
    """In bytes, as told by whoever puts."""


class MemoryCache(Generic[T]):
    """What is too big for it is not kept at all."""

    def __init__(self, options: MemoryOptions | None = None) -> None:
        self._options = options or MemoryOptions()
        self._held: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size(self) -> int:
        return self._size

    def get(self, key: str) -> T | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: str, value: T, size: int) -> None:
        self.drop(key)
        if size > self._options.size or self._options.entries < 1:
            return
        self._held[key] = (value, size)
        self._size += size
        while len(self._held) > self._options.entries or self._size > self._options.size:
            self.drop(next(iter(self._held)))

    def drop(self, key: str) -> None:
        _, size = self._held.pop(key, (None, 0))
        self._size -= size

    def drop_if(self, condition: Callable[[T], bool]) -> None:
        for key in [key for key, (value, _) in self._held.items() if condition(value)]:
            self.drop(key)
