"""Ports of the kernel: a shared cache and health checks."""

from dataclasses import dataclass
from typing import Protocol


class SharedCache(Protocol):
    """Bytes that several processes share. Losing it costs speed, never correctness."""

    async def get(self, key: str) -> bytes | None:
        """The stored bytes; None when absent or when the store is unavailable, which is counted."""
        ...

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store for `ttl` seconds. Does nothing and counts it when the store is unavailable."""
        ...

    async def drop(self, key: str) -> None:
        """Delete. Does nothing and counts it when the store is unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class BreakerStatus:
    """State of a circuit breaker: `closed`, `open` or `half_open`.

    `operation` is None for the breaker of the whole service.
    """

    service: str
    operation: str | None
    state: str


class HealthChecked(Protocol):
    """A dependency that `/ready` pings."""

    @property
    def name(self) -> str: ...

    async def ping(self) -> bool:
        """True when it answers; the caller sets the timeout."""
        ...
