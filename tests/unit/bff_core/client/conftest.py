"""Fixtures that tests of the policies share."""

import pytest

from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import RecordingObserver, Run, runner
from tests.unit.bff_core.client.cached_process import Process


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(clock: FakeClock) -> Run:
    return runner(clock)


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


@pytest.fixture
def process(clock: FakeClock) -> Process:
    return Process(clock)
