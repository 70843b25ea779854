"""Fixtures of the journeys with real processes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from devstack.screens.build import built_screens
from tests.browser import open_browser
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.devstack_harness import FakeDevstack
from tests.e2e.remote_stack import RemoteStack
from tests.elsewhere import stack_url, why_not_elsewhere
from tests.node_tools import output_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if stack_url(config) is None:
        return
    for item in items:
        why = why_not_elsewhere(item) if HERE in item.path.parents else None
        if why:
            item.add_marker(pytest.mark.skip(reason=f"--stack-url: {why}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


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
    with demo_stack(tmp_path_factory.mktemp("devstack"), "--web") as (stack, _):
        yield stack


@pytest.fixture(scope="session")
def screens(demo: DemoStack, tmp_path_factory: pytest.TempPathFactory) -> DemoStack:
    """The devstack whose gateway serves the screens of this checkout; shared, so tests only read."""
    lines: list[str] = []
    built_screens(tmp_path_factory.mktemp("screens") / "web.log", lines.append)
    if lines and "npm cannot install" in lines[-1]:
        pytest.skip(lines[-1])
    assert lines == []
    return demo


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the TypeScript package with its locked dependencies installed."""
    tree = tmp_path_factory.mktemp("typescript")
    shutil.copytree(ROOT / "openapi", tree / "openapi")
    folder = tree / "sdk" / "typescript"
    left_out = shutil.ignore_patterns("node_modules", "dist", "build")
    shutil.copytree(ROOT / "sdk" / "typescript", folder, ignore=left_out)
    output_of(folder, "npm", "ci", "--prefer-offline")
    return folder
