"""What the kernel needs from others, or offers to them, one small port per need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


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


class HealthChecked(Protocol):
    """A dependency that can be asked how it is; `/ready` reports it."""

    @property
    def name(self) -> str: ...

    async def ping(self) -> bool:
        """Whether it answers, within a second."""
        ...


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What operators say of maintenance; `banner` is its text by language, such as `sv`."""

    read_only: bool = False
    banner: Mapping[str, str] = field(default_factory=dict)


class Switches(Protocol):
    """What operators switch while a service runs. Asking neither waits nor fails."""

    @property
    def maintenance(self) -> Maintenance:
        """The last word that was heard; permissive when there never was one."""
        ...
