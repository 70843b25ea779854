"""Fixtures for tests of live updates."""

from functools import partial

import pytest

from bff_core.testing import FakeClock
from bff_core.testing.clock import Run, run_virtually


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(clock: FakeClock) -> Run:
    """Runs a coroutine in virtual time."""
    return partial(run_virtually, clock)
