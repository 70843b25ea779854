"""A shared cache in memory, on a clock, that a test can make unavailable."""

from bff_core.clock import Clock


class FakeSharedCache:
    """A `SharedCache`; `held` is its content; while `away`, reads miss and writes do nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self.held: dict[str, bytes] = {}
        self.away = False
        self.asked = 0

    async def get(self, key: str) -> bytes | None:
        self.asked += 1
        if self.away or self._until.get(key, 0.0) <= self._clock.monotonic():
            return None
        return self.held.get(key)

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        if not self.away:
            self.held[key] = value
            self._until[key] = self._clock.monotonic() + ttl

    async def drop(self, key: str) -> None:
        if not self.away:
            self.held.pop(key, None)
