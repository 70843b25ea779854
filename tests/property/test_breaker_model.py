"""The breaker against a small model of it, step by step on a fake clock.

`HYPOTHESIS_PROFILE=full` takes 100,000 steps, otherwise 10,000.
"""

import os
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from bff_core.client.policies.breaker import Breaker, Permit
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import Outcome
from bff_core.errors import CircuitOpen
from bff_core.settings import BreakerSettings
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import a_call

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
STEPS = 100
RUNS = 1000 if FULL else 100

SETTINGS = BreakerSettings(window=10.0, buckets=5, minimum_calls=6)


@dataclass
class Issued:
    """A permit and the state of the model when it was issued."""

    permit: Permit
    era: int
    started: float
    probe: bool
    ended: bool = False


@dataclass
class Model:
    """The breaker as plain lists."""

    state: str = "closed"
    era: int = 0
    until: float = 0.0
    opened: int = 0
    ended: list[tuple[float, bool, bool]] = field(default_factory=list)
    probes: list[Issued] = field(default_factory=list)
    passed: list[bool] = field(default_factory=list)

    def become(self, state: str) -> None:
        self.state = state
        self.era += 1
        self.ended, self.probes, self.passed = [], [], []

    def open(self, now: float, draw: float) -> None:
        self.until = now + min(60.0, 5.0 * 2**self.opened) * (0.8 + 0.4 * draw)
        self.opened += 1
        self.become("open")

    def admits(self, now: float) -> bool:
        if self.state == "open" and now >= self.until:
            self.become("half_open")
        if self.state == "half_open":
            self.probes = [p for p in self.probes if not p.ended and now < p.started + 4.0]
            return len(self.probes) + len(self.passed) < 3
        return self.state == "closed"

    def settle(self, issued: Issued, now: float, outcome: Outcome, draw: float) -> None:
        alive = issued.era == self.era and not issued.ended
        issued.ended = True
        late = issued.probe and now >= issued.started + 4.0
        if not alive or late or outcome is Outcome.NEUTRAL:
            return
        failed, slow = outcome is Outcome.FAILURE, now - issued.started > 1.0
        if self.state == "half_open":
            self.probe_ended(now, failed=failed, slow=slow, draw=draw)
        elif self.state == "closed":
            self.ended.append((now, failed, slow))
            if self.sick(now):
                self.open(now, draw)

    def probe_ended(self, now: float, *, failed: bool, slow: bool, draw: float) -> None:
        self.passed.append(slow)
        if failed or (len(self.passed) == 3 and sum(self.passed) >= 2.4):
            self.open(now, draw)
        elif len(self.passed) == 3:
            self.opened = 0
            self.become("closed")

    def sick(self, now: float) -> bool:
        oldest = int(now / 2.0) - 4
        seen = [(bad, slow) for at, bad, slow in self.ended if int(at / 2.0) >= oldest]
        bad, slow = sum(b for b, _ in seen), sum(s for _, s in seen)
        return len(seen) >= 6 and (bad >= 0.5 * len(seen) or slow >= 0.8 * len(seen))


class BreakerMachine(RuleBasedStateMachine):
    permits = Bundle("permits")

    @initialize()
    def start(self) -> None:
        self.clock = FakeClock()
        self.draw = 0.5
        self.breaker = Breaker(
            "results", self.clock, SETTINGS, probe_lease=4.0, jitter=lambda: self.draw
        )
        self.model = Model()

    @rule(target=permits)
    def ask(self) -> Issued | None:
        now = self.clock.monotonic()
        if not self.model.admits(now):
            with pytest.raises(CircuitOpen) as refused:
                self.breaker.acquire(a_call(self.clock))
            retry_after = refused.value.retry_after
            assert retry_after is not None
            assert 0 < retry_after <= 72.0
            return None
        permit = self.breaker.acquire(a_call(self.clock))
        issued = Issued(permit, self.model.era, now, self.model.state == "half_open")
        self.model.probes.append(issued)
        return issued

    @rule(issued=permits, outcome=st.sampled_from(Outcome), draw=st.floats(0, 1))
    def settle(self, issued: Issued | None, outcome: Outcome, draw: float) -> None:
        if issued is None or (issued.ended and not issued.probe):
            return
        self.draw = draw
        self.breaker.record(issued.permit, outcome)
        self.model.settle(issued, self.clock.monotonic(), outcome, draw)

    @precondition(lambda self: self.model.state == "closed")
    @rule(calls=st.integers(1, 8), failed=st.booleans(), draw=st.floats(0, 1))
    def many(self, calls: int, *, failed: bool, draw: float) -> None:
        for _ in range(calls):
            outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
            self.settle(self.ask(), outcome, draw)

    @rule(issued=consumes(permits))
    def hang(self, issued: Issued | None) -> None:
        """A call that never ends."""

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.5, 2.0, 3.9, 4.1, 6.0, 30.0, 80.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def agree(self) -> None:
        assert self.breaker.state == BreakerState(self.model.state)


BreakerMachine.TestCase.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestBreakerAgreesWithItsModel = BreakerMachine.TestCase
