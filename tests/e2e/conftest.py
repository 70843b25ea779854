"""Fixtures of the journeys with real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo_stack import DemoStack, free_offset
from tests.e2e.devstack_harness import FakeDevstack


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDevstack]:
    devstack = FakeDevstack(tmp_path / "home")
    yield devstack
    devstack.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """The whole devstack, started as people start it; shared, so tests only read."""
    stack = DemoStack(tmp_path_factory.mktemp("devstack"), free_offset())
    started = stack.command("up", "--detach", "--port-offset", str(stack.offset))
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stack.command("down")
