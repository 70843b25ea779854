"""A clock that moves only when a test advances it."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at 1000 s monotonic, 2026-01-31T12:00:00Z."""

    def __init__(self, start: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self._elapsed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds
