"""How many retries a service may be sent, so that they cannot make an outage worse."""

from dataclasses import dataclass

from bff_core.clock import Clock


@dataclass(frozen=True, slots=True)
class RetryBudgetOptions:
    """A `share` of calls may be retried, saved up to `most`.

    A quiet service earns too little for one retry, so `few` are always granted per `period` seconds.
    """

    share: float = 0.1
    most: float = 20.0
    few: float = 3.0
    period: float = 30.0


class RetryBudget:
    """A bucket of tokens, one per downstream."""

    def __init__(self, clock: Clock, options: RetryBudgetOptions | None = None) -> None:
        self._clock = clock
        self._options = options or RetryBudgetOptions()
        self._tokens = self._options.few
        self._at = clock.monotonic()

    def earn(self) -> None:
        """A call was made for the first time."""
        self._tokens = max(
            self._tokens, min(self._options.most, self._tokens + self._options.share)
        )

    def spend(self) -> bool:
        """Take one retry, if there is one."""
        self._trickle()
        # Ten tenths are a hair less than one.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True

    def _trickle(self) -> None:
        now = self._clock.monotonic()
        gained = (now - self._at) * self._options.few / self._options.period
        self._at = now
        self._tokens = max(self._tokens, min(self._options.few, self._tokens + gained))
