"""What the kernel needs from others, or offers to them, one small port per need."""

from typing import Protocol


class KeySource(Protocol):
    """The keys that access tokens may be signed with."""

    def key_for(self, kid: str | None) -> object:
        """The key to verify with.

        Raises:
            NotAuthenticated: No key goes by that id.
        """
        ...


class SharedCache(Protocol):
    """Bytes that several processes share. Its loss costs speed, never correctness."""

    async def get(self, key: str) -> bytes | None:
        """The stored bytes; None when absent or when the store is away, which is counted."""
        ...

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store for `ttl` seconds. Store away: does nothing and counts it."""
        ...

    async def drop(self, key: str) -> None:
        """Forget. Store away: does nothing and counts it."""
        ...


class Pinged(Protocol):
    """A dependency that can be asked how it is; `/ready` reports it."""

    @property
    def name(self) -> str: ...

    async def ping(self) -> bool:
        """Whether it answers, within a second."""
        ...
