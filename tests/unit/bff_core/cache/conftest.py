"""Fixtures that tests of the caches share."""

from functools import partial

import pytest

from bff_core.testing.clock import FakeClock, Run, run_virtually


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(clock: FakeClock) -> Run:
    """Runs a coroutine on the fake clock's time."""
    return partial(run_virtually, clock)
