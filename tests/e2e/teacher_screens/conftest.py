"""A teacher who is signed in on the screens of a stack of the module's own."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from devstack.seed.people import ANNA
from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import stack_with_screens, teacher_elsewhere
from tests.e2e.web_pages import WIDE, Screen, opened


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with stack_with_screens(tmp_path_factory.mktemp("teacher-screens")) as stack:
        yield stack


@pytest.fixture(scope="module")
def signed_in(
    request: pytest.FixtureRequest, browser: Browser, stack: DemoStack
) -> Iterator[Screen]:
    """One session for all tests of a module, begun on the way to its page `BEGINS_AT`.

    Identity allows five sign-ins a minute.
    """
    with opened(browser, stack.gateway) as screen:
        screen.sign_in(ANNA.email, request.module.BEGINS_AT)
        yield screen


@pytest.fixture
def screen(signed_in: Screen) -> Iterator[Screen]:
    signed_in.look(theme="light", width=WIDE, language="sv")
    yield signed_in
    signed_in.page.context.set_offline(False)
    assert signed_in.complaints == []


@pytest.fixture(scope="module")
def other(stack: DemoStack) -> Iterator[httpx.Client]:
    with teacher_elsewhere(stack, ANNA) as client:
        yield client
