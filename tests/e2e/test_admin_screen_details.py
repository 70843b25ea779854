"""What an admin's screens say and do when something goes another way; nothing here is written."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from devstack.seed.people import COLLEAGUE, SCHOOL_ADMIN
from tests.browser import open_browser
from tests.e2e.demo_stack import DemoStack
from tests.e2e.web_pages import WIDE, Screen, opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

API = "**/bff/v1/admin"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(browser: Browser, screens: DemoStack) -> Iterator[Screen]:
    """One session for all tests: Identity allows five sign-ins a minute."""
    with opened(browser, screens.gateway) as screen:
        screen.sign_in(SCHOOL_ADMIN.email, "/admin/overview")
        yield screen


@pytest.fixture
def screen(signed_in: Screen) -> Iterator[Screen]:
    yield signed_in
    signed_in.page.unroute_all()
    signed_in.page.set_viewport_size({"width": WIDE, "height": 900})
    assert signed_in.complaints == []


def dialog(screen: Screen) -> Locator:
    return screen.page.locator("dialog[open]")


def altered(screen: Screen, call: str, **values: Any) -> None:
    """Answer this call with what the service says, but for these values."""

    def alter(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **values})

    screen.page.route(f"{API}/{call}", alter)


def test_page_whose_rows_are_gone_does_not_say_that_nobody_waits(screen: Screen) -> None:
    page = screen.page
    page.route(
        f"{API}/users/pending?*cursor=*",
        lambda route: route.fulfill(json={"users": [], "next_cursor": None}),
    )
    screen.visit("/admin/accounts?cursor=AAAA")

    expect(page.locator("main")).to_contain_text("Den här sidan är tom.")
    expect(page.locator("main")).not_to_contain_text("Ingen väntar")
    page.get_by_role("button", name="Till första sidan").click()
    expect(page.locator("main li").first).to_contain_text("har väntat")
    expect(page).to_have_url(f"{screen.address}/admin/accounts")
