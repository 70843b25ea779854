"""The two breakers of a call: one for the service as a whole, one for the operation alone."""

from bff_core.client.call import Call
from bff_core.client.policies.breaker import Breaker, Permit
from bff_core.client.policies.outcome import Outcome, is_away
from bff_core.errors import DownstreamError, DownstreamTimeout

FIRST_ANSWER_FAILURES = 3
FIRST_ANSWER_SECONDS = 60.0
"""An operation that has failed `FIRST_ANSWER_FAILURES` times and never succeeded is called once in
so many seconds."""


class ServiceBreaker(Breaker):
    """Counts what shows that the whole service is away: no connection, no byte, a 503.

    Any other answer is a success. So is, for a call without an answer in time, an answer that the
    service gave to another call meanwhile: then the operation is slow, and the service is there.
    """

    _answered_at = float("-inf")

    def record(self, permit: Permit, outcome: Outcome, *, may_be_slow: bool = True) -> None:  # noqa: ARG002
        """Count the end of a call; a slow answer is the operation's affair."""
        if outcome is Outcome.SUCCESS:
            self._answered_at = self._clock.monotonic()
        super().record(permit, outcome, may_be_slow=False)

    def classify(self, permit: Permit, call: Call, error: DownstreamError) -> Outcome:
        outcome = super().classify(permit, call, error)
        if isinstance(error, DownstreamTimeout):
            elsewhere = self._answered_at > permit.started
            return Outcome.NEUTRAL if elsewhere else outcome
        if is_away(error):
            return Outcome.FAILURE
        # A refusal of ours has asked nobody.
        return Outcome.SUCCESS if error.sent else Outcome.NEUTRAL


class OperationBreaker(Breaker):
    """Counts the failures of one operation, except those that show the service to be away."""

    _has_answered = False
    _failures_before = 0

    @property
    def never_answers(self) -> bool:
        """True until the first success of an operation that has only given wrong answers."""
        return not self._has_answered and self._failures_before >= FIRST_ANSWER_FAILURES

    def record(self, permit: Permit, outcome: Outcome, *, may_be_slow: bool = True) -> None:
        super().record(permit, outcome, may_be_slow=may_be_slow)
        if outcome is Outcome.SUCCESS:
            self._has_answered = True

    def classify(self, permit: Permit, call: Call, error: DownstreamError) -> Outcome:
        if is_away(error):
            return Outcome.NEUTRAL
        outcome = super().classify(permit, call, error)
        # A service that has just started may be late without being wrong.
        if outcome is Outcome.FAILURE and not isinstance(error, DownstreamTimeout):
            self._failures_before += 1
        return outcome

    def _is_failing(self) -> bool:
        return self.never_answers or super()._is_failing()

    def _probes(self) -> int:
        return 1 if self.never_answers else super()._probes()

    def _open_seconds(self) -> float:
        return FIRST_ANSWER_SECONDS if self.never_answers else super()._open_seconds()

    def _ask_health(self, now: float) -> None:
        if not self.never_answers:
            super()._ask_health(now)
