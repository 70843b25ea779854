"""The place of the keyboard when what was pressed goes away, in a real browser."""

import httpx
import pytest
from playwright.sync_api import FilePayload, expect

from tests.e2e.teacher_work import batches_in_review
from tests.e2e.web_pages import Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

TEXT = "En text om en resa som tog lång tid. " * 40


def text_file(name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": TEXT.encode()}


def test_chosen_file_that_is_taken_away_leaves_the_focus_to_the_next(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/ny")
    files = [text_file(name) for name in ("Ada.txt", "Bo.txt", "Cissi.txt")]
    page.locator("input[type=file]").set_input_files(files)

    page.get_by_role("button", name="Ta bort Bo.txt").press("Enter")
    expect(page.get_by_role("button", name="Ta bort Cissi.txt")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Ta bort Ada.txt")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("input[type=file]")).to_be_focused()


def test_outcome_of_an_upload_takes_the_focus_of_its_button(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/ny")
    page.get_by_text("Gästläge").click()
    page.get_by_label("Kurs").select_option("ENG5")
    page.locator("input[type=file]").set_input_files([text_file("Ada.txt")])

    page.get_by_role("button", name="Ladda upp").press("Enter")

    expect(page.get_by_test_id("upload-outcome")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Filer")).to_be_visible()
    expect(page.locator("main")).to_be_focused()


def test_confirmed_review_takes_the_focus_of_its_button(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    batch_id = batches_in_review(other)[-1]
    screen.visit(f"/app/batch/{batch_id}/deviations")
    page.get_by_role("button", name="Bekräfta alla kopplingar").press("Enter")
    dialog = page.locator("dialog[open]")

    dialog.get_by_role("button", name="Bekräfta alla kopplingar").press("Enter")

    expect(page.get_by_test_id("confirmed")).to_be_focused()


def test_list_that_is_shown_whole_goes_on_where_its_button_was(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    cards = page.locator("main section").first.locator("ul > li")
    expect(cards).to_have_count(2)

    page.get_by_role("button", name="Visa alla").press("Enter")

    expect(cards.nth(2).get_by_role("link").first).to_be_focused()


def test_focus_that_was_given_away_is_not_taken_back(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/ny")
    page.locator("input[type=file]").set_input_files([text_file("Ada.txt")])
    page.get_by_role("button", name="Ta bort Ada.txt").focus()
    page.locator("h1").click()

    page.get_by_role("button", name="Ta bort Ada.txt").evaluate("one => one.click()")

    expect(page.get_by_role("button", name="Ta bort Ada.txt")).to_have_count(0)
    expect(page.locator("main")).to_be_focused()
