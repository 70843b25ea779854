"""Fixtures of the journeys with real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.devstack_harness import FakeDevstack


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDevstack]:
    devstack = FakeDevstack(tmp_path / "home")
    yield devstack
    devstack.close()
