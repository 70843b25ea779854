"""Fixtures that tests of the policies share."""

from functools import partial

import pytest

from bff_core.testing.clock import FakeClock, Run, run_virtually
from tests.pipeline_kit import RecordingObserver
from tests.unit.bff_core.client.cached_process import Process


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(clock: FakeClock) -> Run:
    """Runs a coroutine on the fake clock's time."""
    return partial(run_virtually, clock)


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


@pytest.fixture
def process(clock: FakeClock) -> Process:
    return Process(clock)
