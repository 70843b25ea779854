"""How many failed look-ups one user may cause before being asked to wait."""

from collections import OrderedDict
from dataclasses import dataclass

from bff_core.clock import Clock
from bff_core.errors import RateLimited


@dataclass(frozen=True, slots=True)
class FailureLimitOptions:
    """`failures` in any `period` seconds, for the last `users` who failed."""

    failures: int = 20
    period: float = 60.0
    users: int = 10_000


class FailureLimit:
    """A bucket per user: a look-up takes a token, and one that succeeds gives it back.

    Taken beforehand, so that many look-ups at once cannot all slip through.
    """

    def __init__(self, clock: Clock, options: FailureLimitOptions | None = None) -> None:
        self._clock = clock
        self._options = options or FailureLimitOptions()
        self._full = float(self._options.failures)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, user: str) -> None:
        """Allow one look-up that may fail.

        Raises:
            RateLimited: The user caused too many failures; `retry_after` says when to come back.
        """
        tokens = self._tokens(user)
        if tokens < 1.0:
            raise RateLimited(retry_after=(1.0 - tokens) / self._rate)
        self._keep(user, tokens - 1.0)

    def give_back(self, user: str) -> None:
        """The look-up did not fail, or not by the user's doing."""
        self._keep(user, self._tokens(user) + 1.0)

    @property
    def _rate(self) -> float:
        """Tokens a second."""
        return self._full / self._options.period

    def _tokens(self, user: str) -> float:
        now = self._clock.monotonic()
        tokens, at = self._buckets.get(user, (self._full, now))
        return min(self._full, tokens + (now - at) * self._rate)

    def _keep(self, user: str, tokens: float) -> None:
        if tokens >= self._full:
            # As good as never seen.
            self._buckets.pop(user, None)
            return
        self._buckets[user] = (tokens, self._clock.monotonic())
        self._buckets.move_to_end(user)
        if len(self._buckets) > self._options.users:
            self._buckets.popitem(last=False)
