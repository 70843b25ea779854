"""The admin of a school, signed in on the screens of a stack that these modules share.

Identity allows five sign-ins a minute: the stack of all is not asked for these.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from devstack.seed.people import SCHOOL_ADMIN
from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import stack_with_screens
from tests.e2e.web_pages import WIDE, Screen, opened


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with stack_with_screens(tmp_path_factory.mktemp("admin-details")) as stack:
        yield stack


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: DemoStack) -> Iterator[Screen]:
    """One session for all tests of a module."""
    with opened(browser, stack.gateway) as screen:
        screen.sign_in(SCHOOL_ADMIN.email, "/admin/overview")
        yield screen


@pytest.fixture
def screen(signed_in: Screen) -> Iterator[Screen]:
    yield signed_in
    signed_in.page.unroute_all(behavior="ignoreErrors")
    signed_in.page.set_viewport_size({"width": WIDE, "height": 900})
    assert signed_in.complaints == []
