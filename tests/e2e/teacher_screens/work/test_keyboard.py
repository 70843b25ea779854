"""A teacher's day without a pointer, in a real browser against real processes."""

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from devstack.seed import PASSWORD
from devstack.seed.people import ANNA
from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import batches_in_review
from tests.e2e.web_pages import Screen, opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

MOST_STOPS = 120
TEXT = "En text om en resa som tog lång tid. " * 40
FILES: list[FilePayload] = [
    {"name": name, "mimeType": "text/plain", "buffer": TEXT.encode()}
    for name in ("Sara.txt", "Tage.txt")
]


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the tab key until this is focused, and can be seen to be."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            assert wanted.evaluate("one => one.matches(':focus-visible')")
            return
    raise AssertionError(f"not reached by {MOST_STOPS} stops: {wanted}")


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def test_person_signs_in(browser: Browser, stack: DemoStack) -> None:
    with opened(browser, stack.gateway) as stranger:
        page = stranger.page
        page.goto(f"{stranger.address}/login")
        tab_to(page, page.locator("input[type=email]"))
        page.keyboard.type(ANNA.email)
        tab_to(page, page.locator("input[type=password]"))
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")

        expect(page).to_have_url(f"{stranger.address}/app/dashboard")


def test_matches_are_chosen_and_confirmed(screen: Screen, other: httpx.Client) -> None:
    page = screen.page
    batch_id = batches_in_review(other)[0]
    screen.visit("/app/dashboard")
    press(page, page.locator(f"[data-test=ledger] [data-batch='{batch_id}'] a"))
    choice = page.locator("main select").first
    tab_to(page, choice)
    page.keyboard.press("Home")
    expect(choice).to_have_value("")

    confirm = page.get_by_role("button", name="Bekräfta alla kopplingar")
    press(page, confirm)
    dialog = page.locator("dialog[open]")
    press(page, dialog.get_by_role("button", name="Bekräfta alla kopplingar"))

    expect(page.get_by_test_id("confirmed")).to_contain_text("kopplingar är bekräftade.")


def test_batch_is_made_filled_and_started(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/ny")
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Gästläge")).to_be_checked()
    tab_to(page, page.get_by_label("Kurs"))
    page.keyboard.type("Engelska 5")
    tab_to(page, page.get_by_label("Uppgift"))
    page.keyboard.type("Skriv om en resa.")
    with page.expect_file_chooser() as chooser:
        press(page, page.get_by_role("button", name="Dra filer hit"))
    chooser.value.set_files(FILES)

    press(page, page.get_by_role("button", name="Ladda upp"))
    press(page, page.get_by_test_id("upload-outcome").get_by_role("link", name="Till bunten"))
    press(page, page.get_by_role("button", name="Starta bedömning"))
    dialog = page.get_by_role("dialog", name="Starta bedömning")
    start = dialog.get_by_role("button", name="Starta")
    expect(start).to_be_enabled()
    press(page, start)

    expect(page.get_by_text("Stavningskontroll pågår")).to_be_visible()
