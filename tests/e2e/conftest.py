"""Fixtures of the journeys with real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo_stack import DemoStack, free_offset
from tests.e2e.devstack_harness import FakeDevstack
from tests.e2e.remote_stack import RemoteStack
from tests.elsewhere import stack_url, why_not_elsewhere

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if stack_url(config) is None:
        return
    for item in items:
        why = why_not_elsewhere(item) if HERE in item.path.parents else None
        if why:
            item.add_marker(pytest.mark.skip(reason=f"--stack-url: {why}"))


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDevstack]:
    devstack = FakeDevstack(tmp_path / "home")
    yield devstack
    devstack.close()


@pytest.fixture(scope="session")
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoStack]:
    """The whole devstack, started as people start it; shared, so tests only read.

    With `--stack-url` it is the one that runs there.
    """
    elsewhere = stack_url(request.config)
    if elsewhere:
        yield RemoteStack.at(elsewhere)
        return
    stack = DemoStack(tmp_path_factory.mktemp("devstack"), free_offset())
    started = stack.command("up", "--detach", "--port-offset", str(stack.offset))
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stack.command("down")
