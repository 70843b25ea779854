"""Fixtures that tests of the caches share."""

import pytest

from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import Run, runner


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(clock: FakeClock) -> Run:
    return runner(clock)
